package view

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// Trees builds the tree of an Application; nil when there is no such
// Application. It may be called from any goroutine, and the Store changes no
// node that it gets.
type Trees interface {
	Tree(namespace, name string) []Node
}

// Options of a Store.
type Options struct {
	// Trees builds trees; nil means that every tree is empty.
	Trees Trees
	// Deeds are what was done to an Application; nil means nothing. It may be called from
	// any goroutine.
	Deeds func(namespace, name string) []Deed
	// Pace is the shortest time between two batches of deltas to one subscriber;
	// what changes meanwhile is gathered. 0 means 50 ms. Snapshots do not wait.
	Pace time.Duration
	// TreePace is the shortest time between two builds of one tree; 0 means 100 ms.
	TreePace time.Duration
	// TreeRetention is how long a tree that nobody looks at any more can be
	// resumed; 0 means 30 s.
	TreeRetention time.Duration
}

// Store holds the read models and tells subscribers of their changes.
type Store struct {
	options Options
	seed    maphash.Seed

	mu       sync.Mutex
	position uint64 // of the last change, over all topics
	start    uint64 // the position that this process began with
	apps     map[string]App
	feeds    map[string]*feed // topic -> its feed; a tree only while it is looked at
}

// feed is a topic and those who follow it.
type feed struct {
	*ledger
	// ready is false for a tree that is not built or out of date.
	ready    bool
	watchers map[*Subscription]struct{}
	tree     *tree // nil for other topics
}

// NewStore makes an empty Store.
func NewStore(o Options) *Store {
	o.Pace = cmp.Or(o.Pace, 50*time.Millisecond)
	o.TreePace = cmp.Or(o.TreePace, 100*time.Millisecond)
	o.TreeRetention = cmp.Or(o.TreeRetention, 30*time.Second)
	// Positions start at the time, so that a former process's are below ours.
	start := uint64(max(time.Now().Unix(), 1))
	s := &Store{options: o, seed: maphash.MakeSeed(), position: start, start: start}
	s.apps = map[string]App{}
	s.feeds = map[string]*feed{
		TopicApps:     newFeed(start),
		TopicVersions: newFeed(start),
	}
	return s
}

func newFeed(floor uint64) *feed {
	return &feed{ledger: newLedger(floor), ready: true, watchers: map[*Subscription]struct{}{}}
}

// PutApp publishes a row. A row equal to the last one is not published, so the
// controller may call it at every turn and should at each new resourceVersion.
// Calls for one Application must not overlap.
func (s *Store) PutApp(a App) {
	a = filled(a)
	key := a.Key()
	row := encode(a)
	version := encode(Version{Namespace: a.Namespace, Name: a.Name, ResourceVersion: a.ResourceVersion})

	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.apps[key]
	s.apps[key] = a
	s.put(s.feeds[TopicApps], key, row)
	if s.put(s.feeds[TopicVersions], key, version) {
		s.changed(DeedsTopic(a.Namespace, a.Name))
	}
	if !known {
		s.changed(TreeTopic(a.Namespace, a.Name))
	}
}

// RemoveApp publishes that an Application is gone.
func (s *Store) RemoveApp(namespace, name string) {
	key := namespace + "/" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.apps, key)
	s.remove(s.feeds[TopicApps], key)
	s.remove(s.feeds[TopicVersions], key)
	s.changed(TreeTopic(namespace, name))
	s.changed(DeedsTopic(namespace, name))
}

// Apps is every row, sorted by namespace and name.
func (s *Store) Apps() []App {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([]App, 0, len(s.apps))
	for _, key := range s.feeds[TopicApps].keys() {
		rows = append(rows, s.apps[key])
	}
	return rows
}

// App is the row of one Application.
func (s *Store) App(namespace, name string) (App, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.apps[namespace+"/"+name]
	return a, ok
}

// Tree builds an Application's tree for somebody who looks once.
func (s *Store) Tree(namespace, name string) []Node {
	if s.options.Trees == nil {
		return nil
	}
	return s.options.Trees.Tree(namespace, name)
}

// Query selects rows: a page and how many there are in all. Its error is
// fault.Invalid.
func (s *Store) Query(q Query) (page []App, total int, err error) {
	return q.Select(s.Apps())
}

// put and remove need s.mu. put says whether the value is another one.
func (s *Store) put(f *feed, key string, raw []byte) bool {
	if !f.put(key, raw, s.position+1) {
		return false
	}
	s.position++
	f.wake()
	return true
}

func (s *Store) remove(f *feed, key string) {
	if f.remove(key, s.position+1) {
		s.position++
		f.wake()
	}
}

func (f *feed) wake() {
	for sub := range f.watchers {
		sub.signal()
	}
}

// filled makes lists that the UI loops over present.
func filled(a App) App {
	if a.Conditions == nil {
		a.Conditions = []Condition{}
	}
	if a.Images == nil {
		a.Images = []string{}
	}
	if a.Labels == nil {
		a.Labels = map[string]string{}
	}
	if a.Reason.Params == nil {
		a.Reason.Params = map[string]string{}
	}
	return a
}

func filledNode(n Node) Node {
	if n.Images == nil {
		n.Images = []string{}
	}
	if n.Info == nil {
		n.Info = []Info{}
	}
	if n.Drift == nil {
		n.Drift = []Drift{}
	}
	return n
}

func sortedTopics(topics []string) []string {
	t := slices.Clone(topics)
	slices.Sort(t)
	return slices.Compact(t)
}
