package cluster

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/resource"
)

// watcherOf is a watcher of a kind that reads streams given to it.
func watcherOf(t testing.TB, kind string, full bool) (*watcher, *[]string) {
	var heard []string
	x := newIndex(Options{Judge: func(obj *unstructured.Unstructured, _ *Record) Verdict {
		heard = append(heard, "judged "+obj.GetKind()+" "+obj.GetName())
		return Verdict{Message: "judged"}
	}, Observer: newWatched(t)})
	w := &watcher{index: x, full: full, kind: Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: kind}, Resource: "things", Namespaced: true, Watchable: true}}
	switch kind {
	case "CustomResourceDefinition":
		w.defined = func(d definition) {
			heard = append(heard, fmt.Sprintf("defined %s/%s %v", d.Group, d.Kind, d.Versions))
		}
	case "APIService":
		w.aggregated = func() { heard = append(heard, "aggregated") }
	}
	return w, &heard
}

func stream(lines ...string) io.ReadCloser {
	return io.NopCloser(strings.NewReader(strings.Join(lines, "\n")))
}

const crd = `{"metadata":{"name":"moons.example.com","uid":"u9","resourceVersion":"9"},
	"spec":{"group":"example.com","names":{"kind":"Moon","plural":"moons"},"scope":"Namespaced","versions":[{"name":"v1","served":true},{"name":"v0","served":false}]},
	"status":{"conditions":[{"type":"Established","status":"True"}]}}`

