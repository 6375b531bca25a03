package cluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// discover asks an API server that serves testdata/discovery.yaml.
func discover(t *testing.T) *Kinds {
	t.Helper()
	data, err := os.ReadFile("testdata/discovery.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var items map[string][]json.RawMessage
	if err := yaml.Unmarshal(data, &items); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != acceptDiscovery {
			t.Errorf("accepts %s", r.Header.Get("Accept"))
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"kind": "APIGroupDiscoveryList", "items": items[r.URL.Path]}); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	conn, err := Connect(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := conn.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// inWords is what is preferred, a line each.
func inWords(k *Kinds) []string {
	var out []string
	for gk, kind := range k.All() {
		s := fmt.Sprintf("%s %s %s", gk, kind.GVK.Version, kind.path("NS", "NAME"))
		if kind.Watchable {
			s += " watched"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func TestDiscover(t *testing.T) {
	k := discover(t)
	want := []string{
		"Binding v1 /api/v1/namespaces/NS/bindings/NAME",
		"Comet.stale.example.com v1 /apis/stale.example.com/v1/comets/NAME watched",
		"Deployment.apps v1 /apis/apps/v1/namespaces/NS/deployments/NAME watched",
		"Listing.odd.example.com v1 /apis/odd.example.com/v1/namespaces/NS/lists/NAME",
		"Moon.example.com v1 /apis/example.com/v1/namespaces/NS/moons/NAME watched",
		"Namespace v1 /api/v1/namespaces/NAME watched",
		"Pod v1 /api/v1/namespaces/NS/pods/NAME watched",
	}
	if diff := cmp.Diff(want, inWords(k)); diff != "" {
		t.Errorf("preferred (-want +got):\n%s", diff)
	}
	versions := []string{
		"apps/v1", "apps/v1/Deployment", "apps/v1beta1", "apps/v1beta1/Deployment", "example.com/v1", "example.com/v1/Moon", "example.com/v2", "example.com/v2/Moon",
		"odd.example.com/v1", "odd.example.com/v1/Listing", "stale.example.com/v1", "stale.example.com/v1/Comet", "v1", "v1/Binding", "v1/Namespace", "v1/Pod",
	}
	if diff := cmp.Diff(versions, k.APIVersions()); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if _, ok := k.Exact(schema.GroupVersionKind{Group: "example.com", Version: "v2", Kind: "Moon"}); !ok {
		t.Error("a version that is not preferred is not there")
	}
	if _, ok := k.Exact(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "deployment"}); ok {
		t.Error("kinds have a case")
	}
	if _, ok := k.Preferred(schema.GroupKind{Kind: "Comet"}); ok {
		t.Error("kinds have a group")
	}
}

func TestDiscoverFails(t *testing.T) {
	for name, answer := range map[string]string{"no JSON": "<html>", "another sort": `{"items": {}}`, "": ""} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if answer == "" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = w.Write([]byte(answer))
		}))
		conn, err := Connect(&rest.Config{Host: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		if kinds, err := conn.Discover(t.Context()); err == nil || kinds != nil || !strings.HasPrefix(err.Error(), "discovery /api: ") {
			t.Errorf("%s: got %v, %v", name, kinds, err)
		}
		server.Close()
	}
}

func TestWithDefinition(t *testing.T) {
	k := discover(t)
	moon := definition{Group: "example.com", Kind: "Moon", Plural: "moons", Namespaced: true, Versions: []string{"v1", "v3"}}
	planet := definition{Group: "new.example.com", Kind: "Planet", Plural: "planets", Versions: []string{"v1beta1", "v1", "v1alpha1"}}
	without := func(skip string, more ...string) []string {
		out := slices.DeleteFunc(inWords(k), func(s string) bool { return skip != "" && strings.HasPrefix(s, skip) })
		out = append(out, more...)
		slices.Sort(out)
		return out
	}
	for _, tt := range []struct {
		reason string
		d      definition
		want   []string
	}{
		{"a new kind, in its most mature version", planet, without("", "Planet.new.example.com v1 /apis/new.example.com/v1/planets/NAME watched")},
		{"a kind that is defined anew", moon, without("Moon", "Moon.example.com v3 /apis/example.com/v3/namespaces/NS/moons/NAME watched")},
		{"another scope", definition{Group: "example.com", Kind: "Moon", Plural: "moons", Versions: []string{"v1", "v2"}}, without("Moon", "Moon.example.com v2 /apis/example.com/v2/moons/NAME watched")},
		{"a kind that is served no more", definition{Group: "example.com", Kind: "Moon", Plural: "moons"}, without("Moon")},
		{"a kind that is not served yet", definition{Group: "new.example.com", Kind: "Planet", Plural: "planets"}, inWords(k)},
	} {
		next := k.withDefinition(tt.d)
		if diff := cmp.Diff(tt.want, inWords(next)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
		}
		if next.withDefinition(tt.d) != next {
			t.Errorf("%s: the same again changes something", tt.reason)
		}
	}
}

// TestDefinitionsComeAndGo: whatever the order of definitions, in the end it is
// what the last of each kind said, and what they do not speak of stays.
func TestDefinitionsComeAndGo(t *testing.T) {
	base := discover(t)
	rapid.Check(t, func(t *rapid.T) {
		k := base
		last := map[string]definition{}
		for range rapid.IntRange(1, 8).Draw(t, "n") {
			d := definition{
				Group: "x.example.com", Kind: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "kind"), Namespaced: rapid.Bool().Draw(t, "namespaced"),
				Versions: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"v1", "v1beta1", "v2"}), 0, 3, rapid.ID).Draw(t, "versions"),
			}
			d.Plural = strings.ToLower(d.Kind) + "s"
			k = k.withDefinition(d)
			last[d.Kind] = d
		}
		for name, d := range last {
			kind, ok := k.Preferred(schema.GroupKind{Group: d.Group, Kind: name})
			if ok != (len(d.Versions) > 0) || ok && (kind.Namespaced != d.Namespaced || !slices.Contains(d.Versions, kind.GVK.Version)) {
				t.Errorf("%+v is served as %+v, %v", d, kind, ok)
			}
			if ok && slices.Contains(d.Versions, "v2") && kind.GVK.Version != "v2" {
				t.Errorf("%+v is preferred as %s", d, kind.GVK.Version)
			}
		}
		for gk, kind := range base.All() {
			if got, ok := k.Preferred(gk); !ok || got != kind {
				t.Errorf("%s was %+v and is %+v", gk, kind, got)
			}
		}
	})
}

