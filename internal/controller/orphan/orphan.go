// Package orphan finds what lies in the namespace of an Application's destination, is part
// of no Application, and is owned by nothing, where the project asks for that
// (argo-cd.md §1.8). It reads the index and sends nothing.
package orphan

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/desired/project"
)

// Finder finds them. It is safe for concurrent use if its functions are.
type Finder struct {
	Cluster *cluster.Cluster
	Claims  *claim.Set
	// App is an Application, or nil when there is none of that name.
	App func(types.NamespacedName) *v1alpha1.Application
	// Namespace is the control namespace.
	Namespace string
}

// Of are the orphans that an Application with this destination sees, sorted by key: the
// loose objects alone. What they own is not among them, so their number does not change
// with each Pod; Argo CD counts it too.
func (f *Finder) Of(rules *project.Rules, d v1alpha1.ApplicationDestination) []*cluster.Record {
	if !rules.SeeksOrphans() || d.Namespace == "" {
		return nil
	}
	out := slices.DeleteFunc(f.Cluster.Loose(d.Namespace), func(r *cluster.Record) bool {
		return r.App != "" && f.exists(r.App) || f.Claims.Of(r.Key, "") != nil ||
			!rules.Orphan(project.Object{Kind: r.Key.GroupKind(), Name: r.Key.Name, Namespace: r.Key.Namespace}, d)
	})
	slices.SortFunc(out, func(a, b *cluster.Record) int { return a.Key.Compare(b.Key) })
	return out
}

// exists says whether there is an Application with this name in tracking ids. Neither
// namespaces nor names have underscores.
func (f *Finder) exists(instance string) bool {
	namespace, name, qualified := strings.Cut(instance, "_")
	if !qualified {
		namespace, name = f.Namespace, instance
	}
	return f.App(types.NamespacedName{Namespace: namespace, Name: name}) != nil
}
