package application

import (
	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
)

// explanation is why an Application is as well as it is.
type explanation struct {
	status v1alpha1.HealthStatusCode
	// key is the object that is to blame, zero when all is well; groups are why.
	key    resource.Key
	groups []cause.Group
}

// brief is what the status may say of it: nothing that comes and goes by itself.
func (e *explanation) brief() status.Explanation {
	if len(e.groups) == 0 || !e.groups[0].Lasting() {
		return status.Explanation{}
	}
	return status.Explanation{Key: e.key, Text: e.groups[0].Brief()}
}

// maxCulprits bounds the objects that are explained to find the one to name.
const maxCulprits = 20

// explain finds, once per pass, which object gives the Application its health, and why it
// has it. Of several that are as bad the one to name is the one of which the most can be
// said: an image that cannot be pulled before Pods that start.
func (p *pass) explain() *explanation {
	if p.why != nil {
		return p.why
	}
	p.why = &explanation{}
	r := status.Report{Self: rendering.Self(p.app)}
	for _, m := range p.managed {
		r.Resources = append(r.Resources, m.Resource())
	}
	p.why.status, p.why.key = status.Health(r)
	if p.why.key.Kind == "" {
		return p.why
	}
	looked := 0
	for i, m := range p.managed {
		h := m.Health()
		if h == nil || m.Unread != "" || h.Status != p.why.status || r.Resources[i].IgnoreHealth || m.Key == r.Self || looked >= maxCulprits {
			continue
		}
		looked++
		groups := inspect.Explain(p.c.cluster, m.Record)
		if len(groups) > 0 && (len(p.why.groups) == 0 || groups[0].Before(&p.why.groups[0])) {
			p.why.key, p.why.groups = m.Key, groups
		}
	}
	return p.why
}

// aborts says of Rollouts that have gone back to what ran before: the Application is in
// sync and Git does not say what runs.
func (p *pass) aborts() {
	for _, m := range p.managed {
		if m.Record == nil || m.Record.Verdict.Trouble == nil || m.Record.Verdict.Trouble.Code != cause.Aborted {
			continue
		}
		for _, g := range inspect.Explain(p.c.cluster, m.Record) {
			if g.Code == cause.Aborted && g.Self {
				p.condition(v1alpha1.ConditionRolloutAborted, m.Key.Human()+" "+g.Text())
			}
		}
	}
}

// explains says whether a change of an object can change why what owns it is not healthy.
func explains(before, after *cluster.Record) bool {
	var a, b cluster.Record
	if before != nil {
		a = *before
	}
	if after != nil {
		b = *after
	}
	return a.Verdict.Health != b.Verdict.Health || !cause.Same((*cause.Trouble)(a.Verdict.Trouble), (*cause.Trouble)(b.Verdict.Trouble))
}
