package claim_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata")

func body(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	return obj
}

func claimOn(t testing.TB, app, text string, ignored ...string) *claim.Claim {
	t.Helper()
	obj := body(t, text)
	b, err := obj.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return claim.New(app, desired.Object{Key: resource.KeyOf(obj), GVK: obj.GroupVersionKind(), JSON: b}, rules(t, ignored...), false)
}

func at(second int) func() time.Time {
	return func() time.Time { return time.Unix(int64(second), 0).UTC() }
}

func judgeBy(now int, claims ...*claim.Claim) *claim.Judge {
	set := claim.NewSet()
	for _, x := range claims {
		set.Put(x.App, []*claim.Claim{x})
	}
	return &claim.Judge{Claims: set, Now: at(now)}
}

// TestVerdicts reads testdata/verdicts.txtar.
func TestVerdicts(t *testing.T) {
	const file = "testdata/verdicts.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n+1 < len(ar.Files); n += 2 {
		t.Run(ar.Files[n].Name, func(t *testing.T) {
			want, live, _ := strings.Cut("\n"+string(ar.Files[n].Data), "\n---\n")
			j := judgeBy(60)
			if strings.TrimSpace(want) != "" {
				j = judgeBy(60, claimOn(t, "a", want))
			}
			got := tell(j.Verdict(body(t, live), nil))
			if *update {
				ar.Files[n+1].Data = []byte(got)
				return
			}
			if d := cmp.Diff(string(ar.Files[n+1].Data), got); d != "" {
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

func tell(v cluster.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sync %q health %q %q blocked %q images %q info %v legacy %t compared %t\n",
		v.Sync, v.Health, v.Message, v.Blocked, v.Images, v.Info, v.Legacy, v.Desired != 0)
	if t := v.Trouble; t != nil {
		fmt.Fprintf(&b, "trouble %+v\n", *t)
	}
	for _, d := range v.Drift {
		fmt.Fprintf(&b, "%s: %q, want %q, by %q", d.Path, d.Live, d.Desired, d.Manager)
		if !d.At.IsZero() {
			b.WriteString(" at " + d.At.UTC().Format(time.RFC3339))
		}
		b.WriteString("\n")
	}
	return digest.ReplaceAllString(b.String(), "(digest)")
}

// digest is what a mask shows of a value; it is another in each process.
var digest = regexp.MustCompile(`\([0-9a-f]{4}\)`)

const (
	wanted  = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: n}\ndata: {a: '1'}"
	drifted = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: n, uid: u}\ndata: {a: '2'}"
)

// TestSince: a drift is as old as when it was first seen, as long as it is the same
// object that drifts.
func TestSince(t *testing.T) {
	x := claimOn(t, "a", wanted)
	live := body(t, drifted)
	first := judgeBy(10, x).Verdict(live, nil)
	before := &cluster.Record{UID: "u", Verdict: first}
	before.Verdict.Applied = 5
	if v := judgeBy(20, x).Verdict(live, before); !v.Since.Equal(at(10)()) || v.Applied != 5 {
		t.Errorf("since %s, applied %d", v.Since, v.Applied)
	}
	before.UID = "another"
	if v := judgeBy(20, x).Verdict(live, before); !v.Since.Equal(at(20)()) || v.Applied != 0 {
		t.Errorf("another object: since %s, applied %d", v.Since, v.Applied)
	}
}

// TestTroubleGoesOn: a Pod that becomes ready between crashes, and is judged while it is not,
// is in trouble since the first time.
func TestTroubleGoesOn(t *testing.T) {
	pod := func(since string, restarts int) *unstructured.Unstructured {
		return body(t, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: n, uid: u}, spec: {restartPolicy: Always}, status: {phase: Running,
		  conditions: [{type: Ready, status: "False", lastTransitionTime: %q}],
		  containerStatuses: [{name: api, ready: false, restartCount: %d, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]}}`, since, restarts))
	}
	first := judgeBy(0).Verdict(pod("2026-11-26T09:00:00Z", 1), nil)
	before := &cluster.Record{UID: "u", Verdict: first}
	again := judgeBy(0).Verdict(pod("2026-11-26T09:05:00Z", 2), before)
	want := *first.Trouble
	want.Restarts = 2
	if d := cmp.Diff(&want, again.Trouble); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	before.UID = "another"
	if v := judgeBy(0).Verdict(pod("2026-11-26T09:05:00Z", 2), before); v.Trouble.Since == first.Trouble.Since {
		t.Error("another Pod of the name goes on with its trouble")
	}
}

func agreement(t *testing.T, x *claim.Claim, live *unstructured.Unstructured) uint64 {
	t.Helper()
	changes, _, err := x.Compare(live)
	if err != nil {
		t.Fatal(err)
	}
	return claim.Agreement(x, changes)
}

// TestAgreement: what the API server called equal is in sync, until either moves.
func TestAgreement(t *testing.T) {
	x := claimOn(t, "a", wanted)
	live := body(t, drifted)
	before := &cluster.Record{UID: "u", Verdict: cluster.Verdict{Agreed: agreement(t, x, live)}}
	if v := judgeBy(0, x).Verdict(live, before); v.Sync != v1alpha1.SyncStatusSynced {
		t.Errorf("%s", v.Sync)
	}
	moved := body(t, strings.Replace(drifted, "'2'", "'3'", 1))
	if v := judgeBy(0, x).Verdict(moved, before); v.Sync != v1alpha1.SyncStatusOutOfSync {
		t.Errorf("live has moved: %s", v.Sync)
	}
	elsewhere := body(t, drifted)
	elsewhere.SetLabels(map[string]string{"by": "others"})
	if v := judgeBy(0, x).Verdict(elsewhere, before); v.Sync != v1alpha1.SyncStatusSynced {
		t.Errorf("live has moved where nothing is desired: %s", v.Sync)
	}
	other := claimOn(t, "a", strings.Replace(wanted, "'1'", "'0'", 1))
	if v := judgeBy(0, other).Verdict(live, before); v.Sync != v1alpha1.SyncStatusOutOfSync {
		t.Errorf("desired has moved: %s", v.Sync)
	}
}

// TestIgnored: fields that do not count make no drift, and no disagreement.
func TestIgnored(t *testing.T) {
	x := claimOn(t, "a", wanted, "/data/a")
	v := judgeBy(0, x).Verdict(body(t, drifted), nil)
	if v.Sync != v1alpha1.SyncStatusSynced || len(v.Drift) > 0 {
		t.Errorf("%s %v", v.Sync, v.Drift)
	}
	if agreement(t, x, body(t, drifted)) != agreement(t, x, body(t, strings.Replace(drifted, "'2'", "'3'", 1))) {
		t.Error("an ignored field counts for the agreement")
	}
}

// TestBounds: of a drift there are at most 20 fields, and of a value 256 bytes, which
// are whole characters.
func TestBounds(t *testing.T) {
	want := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: n}\ndata:\n"
	live := want
	for i := range 30 {
		want += fmt.Sprintf("  k%d: x%s\n", i, strings.Repeat("é", 300))
		live += fmt.Sprintf("  k%d: xx%s\n", i, strings.Repeat("é", 300))
	}
	v := judgeBy(0, claimOn(t, "a", want)).Verdict(body(t, live), nil)
	if len(v.Drift) != 20 {
		t.Errorf("%d fields", len(v.Drift))
	}
	for _, d := range v.Drift {
		for _, text := range []string{d.Desired, d.Live} {
			if len(text) > 260 || !strings.HasSuffix(text, "…") || !utf8.ValidString(text) {
				t.Fatalf("%d bytes: %q", len(text), text)
			}
		}
	}
}