func TestEvents(t *testing.T) {
	thing := func(event, name, uid, version string) string {
		return fmt.Sprintf(`{"type":%q,"object":{"metadata":{"name":%q,"namespace":"ns","uid":%q,"resourceVersion":%q}}}`, event, name, uid, version)
	}
	tests := map[string]struct {
		reason string
		kind   string
		full   bool
		in     []string
		after  string
		want   []string // names of what is there
		heard  []string
		err    string
	}{
		"nothing":               {"a stream that ends at once", "Thing", false, nil, "5", nil, nil, ""},
		"added":                 {"", "Thing", false, []string{thing("ADDED", "a", "u1", "6"), thing("MODIFIED", "a", "u1", "7"), thing("ADDED", "b", "u2", "8")}, "8", []string{"a", "b"}, nil, ""},
		"deleted":               {"", "Thing", false, []string{thing("ADDED", "a", "u1", "6"), thing("DELETED", "a", "u1", "7")}, "7", nil, nil, ""},
		"deleted, another":      {"the object with the other uid stays", "Thing", false, []string{thing("ADDED", "a", "u1", "6"), thing("DELETED", "a", "u0", "7")}, "7", []string{"a"}, nil, ""},
		"back from the dead":    {"an event that comes after the deletion does not bring it back", "Thing", false, []string{thing("DELETED", "a", "u1", "7"), thing("MODIFIED", "a", "u1", "8")}, "7", nil, nil, ""},
		"older":                 {"a version that is known already", "Thing", false, []string{thing("ADDED", "a", "u1", "9"), thing("MODIFIED", "a", "u1", "6")}, "9", []string{"a"}, nil, ""},
		"bookmark":              {"", "Thing", false, []string{`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"50"}}}`}, "50", nil, nil, ""},
		"empty bookmark":        {"a version that is not there must not become the place to go on from: deletions since would be missed", "Thing", false, []string{`{"type":"BOOKMARK","object":{"metadata":{}}}`}, "5", nil, nil, ""},
		"null bookmark":         {"", "Thing", false, []string{`{"type":"BOOKMARK","object":null}`}, "5", nil, nil, ""},
		"opaque versions":       {"an aggregated API may have versions that are no numbers", "Thing", false, []string{thing("ADDED", "a", "u1", "x1"), thing("MODIFIED", "a", "u1", "x2")}, "x2", []string{"a"}, nil, ""},
		"no uid":                {"some aggregated APIs have none", "Thing", false, []string{thing("ADDED", "a", "", "6"), thing("ADDED", "b", "", "7"), thing("DELETED", "a", "", "8")}, "8", []string{"b"}, nil, ""},
		"gone":                  {"what the API server says of itself is told", "Thing", false, []string{thing("ADDED", "a", "u1", "6"), `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}`}, "6", []string{"a"}, nil, "too old"},
		"empty error":           {"", "Thing", false, []string{`{"type":"ERROR","object":{}}`}, "5", nil, nil, "<status>"},
		"broken error":          {"", "Thing", false, []string{`{"type":"ERROR","object":7}`}, "5", nil, nil, "unmarshal JSON"},
		"cut off":               {"a connection that breaks amid an event is no error", "Thing", false, []string{thing("ADDED", "a", "u1", "6"), `{"type":"ADDED","object":{"metad`}, "6", []string{"a"}, nil, ""},
		"not JSON":              {"", "Thing", false, []string{thing("ADDED", "a", "u1", "6"), "<html>"}, "6", []string{"a"}, nil, "invalid character"},
		"no object":             {"", "Thing", false, []string{`{"type":"ADDED"}`}, "5", nil, nil, "has no name"},
		"null object":           {"", "Thing", true, []string{`{"type":"ADDED","object":null}`}, "5", nil, nil, "has no name"},
		"no name":               {"", "Thing", true, []string{`{"type":"ADDED","object":{"metadata":{"uid":"u1","resourceVersion":"6"}}}`}, "5", nil, nil, "has no name"},
		"annotations of a sort": {"", "Thing", false, []string{`{"type":"ADDED","object":{"metadata":{"name":"a","annotations":{"a":1}}}}`}, "5", nil, nil, "unmarshal JSON"},
		"a number":              {"", "Thing", false, []string{`7`}, "5", nil, nil, "unmarshal JSON"},
		"judged":                {"of a kind that is read in full the judge sees each body, with its kind, which items of lists lack", "Thing", true, []string{thing("ADDED", "a", "u1", "6"), thing("MODIFIED", "a", "u1", "7")}, "7", []string{"a"}, []string{"judged Thing a", "judged Thing a"}, ""},
		"defined":               {"", "CustomResourceDefinition", true, []string{`{"type":"ADDED","object":` + crd + `}`}, "9", []string{"moons.example.com"}, []string{"judged CustomResourceDefinition moons.example.com", "defined example.com/Moon [v1]"}, ""},
		"undefined":             {"a definition that is deleted serves nothing any more", "CustomResourceDefinition", true, []string{`{"type":"DELETED","object":` + crd + `}`}, "9", nil, []string{"defined example.com/Moon []"}, ""},
		"undefined, null":       {"", "CustomResourceDefinition", true, []string{`{"type":"DELETED","object":null}`, `{"type":"DELETED","object":{}}`, `{"type":"DELETED","object":{"metadata":null}}`}, "5", nil, nil, ""},
		"aggregated":            {"an APIService of another server has what is served asked for anew", "APIService", true, []string{`{"type":"ADDED","object":{"metadata":{"name":"v1.x","uid":"u","resourceVersion":"6"},"spec":{"service":{"name":"x"}}}}`, `{"type":"ADDED","object":{"metadata":{"name":"v1.","uid":"v","resourceVersion":"7"},"spec":{}}}`}, "7", []string{"v1.", "v1.x"}, []string{"judged APIService v1.x", "aggregated", "judged APIService v1."}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, heard := watcherOf(t, tt.kind, tt.full)
			after, err := w.events(stream(tt.in...), "5")
			var names []string
			for key := range w.index.ofKind(w.gk()) {
				names = append(names, key.Name)
			}
			slices.Sort(names)
			if diff := cmp.Diff(tt.want, names); diff != "" || after != tt.after {
				t.Errorf("%s: after %q, want %q; there is (-want +got):\n%s", tt.reason, after, tt.after, diff)
			}
			if diff := cmp.Diff(tt.heard, *heard); diff != "" {
				t.Errorf("%s: heard (-want +got):\n%s", tt.reason, diff)
			}
			var status apierrors.APIStatus
			switch {
			case tt.err == "<status>":
				if !errors.As(err, &status) {
					t.Errorf("%s: %v", tt.reason, err)
				}
			case (err == nil) != (tt.err == "") || !strings.Contains(fmt.Sprint(err), tt.err):
				t.Errorf("%s: %v, want %q", tt.reason, err, tt.err)
			}
			consistent(t, w.index)
		})
	}
}

