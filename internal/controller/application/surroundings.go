package application

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/cluster/network"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
)

// summarize tells the report of what the Application's objects own.
func (p *pass) summarize(r *status.Report) {
	keys := make([]resource.Key, len(p.managed))
	for i, m := range p.managed {
		keys[i] = m.Key
	}
	sum := p.c.cluster.Summarize(keys)
	r.Images, r.URLs = sum.Images, append(sum.URLs, network.Links(p.app.Annotations)...)
}

// orphans warns of the orphans in the Application's namespace, if its project asks for
// that. Before everything was listed once, or while it is not known what the Application
// desires or which rules hold for it, their number is not known, and what was said of it
// stays.
func (p *pass) orphans() {
	if p.rules != nil {
		seeks := ""
		if p.rules.SeeksOrphans() {
			seeks = p.app.Spec.Destination.Namespace
		}
		p.c.seek(p.key, p.s, seeks)
		if seeks == "" || !p.rules.WarnsOfOrphans() {
			return
		}
	}
	if p.rules == nil || p.managed == nil || !p.c.cluster.Settled() {
		i := slices.IndexFunc(p.app.Status.Conditions, func(c v1alpha1.ApplicationCondition) bool {
			return c.Type == v1alpha1.ConditionOrphanedResourceWarning
		})
		if i >= 0 {
			p.condition(v1alpha1.ConditionOrphanedResourceWarning, p.app.Status.Conditions[i].Message)
		}
		return
	}
	if n := len(p.c.orphans.Of(p.rules, p.app.Spec.Destination)); n > 0 {
		p.condition(v1alpha1.ConditionOrphanedResourceWarning, fmt.Sprintf("Application has %d orphaned resources", n))
	}
}

// seek notes in which namespace an Application seeks orphans; empty for none.
func (c *Controller) seek(key types.NamespacedName, s *appState, namespace string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.seeks == namespace {
		return
	}
	if delete(c.seekers[s.seeks], key); len(c.seekers[s.seeks]) == 0 {
		delete(c.seekers, s.seeks)
	}
	if s.seeks = namespace; namespace == "" {
		return
	}
	if c.seekers[namespace] == nil {
		c.seekers[namespace] = map[types.NamespacedName]struct{}{}
	}
	c.seekers[namespace][key] = struct{}{}
}

// seekersIn are the Applications that seek orphans in a namespace.
func (c *Controller) seekersIn(namespace string) []types.NamespacedName {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []types.NamespacedName
	for key := range c.seekers[namespace] {
		out = append(out, key)
	}
	return out
}

// loose tells those who seek orphans of a change of what may be one, or be below one.
func (o observer) loose(before, after *cluster.Record) {
	r := after
	if r == nil {
		r = before
	}
	if r.Key.Namespace == "" {
		return
	}
	for _, key := range o.c.seekersIn(r.Key.Namespace) {
		o.c.o.View.TreeChanged(key.Namespace, key.Name)
		if isLoose(before) != isLoose(after) {
			o.c.queue.Add(key)
		}
	}
}

// isLoose says whether an object can be an orphan by what it says of itself.
func isLoose(r *cluster.Record) bool { return r != nil && r.App == "" && len(r.Owners) == 0 }

// sums says whether a change below an Application changes what its status sums up.
func sums(before, after *cluster.Record) bool { return !slices.Equal(urls(before), urls(after)) }

func urls(r *cluster.Record) []string {
	if r == nil || r.Verdict.Network == nil {
		return nil
	}
	return r.Verdict.Network.URLs
}
