package cause_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/resource"
)

// testCase is one item of a file of testdata. Objects are named KIND/NAME.
type testCase struct {
	Name, Why string
	// Of is what is asked about; the first object when empty.
	Of      string
	Objects []map[string]any
	Owns    map[string][]string
	// Health is what a rule that people wrote says of objects.
	Health map[string]health.Verdict
	// Revisions are those of ReplicaSets.
	Revisions map[string]int64
	Want      []want
}

type want struct {
	Text, Brief, Code, Since string
	Objects                  []string
	Restarts                 int64
	Message                  string
	Params                   map[string]string
}

func cases(t testing.TB) map[string]testCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	out := map[string]testCase{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []testCase
		if err := yaml.UnmarshalStrict(b, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range list {
			name := strings.TrimSuffix(filepath.Base(file), ".yaml") + "/" + c.Name
			if _, ok := out[name]; ok {
				t.Fatalf("two cases %s", name)
			}
			out[name] = c
		}
	}
	return out
}

// world is a case's objects as nodes, made as the controller makes them.
type world struct {
	nodes map[string]cause.Node
	owns  map[string][]string
}

func (c testCase) world(t testing.TB) (world, string) {
	t.Helper()
	w := world{nodes: map[string]cause.Node{}, owns: c.Owns}
	first := ""
	for _, o := range c.Objects {
		body, err := (&unstructured.Unstructured{Object: o}).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON(body); err != nil {
			t.Fatal(err)
		}
		before := obj.DeepCopy()
		n := node(obj, c.Health)
		if d := cmp.Diff(before.Object, obj.Object); d != "" {
			t.Errorf("Of changed its argument:\n%s", d)
		}
		n.UID = obj.GetKind() + "/" + obj.GetName()
		n.Revision = c.Revisions[n.UID]
		if first == "" {
			first = n.UID
		}
		w.nodes[n.UID] = n
	}
	return w, first
}

func node(obj *unstructured.Unstructured, verdicts map[string]health.Verdict) cause.Node {
	n := cause.Node{Key: resource.KeyOf(obj), Created: obj.GetCreationTimestamp().Unix()}
	if h := (*health.Rules)(nil).Of(obj); h != nil {
		n.Health, n.Message = h.Status, h.Message
	}
	if h, ok := verdicts[obj.GetKind()+"/"+obj.GetName()]; ok {
		n.Health, n.Message = h.Status, h.Message
	}
	n.Trouble = cause.Of(obj, n.Health, n.Message)
	spec, _, _ := unstructured.NestedSlice(obj.Object, "spec", "template", "spec", "containers")
	for _, c := range spec {
		n.Images = append(n.Images, fmt.Sprint(c.(map[string]any)["image"])) //nolint:forcetypeassert // test data
	}
	return n
}

func (w world) owned(uid string) []cause.Node {
	var out []cause.Node
	for _, id := range w.owns[uid] {
		out = append(out, w.nodes[id])
	}
	return out
}

func told(groups []cause.Group) []want {
	var out []want
	for _, g := range groups {
		x := want{Text: g.Text(), Brief: g.Brief(), Code: g.Code, Restarts: g.Restarts, Message: g.Message, Params: g.Params()}
		if g.Since != 0 {
			x.Since = time.Unix(g.Since, 0).UTC().Format(time.RFC3339)
		}
		for _, k := range g.Objects {
			x.Objects = append(x.Objects, k.Kind+"/"+k.Name)
		}
		out = append(out, x)
	}
	return out
}

// TestExplain: every case of testdata. What a case does not want to know is not compared,
// save how many groups there are, and their texts.
func TestExplain(t *testing.T) {
	all := cases(t)
	if len(all) < 40 {
		t.Errorf("only %d cases", len(all))
	}
	codes := map[string]bool{}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			w, of := c.world(t)
			if c.Of != "" {
				of = c.Of
			}
			got := told(cause.Explain(w.nodes[of], w.owned))
			for i := range got {
				codes[got[i].Code] = true
				if i < len(c.Want) {
					c.Want[i].blank(&got[i])
				}
			}
			if d := cmp.Diff(c.Want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.Why, d)
			}
		})
	}
	for _, code := range []string{
		cause.ImagePull, cause.Crash, cause.Config, cause.Unschedulable, cause.NotReady, cause.Failed, cause.NoPods, cause.Volume,
		cause.Address, cause.Deadline, cause.Aborted, cause.Condition, cause.Starting, cause.Deleting, cause.Message,
	} {
		if !codes[code] {
			t.Errorf("no case has the code %s", code)
		}
	}
}

