package diff_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/diff/immutable"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata/cases")

// compared is one case of testdata/cases.
type compared struct {
	// Why is what the case is there for.
	Why string `json:"why"`
	// Rules are ignoreDifferences, Known and Aggregated those of the settings.
	Rules      []v1alpha1.ResourceIgnoreDifferences `json:"rules"`
	Known      []diff.KnownType                     `json:"known"`
	Aggregated bool                                 `json:"aggregated"`
	Autoscaled bool                                 `json:"autoscaled"`
	Desired    map[string]any                       `json:"desired"`
	Live       map[string]any                       `json:"live"`
	// Ours and Others own fields of Live, which gets managed fields of them. A path
	// has dots, [name=a] for elements of keyed lists, [=a] for those of sets, and
	// quotes around names with dots; a dot at the end stands for a map by itself.
	Ours   []string            `json:"ours"`
	Others map[string][]string `json:"others"`
	// Outcome is what a dry run answers; then it is compared in Desired's place.
	Outcome map[string]any `json:"outcome"`
	// Sent asks for what RespectIgnoreDifferences sends: "applied" or "replaced".
	Sent string `json:"sent"`
}

// TestCases reads testdata/cases/*.txtar: pairs of a case, in YAML, and what is
// wanted: the verdict, and a line for each change and each problem of a rule. A change
// that the API server will refuse is called immutable.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	n := 0
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			ar.Files = paired(ar.Files)
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(ar.Files); i += 2 {
			in, want := ar.Files[i], &ar.Files[i+1]
			if want.Name != "want" || seen[in.Name] {
				t.Fatalf("%s: %q is followed by %q, or there twice", file, in.Name, want.Name)
			}
			seen[in.Name] = true
			n++
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+in.Name, func(t *testing.T) {
				got := tell(t, in.Data)
				if *update {
					want.Data = []byte(got)
					return
				}
				if d := cmp.Diff(string(want.Data), got); d != "" {
					t.Errorf("(-want +got)\n%s", d)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d cases", n)
}

// paired adds what is wanted of cases where it is missing.
func paired(files []txtar.File) []txtar.File {
	var out []txtar.File
	for i, f := range files {
		out = append(out, f)
		if f.Name != "want" && (i+1 == len(files) || files[i+1].Name != "want") {
			out = append(out, txtar.File{Name: "want"})
		}
	}
	return out
}

func tell(t *testing.T, in []byte) string {
	t.Helper()
	var c compared
	j, err := yaml.YAMLToJSONStrict(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(j, &c); err != nil {
		t.Fatal(err)
	}
	whole := object(t, in).Object // with integers as the product has them
	for name := range whole {
		if !strings.Contains(" why rules known aggregated autoscaled desired live ours others outcome sent ", " "+name+" ") {
			t.Fatalf("%q is nothing that a case has", name)
		}
	}
	if c.Why == "" {
		t.Fatal("it does not say why it is there")
	}
	part := func(name string) *unstructured.Unstructured {
		m, _ := whole[name].(map[string]any)
		return &unstructured.Unstructured{Object: m}
	}
	desired, live := part("desired"), part("live")
	manage(t, live, c)
	rules := c.compiled(t, desired)
	before := []map[string]any{desired.DeepCopy().Object, live.DeepCopy().Object}
	out := c.verdict(part, rules, desired, live)
	if d := cmp.Diff(before, []map[string]any{desired.Object, live.Object}); d != "" {
		t.Errorf("an input was changed: %s", d)
	}
	return out
}

func (c compared) compiled(t *testing.T, desired *unstructured.Unstructured) *diff.Rules {
	t.Helper()
	own, problems := diff.CompileRules(c.Rules, diff.RuleOptions{JQTimeout: time.Minute})
	known, more := diff.CompileKnown(c.Known)
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(problems)
	}
	sets := []*diff.RuleSet{own, known}
	if c.Aggregated {
		sets = append(sets, diff.AggregatedRoles())
	}
	if c.Autoscaled {
		sets = append(sets, diff.AutoscaledReplicas())
	}
	return diff.RulesFor(resource.KeyOf(desired), sets...)
}

func (c compared) verdict(part func(string) *unstructured.Unstructured, rules *diff.Rules, desired, live *unstructured.Unstructured) string {
	var changes []diff.Change
	var problems []error
	if c.Outcome != nil {
		d, l, p := rules.Apply(part("outcome"), live)
		changes, problems = diff.Compare(d, l), p
	} else {
		d, l, p := rules.Apply(desired, live)
		changes, problems = diff.Predict(d, l, v1alpha1.FieldManager), p
	}
	out := "OutOfSync\n"
	switch {
	case len(changes) == 0:
		out = "Synced\n"
	case !slices.ContainsFunc(changes, func(c diff.Change) bool { return !c.Unsure }):
		out = "the API server is asked\n"
	}
	for _, a := range diff.Attribute(changes, live, v1alpha1.FieldManager) {
		out += fmt.Sprintf("%s: %s <- %s (%s)", a.Path, text(a.Desired), text(a.Live), a.Manager)
		if a.Unsure {
			out += " unsure"
		}
		if diff.Autoscaled(live, a.Change) {
			out += " autoscaled"
		}
		if immutable.Field(live, a.Change) {
			out += " immutable"
		}
		out += "\n"
	}
	for _, p := range problems {
		out += "problem: " + p.Error() + "\n"
	}
	if c.Sent != "" {
		whole := c.Sent == "replaced"
		out += "sent: " + text(rules.LeaveReplicas(rules.Respect(desired, live, whole), live, whole).Object) + "\n"
	}
	return out
}

// manage gives live managed fields.
func manage(t *testing.T, live *unstructured.Unstructured, c compared) {
	t.Helper()
	var entries []any
	add := func(who, operation string, at int, paths []string) {
		fields := map[string]any{}
		for _, p := range paths {
			own(t, fields, p)
		}
		who, sub, _ := strings.Cut(who, "/")
		e := map[string]any{
			"manager": who, "operation": operation, "fieldsType": "FieldsV1", "apiVersion": live.GetAPIVersion(),
			"time": time.Unix(int64(at), 0).UTC().Format(time.RFC3339), "fieldsV1": fields,
		}
		if sub != "" {
			e["subresource"] = sub
		}
		entries = append(entries, e)
	}
	if c.Ours != nil {
		add(v1alpha1.FieldManager, "Apply", 1, c.Ours)
	}
	for i, who := range slices.Sorted(maps.Keys(c.Others)) {
		operation := "Update"
		name, applied := strings.CutPrefix(who, "apply:")
		if applied {
			operation = "Apply"
		}
		add(name, operation, 2+i, c.Others[who])
	}
	if entries == nil {
		return
	}
	meta, _ := live.Object["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		live.Object["metadata"] = meta
	}
	meta["managedFields"] = entries
}

// own adds a path to managed fields.
func own(t *testing.T, fields map[string]any, path string) {
	t.Helper()
	for path != "" {
		if path == "." { // a map itself, without what is in it
			fields["."] = map[string]any{}
			return
		}
		var key string
		switch path[0] {
		case '"':
			name, rest, ok := strings.Cut(path[1:], `"`)
			if !ok {
				t.Fatalf("%q has no second quote", path)
			}
			key, path = "f:"+name, rest
		case '[':
			inner, rest, ok := strings.Cut(path[1:], "]")
			if !ok {
				t.Fatalf("%q has no closing bracket", path)
			}
			key, path = elementKey(inner), rest
		default:
			i := strings.IndexAny(path, ".[")
			if i < 0 {
				i = len(path)
			}
			key, path = "f:"+path[:i], path[i:]
		}
		if path != "." {
			path = strings.TrimPrefix(path, ".")
		}
		next, ok := fields[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			if strings.HasPrefix(key, "k:") {
				next["."] = map[string]any{}
			}
			fields[key] = next
		}
		fields = next
	}
}

func elementKey(inner string) string {
	scalar := func(s string) any {
		var v any
		if json.Unmarshal([]byte(s), &v) != nil {
			return s
		}
		return v
	}
	if v, ok := strings.CutPrefix(inner, "="); ok {
		return "v:" + text(scalar(v))
	}
	keys := map[string]any{}
	for pair := range strings.SplitSeq(inner, ",") {
		k, v, _ := strings.Cut(pair, "=")
		keys[k] = scalar(v)
	}
	return fmt.Sprintf("k:%s", text(keys))
}
