package project

import (
	"evenkeel.dev/api/v1alpha1"
)

// CheckDestination says whether the project permits a cluster and namespace. A
// cluster that is known by URL and by name should come with both, as rules may
// use either; for the cluster that Evenkeel runs in one is enough.
func (r *Rules) CheckDestination(d v1alpha1.ApplicationDestination) error {
	d = withBothNames(d)
	permitted := false
	for i, rule := range r.destinations {
		if reason := rule.denial(d); reason != "" {
			return r.refuse("destination %s is denied by spec.destinations[%d] (%s)", destinationText(d), i, reason)
		}
		permitted = permitted || rule.permits(d)
	}
	if !permitted {
		return r.refuse("destination %s is not in spec.destinations", destinationText(d))
	}
	return nil
}

func withBothNames(d v1alpha1.ApplicationDestination) v1alpha1.ApplicationDestination {
	if d.Server == "" && d.Name == v1alpha1.InClusterName {
		d.Server = v1alpha1.InClusterServer
	}
	if d.Name == "" && d.Server == v1alpha1.InClusterServer {
		d.Name = v1alpha1.InClusterName
	}
	return d
}

func (p destination) serverMatches(d v1alpha1.ApplicationDestination) bool {
	return d.Server != "" && p.server.matches(d.Server)
}

func (p destination) nameMatches(d v1alpha1.ApplicationDestination) bool {
	return d.Name != "" && p.name.matches(d.Name)
}

func (p destination) permits(d v1alpha1.ApplicationDestination) bool {
	return (p.serverMatches(d) || p.nameMatches(d)) && p.namespace.matches(d.Namespace)
}

// denial is the part of the rule that denies d, or empty. A denied name counts
// whatever the rule's namespace says: so does Argo CD.
func (p destination) denial(d v1alpha1.ApplicationDestination) string {
	switch {
	case p.name.deny && !p.nameMatches(d):
		return "name " + p.name.text
	case p.server.deny && !p.serverMatches(d) && p.namespace.matches(d.Namespace):
		return "server " + p.server.text
	case p.namespace.denies(d.Namespace) && (p.serverMatches(d) || p.nameMatches(d)):
		return "namespace " + p.namespace.text
	}
	return ""
}

func destinationText(d v1alpha1.ApplicationDestination) string {
	cluster := d.Server
	if cluster == "" {
		cluster = d.Name
	}
	if cluster == "" {
		cluster = "(no cluster)"
	}
	if d.Namespace == "" {
		return cluster
	}
	return cluster + " / " + d.Namespace
}