// blank takes from got what the case does not tell.
func (w *want) blank(got *want) {
	if w.Brief == "" {
		got.Brief = ""
	}
	if w.Code == "" {
		got.Code = ""
	}
	if w.Since == "" {
		got.Since = ""
	}
	if w.Objects == nil {
		got.Objects = nil
	}
	if w.Restarts == 0 {
		got.Restarts = 0
	}
	if w.Message == "" {
		got.Message = ""
	}
	if w.Params == nil {
		got.Params = nil
	}
}

// TestOrder: what is said does not depend on the order in which objects are listed.
func TestOrder(t *testing.T) {
	for name, c := range cases(t) {
		w, of := c.world(t)
		before := told(cause.Explain(w.nodes[of], w.owned))
		for range 5 {
			for _, list := range w.owns {
				rand.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
			}
			if d := cmp.Diff(before, told(cause.Explain(w.nodes[of], w.owned))); d != "" {
				t.Fatalf("%s, in another order:\n%s", name, d)
			}
		}
	}
}

// TestAnyTree: whatever owns whatever, circles too, Explain ends, counts nothing twice, and
// names only what is there.
func TestAnyTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := []resource.Key{{Kind: "Pod"}, {Group: "apps", Kind: "ReplicaSet"}, {Group: "batch", Kind: "Job"}, {Group: "x", Kind: "Y"}, {Group: "argoproj.io", Kind: "Rollout"}}
		codes := []string{cause.ImagePull, cause.NoPods, cause.Failed, cause.Aborted, cause.Deleting, cause.Starting, cause.Condition}
		n := rapid.IntRange(1, 12).Draw(t, "nodes")
		nodes := make([]cause.Node, n)
		for i := range nodes {
			key := rapid.SampledFrom(kinds).Draw(t, "kind")
			key.Name = fmt.Sprint(i)
			nodes[i] = cause.Node{Key: key, UID: fmt.Sprint(i), Health: rapid.SampledFrom([]v1alpha1.HealthStatusCode{"", "Healthy", "Degraded", "Progressing"}).Draw(t, "health")}
			if rapid.Bool().Draw(t, "trouble") {
				nodes[i].Trouble = &cause.Trouble{Code: rapid.SampledFrom(codes).Draw(t, "code"), Restarts: 1}
			}
		}
		edges := rapid.SliceOf(rapid.Custom(func(t *rapid.T) [2]int {
			return [2]int{rapid.IntRange(0, n-1).Draw(t, "owner"), rapid.IntRange(0, n-1).Draw(t, "owned")}
		})).Draw(t, "edges")
		owned := func(uid string) []cause.Node {
			var out []cause.Node
			for _, e := range edges {
				if fmt.Sprint(e[0]) == uid {
					out = append(out, nodes[e[1]])
				}
			}
			return out
		}
		total := 0
		for _, g := range cause.Explain(nodes[0], owned) {
			total += g.Count
			if g.Count == 0 || len(g.Objects) == 0 || len(g.Objects) != len(g.UIDs) || len(g.Objects) > g.Count || len(g.Params()) == 0 {
				t.Errorf("%+v says %q", g, g.Text())
			}
		}
		if total > n {
			t.Errorf("%d objects in trouble of %d", total, n)
		}
	})
}

