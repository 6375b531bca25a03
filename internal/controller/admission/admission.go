package admission

import (
	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
)

// Admitted is an Application that may be worked on.
type Admitted struct {
	Source v1alpha1.ApplicationSource
	Rules  *project.Rules
}

// Admit checks an Application. p is its project, nil if that does not exist;
// namespace the control namespace.
func Admit(app *v1alpha1.Application, p *v1alpha1.AppProject, namespace string) (Admitted, error) {
	if p == nil {
		return Admitted{}, fault.New(fault.Invalid, "project %q does not exist in namespace %s", rendering.ProjectOf(app), namespace)
	}
	source, err := sourceOf(&app.Spec)
	if err != nil {
		return Admitted{}, err
	}
	if err := Destination(app.Spec.Destination); err != nil {
		return Admitted{}, err
	}
	rules := project.New(p)
	if err := rules.CheckNamespace(app.Namespace, namespace); err != nil {
		return Admitted{}, err
	}
	if err := rules.CheckSource(source.RepoURL); err != nil {
		return Admitted{}, err
	}
	return Admitted{Source: source, Rules: rules}, rules.CheckDestination(app.Spec.Destination)
}

func sourceOf(spec *v1alpha1.ApplicationSpec) (v1alpha1.ApplicationSource, error) {
	var source v1alpha1.ApplicationSource
	switch {
	case len(spec.Sources) == 1:
		source = spec.Sources[0]
	case len(spec.Sources) > 1:
		return source, fault.New(fault.Unsupported, "spec.sources has %d sources; only one is supported yet", len(spec.Sources))
	case spec.SourceHydrator != nil:
		return source, fault.New(fault.Unsupported, "spec.sourceHydrator is not supported yet")
	case spec.Source != nil:
		source = *spec.Source
	default:
		return source, fault.New(fault.Invalid, "spec.source is missing")
	}
	switch {
	case source.RepoURL == "":
		return source, fault.New(fault.Invalid, "spec.source.repoURL is empty")
	case source.Chart != "":
		return source, fault.New(fault.Unsupported, "spec.source.chart: charts from Helm repositories are not supported yet")
	case source.Path == "":
		return source, fault.New(fault.Invalid, "spec.source.path is empty; write \".\" for the repository's root")
	}
	return source, nil
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
