package cause

import (
	"cmp"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Node is what is known of one object.
type Node struct {
	Key resource.Key
	UID string
	// Health is empty when the kind has no rule.
	Health  v1alpha1.HealthStatusCode
	Message string
	// Trouble is what Of said of its body.
	Trouble *Trouble
	Images  []string
	// Created is in seconds since 1970.
	Created int64
	// Revision is which version of its owner's template a ReplicaSet is of; 0 for all else.
	Revision int64
}

// Owned gives what an object owns, in any order. Explain asks once for each object.
type Owned func(uid string) []Node

// Group are the objects with one trouble, of what one object owns, or that object itself.
type Group struct {
	Trouble
	// Kind is theirs.
	Kind string
	// Self says that it is the object itself that was asked about.
	Self  bool
	Count int
	// Objects are the first of them by key, at most few; UIDs are theirs.
	Objects []resource.Key
	UIDs    []string
	// Restarts are those of all of them.
	Restarts int64
	// Message is what the first of them says.
	Message string
	// Running is the image that runs instead of the one of an Aborted.
	Running string
}

const (
	// few is how many objects of a group are named.
	few = 5
	// maxNodes and maxDepth bound what is looked at below an object.
	maxNodes = 20_000
	maxDepth = 16
)

// Explain gives the reasons why an object is not healthy, what is wrong before what is
// merely under way, and none for one that is well. The order of what owned gives does not
// matter.
func Explain(of Node, owned Owned) []Group {
	w := walk{owned: owned, seen: map[string]bool{}, root: of.Key}
	w.below(of, 0)
	groups := w.groups
	slices.SortFunc(groups, func(a, b *Group) int {
		return cmp.Or(
			cmp.Compare(rank(a.Code), rank(b.Code)),
			cmp.Compare(a.Since, b.Since),
			a.Objects[0].Compare(b.Objects[0]),
			strings.Compare(a.Code+a.Container, b.Code+b.Container),
		)
	})
	out := make([]Group, len(groups))
	for i, g := range groups {
		out[i] = *g
	}
	return out
}

// rank orders the codes: what was decided, what is broken, what waits, what is under way.
func rank(code string) int {
	switch code {
	case Aborted:
		return 0
	case NotReady, Address, Deadline, Volume:
		return 2
	case Message:
		return 3
	case Starting:
		return 4
	case Deleting:
		return 5
	}
	return 1
}

// Before says whether g says more of why something is not healthy than other does.
func (g *Group) Before(other *Group) bool { return rank(g.Code) < rank(other.Code) }

// Lasting says whether a trouble stays until somebody does something about it, as far as
// that can be told: what merely starts or goes does not.
func (g *Group) Lasting() bool {
	return rank(g.Code) < 2 || g.Code == Deadline || g.Code == Volume
}

type walk struct {
	owned  Owned
	seen   map[string]bool
	root   resource.Key
	groups []*Group
	// byTrouble finds the group of a trouble.
	byTrouble map[identity]*Group
	// last is the one that was found last: neighbours mostly have one trouble.
	last   *Group
	lastID identity
}

// identity is what the objects of a group have in common.
type identity struct {
	group, kind, code, reason, container, image, detail string
	exit                                                int32
	self                                                bool
}

// nothing is the rank of no explanation.
const nothing = 9

// below adds what explains a node, and gives the rank of the best of it.
func (w *walk) below(n Node, depth int) int {
	if n.Health == v1alpha1.HealthStatusHealthy && n.Trouble == nil || depth > maxDepth || len(w.seen) >= maxNodes {
		return nothing
	}
	if n.UID != "" {
		if w.seen[n.UID] {
			return nothing
		}
		w.seen[n.UID] = true
	}
	t := n.Trouble
	if t == nil {
		if best := w.newest(w.children(n), depth); best != nothing {
			return best
		}
		return w.fallback(n)
	}
	switch {
	case t.Code == Deleting:
		w.add(n, *t)
	case t.Code == Aborted:
		w.abort(n, *t, w.children(n))
	case t.Code == Failed && n.Key.Kind == "Job":
		w.add(n, withExit(*t, w.children(n)))
	case t.Code == NoPods && n.Key.Kind == "ReplicaSet":
		w.add(n, *t)
		w.all(w.children(n), depth)
	default:
		if best := w.newest(w.children(n), depth); best < rank(Starting) {
			return best
		}
		w.add(n, *t)
	}
	return rank(t.Code)
}

func (w *walk) children(n Node) []Node {
	if n.UID == "" || w.owned == nil || n.Key.Kind == "Pod" && n.Key.Group == "" {
		return nil
	}
	return w.owned(n.UID)
}

// newest adds what explains the children of n. Of several ReplicaSets the newest is what
// is being rolled out; of several Jobs of one owner the last is what counts. Others are
// asked only where it has nothing to say.
func (w *walk) newest(children []Node, depth int) int {
	var last *Node
	for i := range children {
		c := &children[i]
		if versioned(c.Key) && (last == nil || newer(c, last)) {
			last = c
		}
	}
	if last == nil {
		return w.all(children, depth)
	}
	best := w.below(*last, depth+1)
	var rest []Node
	for _, c := range children {
		if !versioned(c.Key) || best == nothing {
			rest = append(rest, c)
		}
	}
	return min(best, w.all(rest, depth))
}

func versioned(k resource.Key) bool {
	return k.Group == "apps" && k.Kind == "ReplicaSet" || k.Group == "batch" && k.Kind == "Job"
}

func newer(a, b *Node) bool {
	return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Created, b.Created), a.Key.Compare(b.Key)) > 0
}

