package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/fault"
)

// appName is an Application's namespace and name.
type appName struct{ Namespace, Name string }

func (n appName) String() string { return n.Namespace + "/" + n.Name }

func nameOf(app *v1alpha1.Application) appName {
	return appName{Namespace: app.Namespace, Name: app.Name}
}

// parseName reads NAME or NAMESPACE/NAME. A name without a namespace is in the
// one of --app-namespace, else in the control plane's.
func (s *session) parseName(arg, appNamespace string) (appName, error) {
	n := appName{Namespace: s.namespace(appNamespace), Name: arg}
	if ns, name, ok := strings.Cut(arg, "/"); ok {
		if appNamespace != "" && ns != appNamespace {
			return n, fault.New(fault.Invalid, "application %q is not in --app-namespace %q: give one of the two", arg, appNamespace)
		}
		n = appName{Namespace: ns, Name: name}
	}
	if n.Namespace == "" || n.Name == "" || strings.Contains(n.Name, "/") {
		return n, fault.New(fault.Invalid, "%q is not an application: want NAME or NAMESPACE/NAME", arg)
	}
	return n, nil
}

func (s *session) namespace(appNamespace string) string {
	if appNamespace != "" {
		return appNamespace
	}
	return s.connection.Namespace
}

// selection says which Applications a command is about.
type selection struct {
	Args      []string
	Namespace string
	Selector  string
	Projects  []string
}

// names are the Applications selected, each once. A selector or project that
// matches nothing is an error.
func (s *session) names(ctx context.Context, sel selection) ([]appName, error) {
	var out []appName
	for _, arg := range sel.Args {
		n, err := s.parseName(arg, sel.Namespace)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	if sel.Selector == "" && len(sel.Projects) == 0 {
		return out, nil
	}
	apps, err := s.list(ctx, sel.Namespace, sel.Selector)
	if err != nil {
		return nil, err
	}
	found := false
	for i := range apps {
		if len(sel.Projects) > 0 && !slices.Contains(sel.Projects, describe.Project(&apps[i])) {
			continue
		}
		found = true
		if n := nameOf(&apps[i]); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	if !found {
		return nil, fault.New(fault.NotFound, "no application in namespace %s matches %s: \"evenkeel app list\" shows what there is",
			s.namespace(sel.Namespace), sel.describe())
	}
	return out, nil
}

func (sel selection) describe() string {
	var parts []string
	if sel.Selector != "" {
		parts = append(parts, fmt.Sprintf("selector %q", sel.Selector))
	}
	if len(sel.Projects) > 0 {
		parts = append(parts, "project "+strings.Join(sel.Projects, " or "))
	}
	return strings.Join(parts, " and ")
}

func (s *session) list(ctx context.Context, appNamespace, selector string) ([]v1alpha1.Application, error) {
	if _, err := labels.Parse(selector); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "--selector %q", selector)
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	return c.List(ctx, s.namespace(appNamespace), selector)
}

// get reads one Application.
func (s *session) get(ctx context.Context, n appName) (*v1alpha1.Application, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	app, err := c.Get(ctx, n.Namespace, n.Name)
	if err != nil {
		return nil, explainMissing(err, n)
	}
	return app, nil
}

func explainMissing(err error, n appName) error {
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	return fault.New(fault.NotFound, "application %s does not exist: \"evenkeel app list -N %s\" shows what there is", n, n.Namespace)
}
