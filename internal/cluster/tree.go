package cluster

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/resource"
)

// Branch is an object in a tree of owners.
type Branch struct {
	*Record
	// OwnedBy are the keys of those of its owners that are in the cluster.
	OwnedBy []resource.Key
	// Above is where in the list that owner stands below which it was found, -1 for a root.
	Above int
}

// Descend are the objects with these keys and all that they own, owners before what they
// own and siblings by key, at most limit of them. An object is there once, and a root is
// a root even if another owns it.
func (x *Index) Descend(roots []resource.Key, limit int) []Branch {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []Branch
	x.shelf.walk(roots, func(e *entry, above int) bool {
		b := Branch{Record: e.record(), Above: above}
		for _, o := range x.shelf.ownersOf(e.place, e.owners(), e.inferred()) {
			b.OwnedBy = append(b.OwnedBy, o.key())
		}
		out = append(out, b)
		return len(out) < limit
	})
	return out
}

// walk visits the entries below and with roots until visit says no. above is how many
// were visited before the owner below which one was found.
func (s *shelf) walk(roots []resource.Key, visit func(e *entry, above int) bool) {
	type step struct {
		entry *entry
		above int
	}
	seen := make(map[*entry]bool, 2*len(roots))
	var stack []step
	for _, key := range slices.Backward(roots) {
		if e := s.find(key); e != nil && !seen[e] {
			seen[e] = true
			stack = append(stack, step{e, -1})
		}
	}
	for visited := 0; len(stack) > 0; visited++ {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !visit(top.entry, top.above) {
			return
		}
		children := s.ownedBy(top.entry)
		slices.SortFunc(children, func(a, b *entry) int { return b.compare(a) })
		for _, child := range children {
			if !seen[child] {
				seen[child] = true
				stack = append(stack, step{child, visited})
			}
		}
	}
}

// Summary is what a tree of objects says together.
type Summary struct {
	// Images are those of the Pods, URLs those for people, both in no order and without
	// doubles.
	Images, URLs []string
}

// Summarize sums up the objects with these keys and all that they own.
func (x *Index) Summarize(roots []resource.Key) Summary {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var sum Summary
	images, urls := map[string]bool{}, map[string]bool{}
	add := func(seen map[string]bool, to *[]string, texts []string) {
		for _, t := range texts {
			if !seen[t] {
				seen[t] = true
				*to = append(*to, t)
			}
		}
	}
	x.shelf.walk(roots, func(e *entry, _ int) bool {
		if e.opinion == nil {
			return true
		}
		if e.place.kind.Group == "" && e.place.kind.Kind == "Pod" {
			add(images, &sum.Images, e.opinion.images)
		}
		if e.opinion.network != nil {
			add(urls, &sum.URLs, e.opinion.network.URLs)
		}
		return true
	})
	return sum
}

// Children are the records of the objects whose owner references name uid.
func (x *Index) Children(of types.UID) []*Record {
	x.mu.RLock()
	defer x.mu.RUnlock()
	u, _ := uidOf(of)
	list := x.shelf.children[u]
	out := make([]*Record, 0, len(list))
	for _, e := range list {
		out = append(out, e.record())
	}
	return out
}

// Loose are the objects of a namespace that name no owner, and of which none is inferred.
// One whose owner is gone is not among them: the garbage collector sees to it.
func (x *Index) Loose(namespace string) []*Record {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []*Record
	for p := range x.shelf.spaces[namespace] {
		for _, e := range p.entries {
			if len(e.owners()) > 0 || e.inferred() != (resource.Key{}) && len(x.shelf.ownersOf(p, nil, e.inferred())) > 0 {
				continue
			}
			out = append(out, e.record())
		}
	}
	return out
}

const (
	// maxOwners bounds a walk from an object up, in steps and in all.
	maxOwners  = 16
	maxVisited = 256
)

// AppsOf are the Application instances to whose trees a record belongs: its own
// and those of its owners. The object may be gone already.
func (x *Index) AppsOf(r *Record) []string {
	if r == nil {
		return nil
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	var apps []string
	if r.App != "" {
		apps = append(apps, r.App)
	}
	if len(r.Owners) == 0 && r.Inferred == (resource.Key{}) {
		return apps
	}
	owners := make([]uid, len(r.Owners))
	for i, o := range r.Owners {
		owners[i], _ = uidOf(o)
	}
	self := x.shelf.find(r.Key)
	seen := map[*entry]bool{self: true}
	level := x.shelf.ownersOf(&place{namespace: r.Key.Namespace}, owners, r.Inferred)
	for range maxOwners {
		var next []*entry
		for _, e := range level {
			if seen[e] || len(seen) > maxVisited {
				continue
			}
			seen[e] = true
			if app := e.app(); app != "" {
				apps = append(apps, app)
			}
			next = append(next, x.shelf.ownersOf(e.place, e.owners(), e.inferred())...)
		}
		if level = next; len(level) == 0 {
			break
		}
	}
	return apps
}