func (w *walk) all(children []Node, depth int) int {
	best := nothing
	for _, c := range children {
		best = min(best, w.below(c, depth+1))
	}
	return best
}

// fallback is what is said of an object of which nothing is known but its health.
func (w *walk) fallback(n Node) int {
	switch n.Health {
	case "", v1alpha1.HealthStatusHealthy, v1alpha1.HealthStatusSuspended:
		return nothing
	}
	t := Trouble{Code: Message, Detail: sentence(n.Message)}
	if n.Key.Kind == "Pod" && n.Key.Group == "" && n.Health == v1alpha1.HealthStatusProgressing {
		t = Trouble{Code: Starting, Since: n.Created}
	} else if n.Message == "" {
		return nothing
	}
	w.add(n, t)
	return rank(t.Code)
}

// withExit is a failed Job's trouble with the container that has ended badly in the last
// of its Pods.
func withExit(t Trouble, pods []Node) Trouble {
	var last *Node
	for i := range pods {
		p := &pods[i]
		if p.Trouble != nil && p.Trouble.Container != "" && (last == nil || newer(p, last)) {
			last = p
		}
	}
	if last == nil {
		return t
	}
	t.Container, t.Exit, t.Image = last.Trouble.Container, last.Trouble.Exit, last.Trouble.Image
	t.Detail = "" // that it has failed so often, which Reason says
	if last.Trouble.Reason == oomKilled {
		t.Detail = oomKilled
	}
	return t
}

// abort adds a Rollout that went back, with the image that it runs: that of the
// ReplicaSet whose hash its status names as stable.
func (w *walk) abort(n Node, t Trouble, children []Node) {
	stable := t.Detail
	t.Detail = sentence(n.Message)
	g := w.add(n, t)
	for _, c := range children {
		if stable == "" || c.Key.Kind != "ReplicaSet" || c.Key.Name != n.Key.Name+"-"+stable || len(c.Images) == 0 {
			continue
		}
		g.Image, g.Running = changed(n.Images, c.Images, t.Image)
	}
}

// changed is the first image that differs between what Git says and what runs; where none
// does, something else was rolled back.
func changed(git, running []string, otherwise string) (wanted, runs string) {
	if len(git) != len(running) {
		return otherwise, running[len(running)-1]
	}
	for i := range git {
		if git[i] != running[i] {
			return git[i], running[i]
		}
	}
	return "", ""
}

// add puts an object into the group of its trouble.
func (w *walk) add(n Node, t Trouble) *Group {
	restarts := int64(t.Restarts)
	t.Restarts = 0
	g := w.group(identity{n.Key.Group, n.Key.Kind, t.Code, t.Reason, t.Container, t.Image, t.Detail, t.Exit, n.Key == w.root}, t)
	g.Count++
	g.Restarts += restarts
	if t.Since != 0 && (g.Since == 0 || t.Since < g.Since) {
		g.Since = t.Since
	}
	g.note(n)
	return g
}

func (w *walk) group(id identity, t Trouble) *Group {
	if w.last != nil && w.lastID == id {
		return w.last
	}
	g := w.byTrouble[id]
	if g == nil {
		g = &Group{Trouble: t, Kind: id.kind, Self: id.self}
		w.groups = append(w.groups, g)
		if w.byTrouble == nil {
			w.byTrouble = map[identity]*Group{}
		}
		w.byTrouble[id] = g
	}
	w.last, w.lastID = g, id
	return g
}

// note keeps the first few objects by key.
func (g *Group) note(n Node) {
	i, _ := slices.BinarySearchFunc(g.Objects, n.Key, resource.Key.Compare)
	if i >= few {
		return
	}
	if i == 0 {
		g.Message = n.Message
	}
	g.Objects, g.UIDs = slices.Insert(g.Objects, i, n.Key), slices.Insert(g.UIDs, i, n.UID)
	if len(g.Objects) > few {
		g.Objects, g.UIDs = g.Objects[:few], g.UIDs[:few]
	}
}