// TestTakeKeepsWhatIsKnown: a body is decoded once for each version, and what was
// concluded from it stays with a record of which only the metadata is read.
func TestTakeKeepsWhatIsKnown(t *testing.T) {
	w, heard := watcherOf(t, "Thing", true)
	body := `{"metadata":{"name":"a","uid":"u1","resourceVersion":"6","annotations":{"argocd.argoproj.io/tracking-id":"shop:/Thing:x/a"}}}`
	key := resource.Key{Kind: "Thing", Name: "a"}
	for range 2 {
		if _, err := w.take([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if len(*heard) != 2 {
		t.Errorf("without a comparison it is judged each time: %q", *heard)
	}
	w.index.Amend(key, "6", func(v *Verdict) { v.Desired = 5 })
	if _, err := w.take([]byte(body)); err != nil || len(*heard) != 2 {
		t.Errorf("what was compared is judged again: %q, %v", *heard, err)
	}
	w.full = false
	if _, err := w.take([]byte(strings.Replace(body, `"6"`, `"7"`, 1))); err != nil {
		t.Fatal(err)
	}
	r := w.index.Get(key)
	if r.ResourceVersion != "7" || r.Verdict.Message != "judged" || r.Verdict.Desired != 0 || r.App != "shop" {
		t.Errorf("got %+v", r)
	}
}

// FuzzEvents: whatever a stream brings, nothing panics, the index stays
// consistent, and the place to go on from is one that the stream named.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		`{"type":"ADDED","object":{"metadata":{"name":"a","uid":"u","resourceVersion":"6","ownerReferences":[{"uid":"u"}]}}}`,
		`{"type":"DELETED","object":{"metadata":{"name":"a","uid":"u","resourceVersion":"7"}}}{"type":"BOOKMARK","object":{}}`,
		`{"type":"ADDED","object":` + crd + `}{"type":"DELETED","object":` + crd + `}`,
		`{"type":"ERROR","object":{"code":410}}`, `{"type":"DELETED","object":null}`, `{"type":"","object":[]}`, `null`, `{}`, `[]`,
		`{"type":"ADDED","object":{"metadata":{"name":"a","creationTimestamp":"x","deletionTimestamp":null,"annotations":{"argocd.argoproj.io/tracking-id":"a:/Thing:/a"}}}}`,
		`{"type":"ADDED","object":{"metadata":{"name":"a"},"spec":{"service":{}},"status":{"conditions":[null,{"type":"Established"}]}}}`,
		`{"type":"ADDED","object":{"metadata":{"name":"a"},"spec":{"group":"g","names":{"kind":"K","plural":"k"},"versions":[null,{"served":true}]},"status":{"conditions":[{"type":"Established","status":"True"}]}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, kind := range []string{"Thing", "CustomResourceDefinition", "APIService"} {
			for _, full := range []bool{false, true} {
				w, _ := watcherOf(t, kind, full)
				after, err := w.events(stream(in), "5")
				if after != "5" && !strings.Contains(in, "esourceVersion") && !strings.Contains(strings.ToLower(in), `resourceversion`) && !strings.Contains(in, `\u`) {
					t.Errorf("after %q, of which the stream does not speak: %v", after, err)
				}
				if after == "" {
					t.Error("nowhere to go on from")
				}
				consistent(t, w.index)
			}
		}
	})
}

// TestUnwantedBodies: of a kind that is read in full, a body is decoded if the judge wants
// it, or the object is tracked or going.
func TestUnwantedBodies(t *testing.T) {
	const meta = `{"name":"a","uid":"u","resourceVersion":"6"%s}`
	for _, tt := range []struct {
		reason, more string
		wants, want  bool
	}{
		{"nobody's", "", false, false},
		{"wanted", "", true, true},
		{"tracked", `,"annotations":{"argocd.argoproj.io/tracking-id":"shop:/Thing:x/a"}`, false, true},
		{"a copy of one that is tracked", `,"annotations":{"argocd.argoproj.io/tracking-id":"shop:/Thing:x/b"}`, false, false},
		{"going", `,"deletionTimestamp":"2026-01-01T00:00:00Z"`, false, true},
	} {
		object := `{"metadata":` + fmt.Sprintf(meta, tt.more) + `}`
		for _, how := range []string{"listed", "watched"} {
			w, _ := watcherOf(t, "Thing", true)
			w.index.wants = func(resource.Key, map[string]string) bool { return tt.wants }
			var err error
			if how == "listed" {
				_, err = w.take([]byte(object))
			} else {
				_, err = w.events(stream(`{"type":"ADDED","object":`+object+`}`), "5")
			}
			if err != nil {
				t.Fatal(err)
			}
			r := w.index.Get(resource.Key{Kind: "Thing", Name: "a"})
			if judged := r != nil && r.Verdict.Message == "judged"; r == nil || judged != tt.want {
				t.Errorf("%s, %s: %+v", tt.reason, how, r)
			}
		}
	}
}
