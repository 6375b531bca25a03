package view_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/internal/view"
)

// forest serves trees out of a map, and counts how often it was asked.
type forest struct {
	mu    sync.Mutex
	trees map[string][]view.Node
	built int
}

func (f *forest) Tree(namespace, name string) []view.Node {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.built++
	return slices.Clone(f.trees[namespace+"/"+name])
}

func (f *forest) set(key string, nodes ...view.Node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trees == nil {
		f.trees = map[string][]view.Node{}
	}
	f.trees[key] = nodes
}

func (f *forest) builds() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.built
}

// replica is what a subscriber makes of messages: topic -> key -> value.
type replica map[string]map[string]string

func (r replica) apply(m view.Message) {
	if m.Event == view.EventSnapshot || r[m.Topic] == nil {
		r[m.Topic] = map[string]string{}
	}
	for _, raw := range slices.Concat(m.Items, m.Upsert) {
		var v struct{ ID, Namespace, Name string }
		if err := json.Unmarshal(raw, &v); err != nil {
			panic(err)
		}
		key := v.ID
		if key == "" {
			key = v.Namespace + "/" + v.Name
		}
		r[m.Topic][key] = string(raw)
	}
	for _, key := range m.Delete {
		delete(r[m.Topic], key)
	}
}

// Sleeping in these tests is inside a synctest bubble: it moves a fake clock.

// drain applies what comes until nothing does any more; it needs a synctest bubble.
func drain(t testing.TB, sub *view.Subscription, r replica) (messages []view.Message) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		m, err := sub.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return messages
		}
		if err != nil {
			t.Fatal(err)
		}
		r.apply(m)
		messages = append(messages, m)
	}
}

func app(name, revision string) view.App {
	return view.App{Namespace: "argocd", Name: name, Revision: revision, ResourceVersion: revision}
}

func lastID(messages []view.Message) string {
	return strconv.FormatUint(messages[len(messages)-1].ID, 10)
}

func TestSnapshotThenDeltas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := view.NewStore(view.Options{})
		s.PutApp(app("b", "1"))
		s.PutApp(app("a", "1"))
		sub := s.Subscribe(t.Context(), []string{view.TopicApps}, "")
		defer sub.Close()
		first, err := sub.Next(t.Context())
		if err != nil || first.Event != view.EventSnapshot || len(first.Items) != 2 {
			t.Fatalf("got %+v, %v; want a snapshot of two", first, err)
		}
		s.PutApp(app("a", "1")) // the same again
		s.PutApp(app("b", "2"))
		s.PutApp(app("b", "3"))
		s.PutApp(app("c", "1"))
		s.RemoveApp("argocd", "a")
		s.RemoveApp("argocd", "nobody")
		second, err := sub.Next(t.Context())
		if err != nil || second.ID <= first.ID || second.Event != view.EventDelta {
			t.Fatalf("got %+v, %v; want a later delta", second, err)
		}
		if len(second.Upsert) != 2 || !slices.Equal(second.Delete, []string{"argocd/a"}) {
			t.Errorf("not coalesced: %s", second.AppendData(nil))
		}
		r := replica{}
		if got := drain(t, sub, r); len(got) != 0 {
			t.Errorf("equal rows were published: %+v", got)
		}
	})
}

