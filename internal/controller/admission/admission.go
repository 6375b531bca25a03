package admission

import (
	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Admitted is an Application that may be worked on.
type Admitted struct {
	// Origin are its sources; their revisions are not known here.
	Origin resource.Origin
	Rules  *project.Rules
}

// Admit checks an Application. p is its project, nil if that does not exist;
// namespace the control namespace.
func Admit(app *v1alpha1.Application, p *v1alpha1.AppProject, namespace string) (Admitted, error) {
	if p == nil {
		return Admitted{}, fault.New(fault.Invalid, "project %q does not exist in namespace %s", rendering.ProjectOf(app), namespace)
	}
	if len(app.Spec.Sources) == 0 && app.Spec.SourceHydrator != nil {
		return Admitted{}, fault.New(fault.Unsupported, "spec.sourceHydrator is not supported yet")
	}
	if err := Destination(app.Spec.Destination); err != nil {
		return Admitted{}, err
	}
	rules := project.New(p)
	if err := rules.CheckNamespace(app.Namespace, namespace); err != nil {
		return Admitted{}, err
	}
	origin := resource.OriginOf(&app.Spec)
	if err := Sources(origin, rules); err != nil {
		return Admitted{}, err
	}
	return Admitted{Origin: origin, Rules: rules}, rules.CheckDestination(app.Spec.Destination)
}

// Destination checks where an Application's objects go.
func Destination(d v1alpha1.ApplicationDestination) error {
	switch {
	case d.Server != "" && d.Name != "":
		return fault.New(fault.Invalid, "spec.destination has both server and name; only one is allowed")
	case d.Server == v1alpha1.InClusterServer || d.Server == "" && d.Name == v1alpha1.InClusterName:
		return nil
	case d.Server == "" && d.Name == "":
		return fault.New(fault.Invalid, "spec.destination has neither server nor name")
	case d.Server != "":
		return fault.New(fault.Unsupported, "spec.destination.server %q: only %s is supported yet", d.Server, v1alpha1.InClusterServer)
	}
	return fault.New(fault.Unsupported, "spec.destination.name %q: only %s is supported yet", d.Name, v1alpha1.InClusterName)
}
