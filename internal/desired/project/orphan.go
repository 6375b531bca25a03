package project

import (
	"evenkeel.dev/api/v1alpha1"
)

// orphanRule is an entry of orphanedResources.ignore.
type orphanRule struct {
	group, kind, name pattern
	anyKind, anyName  bool
}

func newOrphanRule(k v1alpha1.OrphanedResourceKey) orphanRule {
	return orphanRule{
		group: plainPattern(k.Group), kind: plainPattern(k.Kind), name: plainPattern(k.Name),
		anyKind: k.Kind == "", anyName: k.Name == "",
	}
}

// plainPattern is a glob in which "!" is a letter like others.
func plainPattern(text string) pattern {
	p := newPattern(text)
	if p.deny {
		p = pattern{text: text}
	}
	return p
}

// matches: an empty kind or name stands for all of them, an empty group for the core
// group, as in Argo CD.
func (o orphanRule) matches(of Object) bool {
	return o.group.matches(of.Kind.Group) && (o.anyKind || o.kind.matches(of.Kind.Kind)) && (o.anyName || o.name.matches(of.Name))
}

// SeeksOrphans says whether the project wants to know of objects in the namespaces of its
// Applications that are part of none.
func (r *Rules) SeeksOrphans() bool { return r.spec.OrphanedResources != nil }

// WarnsOfOrphans says whether an Application with orphans gets a condition. Unless it is
// asked for there is none: so does Argo CD's code.
func (r *Rules) WarnsOfOrphans() bool {
	o := r.spec.OrphanedResources
	return o != nil && o.Warn != nil && *o.Warn
}

// Orphan says whether o, which is part of no Application and owned by nothing, counts as
// an orphan in the namespace of d. What the project forbids is somebody else's business,
// and what every namespace has from the beginning is nobody's.
func (r *Rules) Orphan(o Object, d v1alpha1.ApplicationDestination) bool {
	if !r.SeeksOrphans() || o.Namespace == "" || fromBeginning(o) {
		return false
	}
	for _, rule := range r.orphans {
		if rule.matches(o) {
			return false
		}
	}
	return r.CheckObject(o, d) == nil
}

func fromBeginning(o Object) bool {
	if o.Kind.Group != "" {
		return false
	}
	switch o.Kind.Kind {
	case "ServiceAccount":
		return o.Name == "default"
	case "ConfigMap":
		return o.Name == "kube-root-ca.crt"
	case "Service":
		return o.Name == "kubernetes" && o.Namespace == "default"
	}
	return false
}