func TestMessageJSON(t *testing.T) {
	raw := []json.RawMessage{[]byte(`{"a":1}`), []byte(`{"b":2}`)}
	cases := map[string]view.Message{
		`{"topic":"apps","items":[{"a":1},{"b":2}]}`:                   {Event: view.EventSnapshot, Topic: "apps", Items: raw},
		`{"topic":"tree:a/b","items":[]}`:                              {Event: view.EventSnapshot, Topic: "tree:a/b"},
		`{"topic":"apps","upsert":[{"a":1},{"b":2}],"delete":["x/y"]}`: {Event: view.EventDelta, Topic: "apps", Upsert: raw, Delete: []string{"x/y"}},
		`{"topic":"apps","upsert":[],"delete":["x/\"","y"]}`:           {Event: view.EventDelta, Topic: "apps", Delete: []string{`x/"`, "y"}},
	}
	for want, m := range cases {
		if got := string(m.AppendData(nil)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &forest{}
		f.set("argocd/a", view.Node{ID: "n1"})
		s := view.NewStore(view.Options{Trees: f})
		s.PutApp(app("a", "1"))
		topics := []string{view.TopicApps, view.TreeTopic("argocd", "a")}
		r := replica{}
		sub := s.Subscribe(t.Context(), topics, "")
		id := lastID(drain(t, sub, r))
		sub.Close()

		s.PutApp(app("b", "1"))
		f.set("argocd/a", view.Node{ID: "n1"}, view.Node{ID: "n2"})
		s.TreeChanged("argocd", "a")
		sub = s.Subscribe(t.Context(), topics, id)
		for _, m := range drain(t, sub, r) {
			if m.Event != view.EventDelta {
				t.Errorf("a known position got %s of %s", m.Event, m.Topic)
			}
		}
		sub.Close()
		if len(r[topics[0]]) != 2 || len(r[topics[1]]) != 2 {
			t.Errorf("resumed to %v", r)
		}

		restarted := view.NewStore(view.Options{})
		restarted.PutApp(app("z", "1"))
		time.Sleep(time.Minute) // the tree's retention, in the bubble's time
		for reason, c := range map[string]struct {
			store  *view.Store
			topics []string
			id     string
		}{
			"another process":    {restarted, topics, id},
			"other topics":       {s, topics[:1], id},
			"not a number":       {s, topics, "abc"},
			"of the future":      {s, topics, "99999999999999999999"},
			"negative":           {s, topics, "-1"},
			"zero":               {s, topics, "0"},
			"a tag, no position": {s, topics, "1"},
		} {
			sub := c.store.Subscribe(t.Context(), c.topics, c.id)
			for _, m := range drain(t, sub, replica{}) {
				if m.Event != view.EventSnapshot {
					t.Errorf("%s: got %s of %s, want a snapshot", reason, m.Event, m.Topic)
				}
			}
			sub.Close()
		}
		sub = s.Subscribe(t.Context(), topics, id)
		defer sub.Close()
		for _, m := range drain(t, sub, replica{}) {
			if wantSnapshot := m.Topic == topics[1]; (m.Event == view.EventSnapshot) != wantSnapshot {
				t.Errorf("after the retention: %s of %s", m.Event, m.Topic)
			}
		}
	})
}

func TestTreeBuiltOnlyWhileWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &forest{}
		s := view.NewStore(view.Options{Trees: f})
		s.PutApp(app("a", "1"))
		s.TreeChanged("argocd", "a")
		synctest.Wait()
		if f.builds() != 0 {
			t.Fatal("a tree was built that nobody looks at")
		}
		sub := s.Subscribe(t.Context(), []string{view.TreeTopic("argocd", "a")}, "")
		r := replica{}
		if got := drain(t, sub, r); len(got) != 1 || got[0].Items == nil {
			t.Fatalf("want one empty snapshot, got %+v", got)
		}
		// 1,000 changes over one second are 10 builds and one at either end at most.
		before := f.builds()
		for i := range 1000 {
			f.set("argocd/a", view.Node{ID: "n", Message: strconv.Itoa(i)})
			s.TreeChanged("argocd", "a")
			time.Sleep(time.Millisecond)
		}
		drain(t, sub, r)
		if n := f.builds() - before; n < 9 || n > 12 {
			t.Errorf("built %d times in a second", n)
		}
		var n view.Node
		if err := json.Unmarshal([]byte(r["tree:argocd/a"]["n"]), &n); err != nil || n.Message != "999" {
			t.Errorf("got %+v, %v; want the last state", n, err)
		}
		before = f.builds()
		s.TreeChanged("argocd", "a")
		if got := drain(t, sub, r); len(got) != 0 || f.builds() != before+1 {
			t.Errorf("an equal tree was published: %+v", got)
		}
		sub.Close()
		before = f.builds()
		s.TreeChanged("argocd", "a")
		time.Sleep(time.Second)
		if f.builds() != before {
			t.Error("a tree was built after the last watcher had left")
		}
	})
}

func TestSubscriptionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := view.NewStore(view.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		sub := s.Subscribe(ctx, []string{view.TopicApps}, "")
		drain(t, sub, replica{})
		cancel()
		if _, err := sub.Next(t.Context()); !errors.Is(err, view.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		sub.Close()
	})
}