func TestDefinitionOf(t *testing.T) {
	for _, tt := range []struct {
		reason, body string
		want         definition
		ok           bool
	}{
		{"established", crd, definition{Group: "example.com", Kind: "Moon", Plural: "moons", Namespaced: true, Versions: []string{"v1"}}, true},
		{"not established yet", strings.Replace(crd, `"status":"True"`, `"status":"False"`, 1), definition{Group: "example.com", Kind: "Moon", Plural: "moons", Namespaced: true}, true},
		{"being deleted", strings.Replace(crd, `"uid"`, `"deletionTimestamp":"now","uid"`, 1), definition{Group: "example.com", Kind: "Moon", Plural: "moons", Namespaced: true}, true},
		{"no spec", `{"metadata":{"name":"x"}}`, definition{}, false},
		{"fields of other sorts", `{"spec":{"group":1,"names":[],"versions":{}},"status":[]}`, definition{}, false},
		{"versions of other sorts", `{"spec":{"group":"g","names":{"kind":"K","plural":"k"},"versions":[null,1,{"served":"yes"},{"name":5,"served":true}]},"status":{"conditions":[1,{"type":"Established","status":"True"}]}}`, definition{Group: "g", Kind: "K", Plural: "k", Versions: []string{""}}, true},
	} {
		obj, err := decode([]byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := definitionOf(obj.Object)
		if diff := cmp.Diff(tt.want, got); ok != tt.ok || tt.ok && diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.reason, ok, diff)
		}
	}
}

func TestPathsAreEscaped(t *testing.T) {
	namespaced := Kind{GVK: schema.GroupVersionKind{Group: "g", Version: "v1"}, Resource: "things", Namespaced: true}
	for _, tt := range []struct{ namespace, name, want string }{
		{"", "", "/apis/g/v1/things"},
		{"ns", "", "/apis/g/v1/namespaces/ns/things"},
		{"ns", "a", "/apis/g/v1/namespaces/ns/things/a"},
		{"../x", "../../secrets/a?b#c", "/apis/g/v1/namespaces/..%2Fx/things/..%2F..%2Fsecrets%2Fa%3Fb%23c"},
		{"ns", "a b:ü", "/apis/g/v1/namespaces/ns/things/a%20b:%C3%BC"},
	} {
		if got := namespaced.path(tt.namespace, tt.name); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
