package application

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/status"
)

// admit checks what can be checked without the source: the shape of the spec and
// the project's rules.
func (p *pass) admit(context.Context) outcome {
	p.project = p.c.project(rendering.ProjectOf(p.app))
	admitted, err := admission.Admit(p.app, p.project, p.c.o.Namespace)
	if err != nil {
		p.problem(err)
		return halt
	}
	p.origin, p.rules = admitted.Origin, admitted.Rules
	if err := p.admitPin(); err != nil {
		p.problem(err)
		return halt
	}
	if err := p.demands(); err != nil {
		p.condition(v1alpha1.ConditionComparisonError, err.Error())
		return halt
	}
	for _, field := range status.Unsupported(p.app, p.project) {
		p.condition(v1alpha1.ConditionUnsupportedFieldWarning, field)
	}
	for _, problem := range p.c.windows(p.project).Problems() {
		p.condition(v1alpha1.ConditionUnsupportedFieldWarning, "AppProject "+p.project.Name+": "+problem)
	}
	return proceed
}
