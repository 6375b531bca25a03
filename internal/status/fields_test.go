package status

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

// references are the field lists of Argo CD's reference with the Go type and the
// CRD that have to hold the same fields.
var references = []struct {
	list string
	typ  reflect.Type
	crd  string
}{
	{"testdata/fields-application.txt", reflect.TypeFor[v1alpha1.Application](), "../../manifests/crds/argoproj.io_applications.yaml"},
	{"testdata/fields-appproject.txt", reflect.TypeFor[v1alpha1.AppProject](), "../../manifests/crds/argoproj.io_appprojects.yaml"},
}

// readFields is a field list: path -> type, where a required field's path ends in "*".
func readFields(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.SplitSeq(string(b), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		path, typ, ok := strings.Cut(line, " ")
		if !ok || fields[path] != "" {
			t.Fatalf("%s: line %q", file, line)
		}
		fields[path] = typ
	}
	return fields
}

func TestTypesHoldTheFieldsOfTheReference(t *testing.T) {
	for _, ref := range references {
		want := readFields(t, ref.list)
		for path, typ := range want {
			if strings.HasPrefix(typ, "enum:") {
				want[path] = "string"
			}
		}
		got := map[string]string{}
		for f := range ref.typ.Fields() {
			if !f.Anonymous {
				goField(got, f, "")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-reference +Go type):\n%s", ref.typ.Name(), diff)
		}
	}
}

func goField(out map[string]string, f reflect.StructField, at string) {
	if f.Anonymous {
		goStruct(out, f.Type, at)
		return
	}
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	path, star := at+name, "*"
	if strings.Contains(options, "omitempty") {
		star = ""
	}
	out[path+star] = goType(f.Type)
	elem := f.Type
	for {
		switch elem.Kind() {
		case reflect.Pointer:
			elem = elem.Elem()
			continue
		case reflect.Slice:
			elem, path = elem.Elem(), path+"[]"
			continue
		case reflect.Map:
			elem, path = elem.Elem(), path+"{}"
			continue
		case reflect.Struct:
			if goType(elem) == "object" {
				goStruct(out, elem, path+".")
			}
		}
		return
	}
}

func goStruct(out map[string]string, typ reflect.Type, at string) {
	for field := range typ.Fields() {
		goField(out, field, at)
	}
}

func goType(typ reflect.Type) string {
	switch typ {
	case reflect.TypeFor[metav1.Time]():
		return "time"
	case reflect.TypeFor[metav1.ObjectMeta]():
		return "metadata"
	case reflect.TypeFor[runtime.RawExtension]():
		return "free"
	case reflect.TypeFor[intstr.IntOrString]():
		return "intOrString"
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return goType(typ.Elem())
	case reflect.Slice:
		return "[]" + goType(typ.Elem())
	case reflect.Map:
		return "map[string]" + goType(typ.Elem())
	case reflect.Struct:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	}
	return typ.Kind().String()
}

// schema is what these tests read of a CRD's OpenAPI schema.
type schema struct {
	Type                 string            `json:"type"`
	Format               string            `json:"format"`
	Enum                 []string          `json:"enum"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
	IntOrString          bool              `json:"x-kubernetes-int-or-string"`
	PreserveUnknown      bool              `json:"x-kubernetes-preserve-unknown-fields"`
}

type crd struct {
	Metadata struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Group    string         `json:"group"`
		Scope    string         `json:"scope"`
		Names    map[string]any `json:"names"`
		Versions []struct {
			Name    string `json:"name"`
			Served  bool   `json:"served"`
			Storage bool   `json:"storage"`
			Schema  struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			} `json:"schema"`
			Subresources map[string]any `json:"subresources"`
		} `json:"versions"`
	} `json:"spec"`
}

func readCRD(t *testing.T, file string) crd {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c crd
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCRDsHoldTheFieldsOfTheReference(t *testing.T) {
	for _, ref := range references {
		got := map[string]string{}
		root := readCRD(t, ref.crd).Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, meta := range []string{"apiVersion", "kind", "metadata"} {
			delete(root.Properties, meta)
		}
		crdFields(got, root, "")
		if diff := cmp.Diff(readFields(t, ref.list), got); diff != "" {
			t.Errorf("%s (-reference +CRD):\n%s", ref.crd, diff)
		}
	}
}

func crdFields(out map[string]string, s schema, at string) {
	for name, p := range s.Properties {
		path, star := at+name, ""
		if slices.Contains(s.Required, name) {
			star = "*"
		}
		out[path+star] = crdType(p)
		for {
			if p.Items != nil {
				p, path = *p.Items, path+"[]"
				continue
			}
			if p.AdditionalProperties != nil {
				p, path = *p.AdditionalProperties, path+"{}"
				continue
			}
			break
		}
		crdFields(out, p, path+".")
	}
}

func crdType(s schema) string {
	switch {
	case s.IntOrString:
		return "intOrString"
	case s.PreserveUnknown:
		return "free"
	case s.Format == "date-time":
		return "time"
	case s.Enum != nil:
		return "enum:" + strings.Join(s.Enum, "|")
	case s.Items != nil:
		return "[]" + crdType(*s.Items)
	case s.AdditionalProperties != nil:
		return "map[string]" + crdType(*s.AdditionalProperties)
	}
	return s.Type
}

// TestCRDNames: kubectl finds the resources under Argo CD's names, and labels
// select them as they do there.
func TestCRDNames(t *testing.T) {
	type names struct {
		Name, Group, Scope, Version, Kind, Plural string
		Short                                     string
		Labels                                    map[string]string
	}
	want := []names{
		{"applications.argoproj.io", "argoproj.io", "Namespaced", "v1alpha1", "Application", "applications", "[app apps]", nil},
		{"appprojects.argoproj.io", "argoproj.io", "Namespaced", "v1alpha1", "AppProject", "appprojects", "[appproj appprojs]", nil},
	}
	for i, ref := range references {
		want[i].Labels = map[string]string{"app.kubernetes.io/name": want[i].Name, "app.kubernetes.io/part-of": "argocd"}
		c := readCRD(t, ref.crd)
		v := c.Spec.Versions[0]
		got := names{
			c.Metadata.Name, c.Spec.Group, c.Spec.Scope, v.Name,
			fmt.Sprint(c.Spec.Names["kind"]), fmt.Sprint(c.Spec.Names["plural"]), fmt.Sprint(c.Spec.Names["shortNames"]), c.Metadata.Labels,
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ref.crd, diff)
		}
		if len(c.Spec.Versions) != 1 || !v.Served || !v.Storage || len(v.Subresources) != 0 {
			t.Errorf("%s: one version, served and stored, without subresources, is what Argo CD has", ref.crd)
		}
	}
}

func sortedPaths(fields map[string]string) []string { return slices.Sorted(maps.Keys(fields)) }
