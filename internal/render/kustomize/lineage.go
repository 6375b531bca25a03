package kustomize

import (
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// lineage follows Kustomize from kustomizations to what they are made of, for the
// namespace that charts get: that of the kustomization, or of the nearest above it
// that has one (kustomize issue 6031).
type lineage struct{ path []ancestor }

type ancestor struct {
	namespace string
	// children are the directories that have not been read yet, in order.
	children []spot
}

// enter is called with each kustomization as it is read, and is its namespace.
func (l *lineage) enter(c *checked, k *types.Kustomization) string {
	namespace := k.Namespace
	for i := len(l.path) - 1; i >= 0; i-- {
		a := &l.path[i]
		if at := indexSpot(a.children, c.dir); at >= 0 {
			a.children = a.children[at+1:]
			if namespace == "" {
				namespace = a.namespace
			}
			l.path = l.path[:i+1]
			break
		}
	}
	one := ancestor{namespace: namespace}
	for _, list := range [...][]string{k.Resources, k.Components} {
		for _, p := range list {
			one.children = append(one.children, c.child(p))
		}
	}
	l.path = append(l.path, one)
	return namespace
}

func indexSpot(spots []spot, s spot) int {
	for i := range spots {
		if spots[i] == s {
			return i
		}
	}
	return -1
}

// child is the spot of an entry that has been looked through; none if there is none.
func (c *checked) child(p string) spot {
	if strings.HasPrefix(p, mark) {
		s, _ := c.mounts.at(p) // a mount of our own
		return s
	}
	s, _ := c.dir.resolve("", p) // refused elsewhere
	return s
}
