package view

import (
	"encoding/json"
	"time"
)

// tree is the building of what is said of one Application only while somebody looks:
// its tree of objects, or what was done to it. At most one build runs or is due at a
// time. All fields need Store.mu.
type tree struct {
	// prefix is that of the topic and says what is built.
	prefix          string
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
	s.changed(TreeTopic(namespace, name))
}

// changed says that a topic that is built has to be built anew.
func (s *Store) changed(topic string) {
	f, ok := s.feeds[topic]
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

	values := s.contents(t)

	s.mu.Lock()
	defer s.mu.Unlock()
	t.building, t.built = false, time.Now()
	s.publishTree(f, values)
	if !t.stale {
		return
	}
	if len(f.watchers) == 0 {
		f.ready = false
		return
	}
	s.schedule(f)
}

// contents are the values of a topic that is built, by id.
func (s *Store) contents(t *tree) map[string]json.RawMessage {
	if t.prefix == treePrefix {
		return encodeNodes(s.Tree(t.namespace, t.name))
	}
	encoded := map[string]json.RawMessage{}
	if s.options.Deeds == nil {
		return encoded
	}
	for _, d := range s.options.Deeds(t.namespace, t.name) {
		encoded[d.ID] = encode(d)
	}
	return encoded
}

func encodeNodes(nodes []Node) map[string]json.RawMessage {
	encoded := make(map[string]json.RawMessage, len(nodes))
	for _, n := range nodes {
		encoded[n.ID] = encode(filledNode(n))
	}
	return encoded
}

func (s *Store) publishTree(f *feed, values map[string]json.RawMessage) {
	for _, id := range f.keys() {
		if _, ok := values[id]; !ok {
			s.remove(f, id)
		}
	}
	for id, raw := range values {
		s.put(f, id, raw)
	}
	f.ready = true
	f.wake()
}

// watchTree is the feed of a topic that is built, for one more watcher.
func (s *Store) watchTree(topic string) *feed {
	f, ok := s.feeds[topic]
	if !ok {
		// The floor lies above every position that anybody was told so far: nobody
		// can resume a tree that this feed never carried.
		s.position++
		f = newFeed(s.position)
		f.ready = false
		f.tree = &tree{stale: true}
		f.tree.prefix, f.tree.namespace, f.tree.name = splitTopic(topic)
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