// A subscriber that stays away costs nobody anything and gets each key once.
func TestSlowSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := view.NewStore(view.Options{})
		sub := s.Subscribe(t.Context(), []string{view.TopicApps}, "")
		defer sub.Close()
		r := replica{}
		drain(t, sub, r)
		for i := range 10_000 {
			s.PutApp(app(fmt.Sprintf("app-%d", i%10), strconv.Itoa(i)))
		}
		got := drain(t, sub, r)
		if len(got) != 1 || len(got[0].Upsert) != 10 {
			t.Errorf("got %d messages, the first with %d rows; want 1 with 10", len(got), len(got[0].Upsert))
		}
		// More deletions than are remembered end in a snapshot, not in a hole.
		for i := range 5000 {
			s.PutApp(app(fmt.Sprintf("gone-%d", i), "1"))
			s.RemoveApp("argocd", fmt.Sprintf("gone-%d", i))
		}
		if got := drain(t, sub, r); len(got) != 1 || got[0].Event != view.EventSnapshot || len(got[0].Items) != 10 {
			t.Errorf("want a snapshot of 10, got %d messages", len(got))
		}
	})
}

// Whatever is published and however slowly it is read, broken off and resumed:
// what the reader ends up with is what there is.
func TestReplicaEqualsStore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) { replicaEqualsStore(t, rt) })
	})
}

func replicaEqualsStore(t *testing.T, rt *rapid.T) {
	f := &forest{}
	s := view.NewStore(view.Options{Trees: f})
	topics := []string{view.TopicApps, view.TreeTopic("argocd", "a")}
	sub := s.Subscribe(t.Context(), topics, "")
	r, id := replica{}, "0"
	name := rapid.SampledFrom([]string{"a", "b", "c"})
	steps := rapid.SampledFrom([]string{"put", "put", "remove", "tree", "read", "wait", "resume"})
	for range rapid.IntRange(0, 40).Draw(rt, "steps") {
		switch steps.Draw(rt, "step") {
		case "put":
			s.PutApp(app(name.Draw(rt, "name"), rapid.StringMatching(`[0-3]`).Draw(rt, "revision")))
		case "remove":
			s.RemoveApp("argocd", name.Draw(rt, "name"))
		case "tree":
			f.set("argocd/a", nodes(rt)...)
			s.TreeChanged("argocd", "a")
		case "wait":
			time.Sleep(rapid.SampledFrom([]time.Duration{time.Millisecond, 60 * time.Millisecond, time.Minute}).Draw(rt, "wait"))
		case "read":
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			if m, err := sub.Next(ctx); err == nil {
				r.apply(m)
				id = strconv.FormatUint(m.ID, 10)
			}
			cancel()
		case "resume":
			sub.Close()
			sub = s.Subscribe(t.Context(), topics, id)
		}
	}
	drain(t, sub, r)
	sub.Close()
	want := replica{topics[0]: {}, topics[1]: {}}
	fresh := s.Subscribe(t.Context(), topics, "")
	drain(t, fresh, want)
	fresh.Close()
	if d := cmp.Diff(want, r); d != "" {
		rt.Fatalf("replica (-want +got):\n%s", d)
	}
	keys := []string{}
	for _, a := range s.Apps() {
		keys = append(keys, a.Key())
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(r[topics[0]])), keys); d != "" && len(keys) > 0 {
		rt.Fatalf("rows (-replica +store):\n%s", d)
	}
}