// TestStandsStill: how many Pods have a trouble, how often they were restarted, and in what
// phase of crashing they are, changes nothing of what a status says.
func TestStandsStill(t *testing.T) {
	phases := []string{
		`{waiting: {reason: CrashLoopBackOff, message: "back-off %ds"}}`, `{running: {}}`, `{terminated: {exitCode: 1, reason: Error}}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		var pods []cause.Node
		for i := range rapid.IntRange(1, 5).Draw(t, "pods") {
			state := rapid.SampledFrom(phases).Draw(t, "phase")
			if strings.Contains(state, "%d") {
				state = fmt.Sprintf(state, rapid.IntRange(1, 300).Draw(t, "back-off"))
			}
			text := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: p%d}, spec: {restartPolicy: Always}, status: {phase: Running, containerStatuses: [
			  {name: api, ready: false, started: %t, restartCount: %d, state: %s, lastState: {terminated: {exitCode: 1, reason: Error}}}]}}`,
				i, rapid.Bool().Draw(t, "started"), rapid.IntRange(1, 99).Draw(t, "restarts"), state)
			body, err := yaml.YAMLToJSON([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			obj := &unstructured.Unstructured{}
			if err := obj.UnmarshalJSON(body); err != nil {
				t.Fatal(err)
			}
			pods = append(pods, node(obj, nil))
		}
		set := cause.Node{Key: resource.Key{Group: "apps", Kind: "ReplicaSet", Name: "api"}, UID: "r", Health: v1alpha1.HealthStatusProgressing}
		groups := cause.Explain(set, func(string) []cause.Node { return pods })
		if len(groups) != 1 || groups[0].Count != len(pods) || groups[0].Brief() != "pods CrashLoopBackOff: container api exit code 1" {
			t.Errorf("%+v", groups)
		}
	})
}

// TestSince: a trouble that goes on began when it began, however often it is counted;
// another one began when it did.
func TestSince(t *testing.T) {
	crash := cause.Trouble{Code: cause.Crash, Container: "api", Exit: 1, Since: 100, Restarts: 3}
	again := crash
	again.Since, again.Restarts = 200, 4
	other := again
	other.Exit = 2
	if got := cause.Since(&again, &crash); got.Since != 100 || got.Restarts != 4 || again.Since != 200 {
		t.Errorf("it goes on: %+v of %+v", got, again)
	}
	for why, c := range map[string][2]*cause.Trouble{
		"another": {&other, &crash}, "new": {&again, nil}, "over": {nil, &crash}, "earlier than was known": {&crash, &again},
	} {
		if got := cause.Since(c[0], c[1]); got != c[0] {
			t.Errorf("%s: %+v", why, got)
		}
	}
	restarted := crash
	restarted.Restarts = 9
	if !cause.Same(&crash, &restarted) || cause.Same(&crash, &again) || cause.Same(&crash, nil) || !cause.Same(nil, nil) {
		t.Error("restarts alone make another trouble, or a time alone does not")
	}
}

// FuzzOf: no object, however malformed, makes Of panic, and what it says is one line.
func FuzzOf(f *testing.F) {
	for _, c := range cases(f) {
		for _, o := range c.Objects {
			b, err := (&unstructured.Unstructured{Object: o}).MarshalJSON()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b, "Degraded", "a message")
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, status, message string) {
		obj := &unstructured.Unstructured{}
		if obj.UnmarshalJSON(b) != nil {
			t.Skip()
		}
		got := cause.Of(obj, v1alpha1.HealthStatusCode(status), message)
		if got != nil && (strings.ContainsAny(got.Detail, "\n\r\x1b") || len(got.Detail) > 200) {
			t.Errorf("%q", got.Detail)
		}
	})
}

// BenchmarkExplain is of a Deployment with 5,000 Pods.
func BenchmarkExplain(b *testing.B) {
	const size = 5000
	deployment := cause.Node{Key: resource.Key{Group: "apps", Kind: "Deployment", Name: "api"}, UID: "d", Health: v1alpha1.HealthStatusDegraded}
	set := cause.Node{Key: resource.Key{Group: "apps", Kind: "ReplicaSet", Name: "api-1"}, UID: "r", Health: v1alpha1.HealthStatusProgressing}
	pods := make([]cause.Node, size)
	for i := range pods {
		pods[i] = cause.Node{
			Key: resource.Key{Kind: "Pod", Name: fmt.Sprintf("api-1-%04d", i)}, UID: fmt.Sprint(i), Health: v1alpha1.HealthStatusDegraded,
			Trouble: &cause.Trouble{Code: cause.ImagePull, Reason: "ImagePullBackOff", Container: "api", Image: "registry/x:1.2", Since: int64(i)},
		}
	}
	owned := func(uid string) []cause.Node {
		switch uid {
		case "d":
			return []cause.Node{set}
		case "r":
			return pods
		}
		return nil
	}
	b.ReportAllocs()
	for b.Loop() {
		if g := cause.Explain(deployment, owned); len(g) != 1 || g[0].Count != size {
			b.Fatal(g)
		}
	}
}
