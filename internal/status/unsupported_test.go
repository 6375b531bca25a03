package status

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// TestEveryFieldIsActedOnOrReported sets each field of the reference that people
// set, one at a time, and compares what is reported with
// testdata/unsupported.txt. A field that stands nowhere in that file is acted on.
func TestEveryFieldIsActedOnOrReported(t *testing.T) {
	var reported []string
	for _, ref := range references {
		fields := readFields(t, ref.list)
		for _, starred := range sortedPaths(fields) {
			path := strings.TrimSuffix(starred, "*")
			if strings.HasPrefix(path, "status") || path == "spec" || path == "operation" || !isLeaf(fields, path) {
				continue
			}
			got := unsupportedWhenSet(t, ref.typ, path, sample(t, fields[starred]))
			if want := tableHas(ref.typ, path); want != (len(got) == 0) {
				t.Errorf("%s: in the table: %v, reported: %v", path, want, got)
			}
			for _, g := range got {
				if !strings.HasPrefix(strings.TrimPrefix(strings.ReplaceAll(path, "[]", "[0]"), "AppProject."), strings.TrimPrefix(g, "AppProject.")) {
					t.Errorf("%s is set, and %s is reported", path, g)
				}
				reported = append(reported, g)
			}
		}
	}
	slices.Sort(reported)
	text := strings.Join(slices.Compact(reported), "\n") + "\n"
	if *update {
		if err := os.WriteFile("testdata/unsupported.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/unsupported.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("reported fields (-want +got), go test -update writes them:\n%s", diff)
	}
}

func isLeaf(fields map[string]string, path string) bool {
	for other := range fields {
		if strings.HasPrefix(other, path+".") || strings.HasPrefix(other, path+"[].") || strings.HasPrefix(other, path+"{}.") {
			return false
		}
	}
	return true
}

func sample(t *testing.T, typ string) any {
	t.Helper()
	switch typ {
	case "string", "intOrString":
		return "x"
	case "boolean":
		return true
	case "integer":
		return 1
	case "[]string":
		return []string{"Prune=true"}
	case "map[string]string":
		return map[string]string{"a": "b"}
	case "map[string]boolean":
		return map[string]bool{"a": true}
	case "free":
		return map[string]any{"a": 1}
	}
	t.Fatalf("no sample of %s", typ)
	return nil
}

// unsupportedWhenSet is the report on an object in which only one field is set.
func unsupportedWhenSet(t *testing.T, typ reflect.Type, path string, value any) []string {
	t.Helper()
	parts := strings.Split(path, ".")
	for _, part := range slices.Backward(parts) {
		name, list := strings.CutSuffix(part, "[]")
		if list {
			value = []any{value}
		}
		value = map[string]any{name: value}
	}
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	obj := reflect.New(typ).Interface()
	if err := json.Unmarshal(b, obj); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	switch o := obj.(type) {
	case *v1alpha1.Application:
		return Unsupported(o, nil)
	case *v1alpha1.AppProject:
		return Unsupported(nil, o)
	}
	return nil
}

// tableHas says whether every step of a path is in actedOn.
func tableHas(typ reflect.Type, path string) bool {
	for part := range strings.SplitSeq(path, ".") {
		field, owner, ok := fieldNamed(typ, strings.TrimSuffix(part, "[]"))
		if !ok {
			return false
		}
		if _, top := reflect.TypeAssert[v1alpha1.Application](reflect.Zero(owner)); !top && owner != reflect.TypeFor[v1alpha1.AppProject]() {
			if !slices.Contains(strings.Fields(actedOn[owner]), strings.TrimSuffix(part, "[]")) {
				return false
			}
		}
		for typ = field.Type; typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice; {
			typ = typ.Elem()
		}
	}
	return true
}

// fieldNamed finds a field by its JSON name, in embedded structs too, and the
// struct that declares it.
func fieldNamed(typ reflect.Type, name string) (reflect.StructField, reflect.Type, bool) {
	if typ.Kind() != reflect.Struct {
		return reflect.StructField{}, nil, false
	}
	for f := range typ.Fields() {
		if f.Anonymous {
			if g, owner, ok := fieldNamed(f.Type, name); ok {
				return g, owner, true
			}
			continue
		}
		if n, _, _ := strings.Cut(f.Tag.Get("json"), ","); n == name {
			return f, typ, true
		}
	}
	return reflect.StructField{}, nil, false
}

// TestTableNamesRealFields: a name in the table that no field has would hide a typing error.
func TestTableNamesRealFields(t *testing.T) {
	for typ, names := range actedOn {
		for name := range strings.FieldsSeq(names) {
			if _, owner, ok := fieldNamed(typ, name); !ok || owner != typ {
				t.Errorf("%s has no field %q of its own", typ.Name(), name)
			}
		}
	}
}

func TestUnsupported(t *testing.T) {
	app := &v1alpha1.Application{
		Spec: v1alpha1.ApplicationSpec{
			Project: "default",
			Sources: []v1alpha1.ApplicationSource{
				{RepoURL: "r", Path: "p", Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"values.yaml", "https://example.com/values.yaml"}}},
				{RepoURL: "r", Ref: "values"},
			},
			SyncPolicy: &v1alpha1.SyncPolicy{
				Automated:                &v1alpha1.SyncPolicyAutomated{},
				SyncOptions:              []string{"CreateNamespace=true", "Replace=yes", "Replace=false", "Prune=confirm, prune=false", " Validate=false ", "WaitForHealthy=true"},
				ManagedNamespaceMetadata: &v1alpha1.ManagedNamespaceMetadata{},
			},
			IgnoreDifferences: []v1alpha1.ResourceIgnoreDifferences{{Kind: "Deployment", JSONPointers: []string{"/spec"}}, {Kind: "*", JQPathExpressions: []string{".x"}}},
		},
		Operation: &v1alpha1.Operation{
			Info: []*v1alpha1.Info{nil, {Name: "why"}},
			Sync: &v1alpha1.SyncOperation{
				SyncStrategy: &v1alpha1.SyncStrategy{Hook: &v1alpha1.SyncStrategyHook{SyncStrategyApply: v1alpha1.SyncStrategyApply{Force: true}}},
				SyncOptions:  []string{"Force=true"},
			},
		},
	}
	project := &v1alpha1.AppProject{Spec: v1alpha1.AppProjectSpec{
		SourceRepos: []string{"*"},
		SyncWindows: v1alpha1.SyncWindows{{Kind: "deny"}},
		Roles:       []v1alpha1.ProjectRole{},
	}}
	want := []string{
		"spec.syncPolicy.syncOptions[1] (Replace=yes)",
		"spec.syncPolicy.syncOptions[3] (prune=false)",
		"operation.sync.syncOptions[0] (Force=true)",
	}
	if diff := cmp.Diff(want, Unsupported(app, project)); diff != "" {
		t.Errorf("Unsupported (-want +got):\n%s", diff)
	}
	if got := Unsupported(nil, nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestPlainApplicationIsSupported: what most people write gives no warning.
func TestPlainApplicationIsSupported(t *testing.T) {
	var app v1alpha1.Application
	if err := json.Unmarshal([]byte(`{"spec": {
		"project": "default",
		"source": {"repoURL": "https://example.com/r", "path": "guestbook", "targetRevision": "HEAD", "directory": {"recurse": true, "jsonnet": {}}},
		"destination": {"server": "https://kubernetes.default.svc", "namespace": "guestbook"},
		"syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"], "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2}}}
	}, "operation": {"sync": {"syncStrategy": {"hook": {}}}}}`), &app); err != nil {
		t.Fatal(err)
	}
	if got := Unsupported(&app, &v1alpha1.AppProject{}); got != nil {
		t.Errorf("got %v", got)
	}
}
