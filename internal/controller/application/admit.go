package application

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/status"
)

// admit checks what can be checked without the source: the shape of the spec and
// the project's rules.
func (p *pass) admit(context.Context) outcome {
	if err := p.admitSpec(); err != nil {
		p.problem(err)
		return halt
	}
	for _, field := range status.Unsupported(p.app, p.project) {
		p.condition(v1alpha1.ConditionUnsupportedFieldWarning, field)
	}
	return proceed
}

func (p *pass) admitSpec() error {
	spec := &p.app.Spec
	name := projectOf(p.app)
	p.project = p.c.project(name)
	if p.project == nil {
		return fault.New(fault.Invalid, "project %q does not exist in namespace %s", name, p.c.o.Namespace)
	}
	switch {
	case len(spec.Sources) == 1:
		p.source = spec.Sources[0]
	case len(spec.Sources) > 1:
		return fault.New(fault.Unsupported, "spec.sources has %d sources; only one is supported yet", len(spec.Sources))
	case spec.SourceHydrator != nil:
		return fault.New(fault.Unsupported, "spec.sourceHydrator is not supported yet")
	case spec.Source != nil:
		p.source = *spec.Source
	default:
		return fault.New(fault.Invalid, "spec.source is missing")
	}
	switch {
	case p.source.RepoURL == "":
		return fault.New(fault.Invalid, "spec.source.repoURL is empty")
	case p.source.Chart != "":
		return fault.New(fault.Unsupported, "spec.source.chart: charts from Helm repositories are not supported yet")
	case p.source.Path == "":
		return fault.New(fault.Invalid, "spec.source.path is empty; write \".\" for the repository's root")
	}
	if err := admitDestination(spec.Destination); err != nil {
		return err
	}
	return p.admitProject()
}

func (p *pass) admitProject() error {
	p.rules = project.New(p.project)
	if err := p.rules.CheckNamespace(p.app.Namespace, p.c.o.Namespace); err != nil {
		return err
	}
	if err := p.rules.CheckSource(p.source.RepoURL); err != nil {
		return err
	}
	return p.rules.CheckDestination(p.app.Spec.Destination)
}

func admitDestination(d v1alpha1.ApplicationDestination) error {
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