func nodes(rt *rapid.T) []view.Node {
	ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-d]`), 0, 4, rapid.ID[string]).Draw(rt, "ids")
	var out []view.Node
	for _, id := range ids {
		out = append(out, view.Node{ID: id, Message: rapid.StringMatching(`[xy]`).Draw(rt, "message")})
	}
	return out
}

// For the race detector: publishers and readers of all sorts at once.
func TestConcurrentUse(t *testing.T) {
	f := &forest{}
	s := view.NewStore(view.Options{Trees: f, Pace: time.Microsecond, TreePace: time.Microsecond, TreeRetention: time.Microsecond})
	ctx, cancel := context.WithCancel(t.Context())
	var publishers, readers sync.WaitGroup
	for p := range 4 {
		publishers.Go(func() {
			name := fmt.Sprintf("app-%d", p)
			for i := range 200 {
				s.PutApp(app(name, strconv.Itoa(i)))
				f.set("argocd/"+name, view.Node{ID: strconv.Itoa(i % 3)})
				s.TreeChanged("argocd", name)
				if i%50 == 49 {
					s.RemoveApp("argocd", name)
				}
				s.Apps()
			}
		})
	}
	var taken atomic.Int64
	for p := range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				sub := s.Subscribe(ctx, []string{view.TopicApps, view.TreeTopic("argocd", fmt.Sprintf("app-%d", p))}, "")
				for range 5 {
					if _, err := sub.Next(ctx); err != nil {
						break
					}
					taken.Add(1)
				}
				sub.Close()
			}
		})
	}
	publishers.Wait()
	cancel()
	readers.Wait()
	if taken.Load() == 0 {
		t.Error("nobody got anything")
	}
}

// TestNothingIsLeftOut: the web app reads these of every row, also where they are empty.
func TestNothingIsLeftOut(t *testing.T) {
	s := view.NewStore(view.Options{})
	s.PutApp(view.App{Namespace: "argocd", Name: "new"})
	sub := s.Subscribe(t.Context(), []string{view.TopicApps}, "")
	defer sub.Close()
	m, err := sub.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row := string(m.AppendData(nil))
	for _, part := range []string{`"labels":{}`, `"params":{}`, `"chart":""`, `"conditions":[]`, `"images":[]`, `"operation":null`, `"pin":null`, `"confirm":0`} {
		if !strings.Contains(row, part) {
			t.Errorf("%s is not in %s", part, row)
		}
	}
}

// TestDeeds: what was done is told only to those who look, and anew with each version
// of the Application.
func TestDeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, message := 0, "one"
		s := view.NewStore(view.Options{Deeds: func(namespace, name string) []view.Deed {
			asked++
			return []view.Deed{{ID: "result/" + namespace + "/" + name, Result: &view.Result{Message: message}}}
		}})
		row := app("shop", "1")
		s.PutApp(row)
		sub := s.Subscribe(t.Context(), []string{view.DeedsTopic("argocd", "shop")}, "")
		defer sub.Close()
		next := func() string {
			m, err := sub.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return string(m.AppendData(nil))
		}
		if got := next(); !strings.Contains(got, `"items":[{"id":"result/argocd/shop","result":{`) || !strings.Contains(got, `"message":"one"`) {
			t.Errorf("snapshot %s", got)
		}
		s.PutApp(row) // says nothing new
		time.Sleep(time.Minute)
		synctest.Wait()
		if asked != 1 {
			t.Errorf("built %d times for one version", asked)
		}
		message, row.ResourceVersion = "two", "2"
		s.PutApp(row)
		if got := next(); !strings.Contains(got, `"upsert":[{"id":"result/argocd/shop"`) || !strings.Contains(got, `"message":"two"`) {
			t.Errorf("delta %s", got)
		}
	})
}

func TestCheckTopic(t *testing.T) {
	for topic, ok := range map[string]bool{
		"apps": true, "tree:argocd/shop": true, "deeds:argocd/shop": true, "deeds:a": false, "deeds": false, "tree:argocd/shop.v2": true,
		"": false, "versions": false, "tree:": false, "tree:/": false, "tree:a": false, "tree:a/b/c": false, "tree:../x": false, "tree:a/B": false, "tree:a/b\n": false,
	} {
		if err := view.CheckTopic(topic); (err == nil) != ok {
			t.Errorf("%q: %v", topic, err)
		}
	}
}

// The load of ui.md §4.6: 2,000 applications, 80 changes a second, so one change
// may take 12.5 ms.
func BenchmarkChange(b *testing.B) {
	for _, watchers := range []int{0, 1, 50} {
		b.Run(fmt.Sprintf("watchers=%d", watchers), func(b *testing.B) {
			s := view.NewStore(view.Options{})
			for i := range 2000 {
				s.PutApp(app(fmt.Sprintf("app-%04d", i), "0"))
			}
			ctx, cancel := context.WithCancel(b.Context())
			var readers sync.WaitGroup
			for range watchers {
				sub := s.Subscribe(ctx, []string{view.TopicApps}, "")
				readers.Go(func() {
					var buffer []byte
					for {
						m, err := sub.Next(ctx)
						if err != nil {
							return
						}
						buffer = m.AppendData(buffer[:0])
					}
				})
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.PutApp(app(fmt.Sprintf("app-%04d", i%2000), strconv.Itoa(i+1)))
			}
			b.StopTimer()
			cancel()
			readers.Wait()
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	s := view.NewStore(view.Options{})
	for i := range 2000 {
		s.PutApp(app(fmt.Sprintf("app-%04d", i), "0"))
	}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		sub := s.Subscribe(b.Context(), []string{view.TopicApps}, "")
		m, err := sub.Next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		buffer = m.AppendData(buffer[:0])
		sub.Close()
	}
	b.SetBytes(int64(len(buffer)))
}
