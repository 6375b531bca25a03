package rest

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// maxDepth bounds the nesting of a request's JSON.
const maxDepth = 64

// decode reads a request's body into v. Names are compared exactly; unknown and
// repeated fields are errors. No body leaves v as it is.
func decode(r *http.Request, v any) error {
	body, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Refuse(http.StatusRequestEntityTooLarge, "the request's body is larger than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "read the request's body")
	}
	if len(body) == 0 {
		return nil
	}
	if depth(body) > maxDepth {
		return fault.New(fault.Invalid, "the request's JSON is nested deeper than %d", maxDepth)
	}
	strict, err := kjson.UnmarshalStrict(body, v)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the request's body is not the JSON that is wanted")
	}
	return fault.Wrap(fault.Invalid, errors.Join(strict...), "the request's body")
}

// depth is how deep arrays and objects are nested in b, which need not be valid.
func depth(b []byte) int {
	var now, deepest int
	var quoted bool
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// target names an Application.
type target struct{ namespace, name string }

// targetOf is the Application that a request's path and query name.
func (a *api) targetOf(r *http.Request) (target, error) {
	namespace := r.PathValue("namespace")
	if namespace == "" {
		namespace = r.URL.Query().Get("appNamespace")
	}
	return a.target(namespace, r.PathValue("name"))
}

func (a *api) target(namespace, name string) (target, error) {
	if namespace == "" {
		namespace = a.Namespace
	}
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return target{}, fault.New(fault.Invalid, "%q in namespace %q cannot be the name of an application", name, namespace)
	}
	return target{namespace: namespace, name: name}, nil
}

// application is the Application that a request names. When the request names a
// project too, an Application of another project does not exist for it.
func (a *api) application(r *http.Request) (*v1alpha1.Application, error) {
	t, err := a.targetOf(r)
	if err != nil {
		return nil, err
	}
	app, err := a.Apps.Get(r.Context(), t.namespace, t.name)
	if err != nil {
		return nil, err
	}
	if p := r.URL.Query().Get("project"); p != "" && p != projectOf(app) {
		return nil, fault.New(fault.NotFound, "project %q has no application %q", p, t.name)
	}
	return app, nil
}

func projectOf(app *v1alpha1.Application) string {
	if app.Spec.Project == "" {
		return v1alpha1.DefaultProject
	}
	return app.Spec.Project
}

// shown is app as it is given out. app belongs to a cache and stays as it is.
func shown(app *v1alpha1.Application) *v1alpha1.Application {
	out := *app
	out.ManagedFields = nil
	return &out
}

func boolean(q url.Values, name string, otherwise bool) (bool, error) {
	s := q.Get(name)
	if s == "" {
		return otherwise, nil
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, fault.New(fault.Invalid, "query parameter %s: %q is neither true nor false", name, s)
	}
	return b, nil
}

func number(q url.Values, name string) (int, error) {
	s := q.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "query parameter %s: %q is not a number from 0 up", name, s)
	}
	return n, nil
}
