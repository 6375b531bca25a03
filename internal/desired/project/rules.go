package project

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// Default is the spec with which Argo CD creates the project "default": it
// permits everything.
func Default() v1alpha1.AppProjectSpec {
	return v1alpha1.AppProjectSpec{
		SourceRepos:              []string{"*"},
		Destinations:             []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "*"}},
		ClusterResourceWhitelist: []v1alpha1.ClusterResourceRestrictionItem{{Group: "*", Kind: "*"}},
	}
}

// Rules are the rules of one project. The zero Rules permit nothing but
// namespaced kinds as such.
type Rules struct {
	name         string
	sources      []pattern
	destinations []destination
	namespaces   []namespace
	orphans      []orphanRule
	spec         v1alpha1.AppProjectSpec
}

type destination struct {
	server, name, namespace pattern
}

// namespace is an entry of sourceNamespaces: a glob or, between slashes, a
// regular expression.
type namespace struct {
	glob   pattern
	regexp *regexp.Regexp
}

// New compiles the rules of p, which must not change afterwards.
func New(p *v1alpha1.AppProject) *Rules {
	r := &Rules{name: p.Name, spec: p.Spec}
	for _, repo := range p.Spec.SourceRepos {
		r.sources = append(r.sources, sourcePattern(repo))
	}
	for _, d := range p.Spec.Destinations {
		r.destinations = append(r.destinations, destination{
			server:    newPattern(d.Server),
			name:      newPattern(d.Name),
			namespace: newPattern(d.Namespace),
		})
	}
	for _, ns := range p.Spec.SourceNamespaces {
		r.namespaces = append(r.namespaces, newNamespace(ns))
	}
	if o := p.Spec.OrphanedResources; o != nil {
		for _, k := range o.Ignore {
			r.orphans = append(r.orphans, newOrphanRule(k))
		}
	}
	return r
}

func newNamespace(text string) namespace {
	n := namespace{glob: newPattern(text)}
	if len(text) > 2 && strings.HasPrefix(text, "/") && strings.HasSuffix(text, "/") {
		if re, err := regexp.Compile(text[1 : len(text)-1]); err == nil {
			n.regexp = re
		}
	}
	return n
}

// Project is the name of the project.
func (r *Rules) Project() string { return r.name }

func (r *Rules) refuse(format string, args ...any) error {
	return fault.New(fault.Denied, `project %q: `+format, append([]any{r.name}, args...)...)
}

// CheckNamespace says whether an Application in appNamespace may use the
// project. One in the control namespace always may.
func (r *Rules) CheckNamespace(appNamespace, controlNamespace string) error {
	if appNamespace == "" || appNamespace == controlNamespace {
		return nil
	}
	for _, n := range r.namespaces {
		if n.regexp != nil && n.regexp.MatchString(appNamespace) || n.glob.matches(appNamespace) {
			return nil
		}
	}
	return r.refuse("namespace %s is not in spec.sourceNamespaces, so its Applications may not use the project", appNamespace)
}

// Object is an object as far as the rules look at it.
type Object struct {
	Kind schema.GroupKind
	Name string
	// Namespace is empty for cluster-scoped objects, and decides which lists apply.
	Namespace string
}

// CheckObject says whether o may be put into the cluster of d. The namespace of
// d plays no part: o's own decides.
func (r *Rules) CheckObject(o Object, d v1alpha1.ApplicationDestination) error {
	if o.Namespace == "" {
		return r.checkClusterKind(o)
	}
	if err := r.checkNamespacedKind(o.Kind); err != nil {
		return err
	}
	d.Namespace = o.Namespace
	return r.CheckDestination(d)
}

func (r *Rules) checkClusterKind(o Object) error {
	if item, ok := findNamed(r.spec.ClusterResourceBlacklist, o); ok {
		return r.refuse("cluster-scoped %s %s is denied by spec.clusterResourceBlacklist (%s)", kindText(o.Kind), o.Name, itemText(item))
	}
	if _, ok := findNamed(r.spec.ClusterResourceWhitelist, o); !ok {
		return r.refuse("cluster-scoped %s %s is not in spec.clusterResourceWhitelist", kindText(o.Kind), o.Name)
	}
	return nil
}

// checkNamespacedKind: no whitelist at all permits every kind, an empty one none.
func (r *Rules) checkNamespacedKind(gk schema.GroupKind) error {
	if item, ok := findKind(r.spec.NamespaceResourceBlacklist, gk); ok {
		return r.refuse("kind %s is denied by spec.namespaceResourceBlacklist (%s/%s)", kindText(gk), item.Group, item.Kind)
	}
	if r.spec.NamespaceResourceWhitelist == nil {
		return nil
	}
	if _, ok := findKind(r.spec.NamespaceResourceWhitelist, gk); !ok {
		return r.refuse("kind %s is not in spec.namespaceResourceWhitelist", kindText(gk))
	}
	return nil
}

func findKind(list []metav1.GroupKind, gk schema.GroupKind) (metav1.GroupKind, bool) {
	for _, item := range list {
		if shellMatch(item.Kind, gk.Kind) && shellMatch(item.Group, gk.Group) {
			return item, true
		}
	}
	return metav1.GroupKind{}, false
}

func findNamed(list []v1alpha1.ClusterResourceRestrictionItem, o Object) (v1alpha1.ClusterResourceRestrictionItem, bool) {
	for _, item := range list {
		if shellMatch(item.Kind, o.Kind.Kind) && shellMatch(item.Group, o.Kind.Group) && (item.Name == "" || shellMatch(item.Name, o.Name)) {
			return item, true
		}
	}
	return v1alpha1.ClusterResourceRestrictionItem{}, false
}

func kindText(gk schema.GroupKind) string {
	if gk.Group == "" {
		return gk.Kind
	}
	return gk.Group + "/" + gk.Kind
}

func itemText(i v1alpha1.ClusterResourceRestrictionItem) string {
	text := i.Group + "/" + i.Kind
	if i.Name != "" {
		text += " named " + i.Name
	}
	return text
}
