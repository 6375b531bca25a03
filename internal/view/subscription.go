package view

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strconv"
	"time"
)

// tagBits are the low bits of a Message's ID. They tell this process and this
// set of topics from others: an ID of theirs resumes nothing here. IDs stay
// below 2^53, the integers that JavaScript can hold.
const tagBits = 20

// ErrClosed is what Next returns once the subscription was closed.
var ErrClosed = errors.New("view: the subscription is closed")

// Subscription follows some topics.
type Subscription struct {
	store   *Store
	topics  []string
	feeds   []*feed // by index of topics
	tag     uint64
	signals chan struct{}
	done    chan struct{}
	release func() bool // stops watching the context

	closed bool // needs store.mu

	// What follows belongs to the goroutine that calls Next.
	cursors []uint64 // by index of topics: up to where each was taken
	queue   []Message
	lastID  uint64    // of the last message that stood in the queue
	paced   time.Time // no deltas before
}

// Subscribe follows topics until ctx ends or Close is called. lastID is the ID of
// the last message that the subscriber has had, if any; where deltas lead from
// there to the present it gets those, else snapshots.
//
// Topics that a stranger named must have passed CheckTopic.
func (s *Store) Subscribe(ctx context.Context, topics []string, lastID string) *Subscription {
	sub := &Subscription{
		store:   s,
		topics:  sortedTopics(topics),
		signals: make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	sub.tag = s.tag(sub.topics)
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.resume(lastID, sub.tag)
	sub.lastID = sub.id(from)
	for _, topic := range sub.topics {
		f, ok := s.feeds[topic]
		if !ok || f.tree != nil {
			f = s.watchTree(topic)
		}
		f.watchers[sub] = struct{}{}
		sub.feeds = append(sub.feeds, f)
		sub.cursors = append(sub.cursors, from)
	}
	sub.release = context.AfterFunc(ctx, sub.Close)
	return sub
}

// tag is never 0, so that the ID 0 is nobody's.
func (s *Store) tag(topics []string) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, topic := range topics {
		_, _ = h.WriteString(topic) // never fails
		_ = h.WriteByte(0)          // never fails
	}
	return max(1, h.Sum64()>>(64-tagBits))
}

// resume is the position that an ID stands for, or 0.
func (s *Store) resume(id string, tag uint64) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n&(1<<tagBits-1) != tag {
		return 0
	}
	position := n >> tagBits
	if position < s.start || position > s.position {
		return 0
	}
	return position
}

// Close ends the subscription; a Next that waits returns. It may be called twice.
func (sub *Subscription) Close() {
	s := sub.store
	s.mu.Lock()
	defer s.mu.Unlock()
	sub.release()
	if sub.closed {
		return
	}
	sub.closed = true
	close(sub.done)
	for i, f := range sub.feeds {
		delete(f.watchers, sub)
		if f.tree != nil && len(f.watchers) == 0 {
			s.leaveTree(sub.topics[i], f)
		}
	}
}

func (sub *Subscription) signal() {
	select {
	case sub.signals <- struct{}{}:
	default: // it has one to take already
	}
}

// Next is the next message. It waits for one until ctx ends or the subscription
// is closed, whose error it returns then.
func (sub *Subscription) Next(ctx context.Context) (Message, error) {
	for {
		if len(sub.queue) > 0 {
			m := sub.queue[0]
			sub.queue = sub.queue[1:]
			return m, nil
		}
		wait := sub.take(time.Now())
		if len(sub.queue) > 0 {
			continue
		}
		if err := sub.wait(ctx, wait); err != nil {
			return Message{}, err
		}
	}
}

// wait returns at the next signal, after d if d is not 0, or with an error.
func (sub *Subscription) wait(ctx context.Context, d time.Duration) error {
	var due <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-sub.done:
		return ErrClosed
	case <-sub.signals:
	case <-due:
	}
	return nil
}

// take queues what there is, or says how long to wait until it may.
func (sub *Subscription) take(now time.Time) time.Duration {
	s := sub.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := sub.paced.Sub(now); wait > 0 && sub.onlyDeltas() {
		return wait
	}
	for i, f := range sub.feeds {
		if !f.ready {
			continue
		}
		m := Message{Topic: sub.topics[i], Event: EventSnapshot}
		if sub.cursors[i] < f.floor {
			m.Items = f.snapshot()
		} else {
			m.Event = EventDelta
			m.Upsert, m.Delete = f.since(sub.cursors[i])
		}
		sub.cursors[i] = s.position
		if m.Event == EventDelta && len(m.Upsert) == 0 && len(m.Delete) == 0 {
			continue
		}
		sub.queue = append(sub.queue, m)
	}
	sub.number()
	if len(sub.queue) > 0 {
		sub.paced = now.Add(s.options.Pace)
	}
	return 0
}

// number gives the queued messages their IDs. All but the last repeat the ID
// before: resuming there yields the whole batch again. A topic that was not ready
// holds the last one back, so that resuming yields its snapshot.
func (sub *Subscription) number() {
	for i := range sub.queue {
		if i == len(sub.queue)-1 {
			sub.lastID = sub.id(slices.Min(sub.cursors))
		}
		sub.queue[i].ID = sub.lastID
	}
}

func (sub *Subscription) id(position uint64) uint64 {
	if position == 0 {
		return 0
	}
	return position<<tagBits | sub.tag
}

// onlyDeltas says that no topic is waiting for its snapshot.
func (sub *Subscription) onlyDeltas() bool {
	for i, f := range sub.feeds {
		if f.ready && sub.cursors[i] < f.floor {
			return false
		}
	}
	return true
}
