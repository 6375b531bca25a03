package view

import (
	"encoding/json"
	"time"
)

// tree is the building of one Application's tree. At most one build runs or is
// due at a time. All fields need Store.mu.
type tree struct {
	namespace, name string
	timer           *time.Timer // of the build that is due; nil when none is
	expiry          *time.Timer // of the feed, while nobody looks
	building        bool
	stale           bool // changed since the last build began
	built           time.Time
}

// TreeChanged says that an Application's tree may have changed. It costs next to
// nothing when nobody looks at the tree.
func (s *Store) TreeChanged(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.treeChanged(namespace, name)
}

func (s *Store) treeChanged(namespace, name string) {
	f, ok := s.feeds[TreeTopic(namespace, name)]
	if !ok {
		return
	}
	f.tree.stale = true
	if len(f.watchers) == 0 {
		f.ready = false
		return
	}
	s.schedule(f)
}

// schedule makes sure that a stale tree gets built.
func (s *Store) schedule(f *feed) {
	t := f.tree
	if t.building || t.timer != nil {
		return
	}
	wait := s.options.TreePace - time.Since(t.built)
	t.timer = time.AfterFunc(max(0, wait), func() { s.build(f) })
}

func (s *Store) build(f *feed) {
	t := f.tree
	s.mu.Lock()
	t.timer = nil
	if len(f.watchers) == 0 {
		s.mu.Unlock()
		return
	}
	t.building, t.stale = true, false
	s.mu.Unlock()

	nodes := encodeNodes(s.Tree(t.namespace, t.name))

	s.mu.Lock()
	defer s.mu.Unlock()
	t.building, t.built = false, time.Now()
	s.publishTree(f, nodes)
	if !t.stale {
		return
	}
	if len(f.watchers) == 0 {
		f.ready = false
		return
	}
	s.schedule(f)
}

func encodeNodes(nodes []Node) map[string]json.RawMessage {
	encoded := make(map[string]json.RawMessage, len(nodes))
	for _, n := range nodes {
		encoded[n.ID] = encode(filledNode(n))
	}
	return encoded
}

func (s *Store) publishTree(f *feed, nodes map[string]json.RawMessage) {
	for _, id := range f.keys() {
		if _, ok := nodes[id]; !ok {
			s.remove(f, id)
		}
	}
	for id, raw := range nodes {
		s.put(f, id, raw)
	}
	f.ready = true
	f.wake()
}

// watchTree is the feed of a tree, for one more watcher.
func (s *Store) watchTree(topic string) *feed {
	f, ok := s.feeds[topic]
	if !ok {
		// The floor lies above every position that anybody was told so far: nobody
		// can resume a tree that this feed never carried.
		s.position++
		f = newFeed(s.position)
		f.ready = false
		f.tree = &tree{stale: true}
		f.tree.namespace, f.tree.name = splitTree(topic)
		s.feeds[topic] = f
	}
	if f.tree.expiry != nil {
		f.tree.expiry.Stop()
		f.tree.expiry = nil
	}
	if f.tree.stale {
		s.schedule(f)
	}
	return f
}

// leaveTree keeps the tree for a while, so that a broken connection can resume.
func (s *Store) leaveTree(topic string, f *feed) {
	t := f.tree
	if t.timer != nil && t.timer.Stop() {
		t.timer = nil
	}
	if t.stale {
		f.ready = false
	}
	var expiry *time.Timer
	expiry = time.AfterFunc(s.options.TreeRetention, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.expiry == expiry {
			delete(s.feeds, topic)
		}
	})
	t.expiry = expiry
}
