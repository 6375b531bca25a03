package apply

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const undeclaredHead = "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): "

func TestWithoutUndeclared(t *testing.T) {
	for _, tt := range []struct {
		reason, body, message, want string
		paths                       []string
	}{
		{
			"a single field", `{"spec":{"replcas":2,"replicas":1}}`, undeclaredHead + ".spec.replcas: field not declared in schema",
			`{"spec":{"replicas":1}}`,
			[]string{".spec.replcas"},
		},
		{
			"several fields, in items by key, a key by default, and by index",
			`{"spec":{"a":1,"ports":[{"port":80,"x":1},{"port":81,"x":1}],"args":[{"x":1},{"x":1,"y":2}]}}`,
			undeclaredHead + "errors:\n  .spec.a: field not declared in schema\n" +
				"  .spec.ports[port=81,protocol=\"TCP\"].x: field not declared in schema\n  .spec.args[1].x: field not declared in schema",
			`{"spec":{"args":[{"x":1},{"y":2}],"ports":[{"port":80,"x":1},{"port":81}]}}`,
			[]string{".spec.a", `.spec.ports[port=81,protocol="TCP"].x`, ".spec.args[1].x"},
		},
		{
			"names with what paths are made of", `{"a.b":{"c":1},"a":{"b":2},"l":[{"name":"x],\"y","d[0]":1}]}`,
			"errors:\n  .a.b.c: field not declared in schema\n  .l[name=\"x],\\\"y\"].d[0]: field not declared in schema",
			`{"a":{"b":2},"a.b":{},"l":[{"name":"x],\"y"}]}`,
			[]string{".a.b.c", `.l[name="x],\"y"].d[0]`},
		},
		{"a field that is not in the body", `{"spec":{}}`, undeclaredHead + ".spec.x: field not declared in schema", "", nil},
		{"another refusal", `{"spec":{"x":1}}`, "spec.x: field is immutable", "", nil},
	} {
		got, paths := withoutUndeclared([]byte(tt.body), &apierrors.StatusError{ErrStatus: metav1.Status{Message: tt.message}})
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
		}
		if diff := cmp.Diff(tt.paths, paths); diff != "" {
			t.Errorf("%s: paths (-want +got):\n%s", tt.reason, diff)
		}
	}
}

// FuzzWithoutUndeclared: a message of a stranger's admission webhook ends the parser.
func FuzzWithoutUndeclared(f *testing.F) {
	f.Add(`{"l":[{"name":"x"}]}`, `errors:`+"\n"+`  .l[name="x"].a: field not declared in schema`)
	f.Add(`[{"a":1}]`, `[0].a: field not declared in schema`)
	f.Add(`{"a":1}`, `): .a: field not declared in schema`)
	f.Fuzz(func(t *testing.T, body, message string) {
		got, paths := withoutUndeclared([]byte(body), &apierrors.StatusError{ErrStatus: metav1.Status{Message: message}})
		if (got == nil) != (len(paths) == 0) || len(got) > 6*len(body) {
			t.Errorf("%q, %q", got, paths)
		}
	})
}
