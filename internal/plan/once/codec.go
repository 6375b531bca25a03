package once

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

const (
	// DataKey is the key of the ConfigMap under which the ledger stands.
	DataKey = "ledger"

	version = 1

	// softSize is where old detail is dropped, hardSize where even successes are: a
	// ConfigMap holds a MiB. A bare success is some 320 bytes, so the ledger tells
	// of 1,600 states of inputs before it forgets the first (TestForgetting).
	softSize = 64 << 10
	hardSize = 512 << 10

	maxMessage = 1 << 10
	namePrefix = "evenkeel-ledger-"
	maxName    = 253
)

// ConfigMapName is the name of the ConfigMap that holds an Application's ledger.
func ConfigMapName(app string) string {
	if len(namePrefix+app) <= maxName {
		return namePrefix + app
	}
	sum := sha256.Sum256([]byte(app))
	const hash = 10
	return strings.TrimRight((namePrefix + app)[:maxName-hash-1], "-.") + "-" + hex.EncodeToString(sum[:])[:hash]
}

type document struct {
	Version int     `json:"version"`
	Entries []Entry `json:"entries"`
}

// Encode writes the ledger, in at most 512 KiB. Above 64 KiB it drops, oldest
// first, of entries that are not their task's newest: log tails, then parts, then
// failures. Only above 512 KiB does it drop entries that count as applied, the
// oldest first and never a task's newest, and never one that runs.
func Encode(l Ledger) (string, error) {
	l = Ledger{append([]Entry{}, l.Entries...)}
	for i := range l.Entries {
		e := &l.Entries[i]
		e.Message, e.Log = head(e.Message, maxMessage), tail(e.Log, MaxLog)
		e.Started, e.Finished = e.Started.UTC().Truncate(time.Second), e.Finished.UTC().Truncate(time.Second)
	}
	text, err := marshal(l)
	if err != nil {
		return "", err
	}
	for _, drop := range drops() {
		if len(text) <= drop.above {
			continue
		}
		l = drop.from(l, len(text)-drop.above)
		if text, err = marshal(l); err != nil {
			return "", err
		}
	}
	if len(text) > hardSize {
		return "", fault.New(fault.Failed, "the ledger has %d bytes, %d are allowed: too many tasks", len(text), hardSize)
	}
	return text, nil
}

func marshal(l Ledger) (string, error) {
	b, err := json.Marshal(document{Version: version, Entries: l.Entries})
	return string(b), err
}

// drop is one way of making a ledger smaller.
type drop struct {
	above int
	// less is the entry with less in it; keep false drops it whole.
	less func(e Entry) (lesser Entry, keep bool)
}

func drops() []drop {
	return []drop{
		{softSize, func(e Entry) (Entry, bool) { e.Log = ""; return e, true }},
		{softSize, func(e Entry) (Entry, bool) { e.Parts, e.Message = nil, ""; return e, true }},
		{softSize, func(e Entry) (Entry, bool) { return e, e.Outcome != Failed }},
		{hardSize, func(e Entry) (Entry, bool) { return e, false }},
	}
}

// from makes the ledger smaller by some bytes if it can, from the oldest entry on.
func (d drop) from(l Ledger, bytes int) Ledger {
	newest := l.latest()
	var out []Entry
	for i, e := range l.Entries {
		if bytes <= 0 || newest[i] || e.Outcome == Running || e.Held {
			out = append(out, e)
			continue
		}
		lesser, keep := d.less(e)
		before, after := size(e), 0
		if keep {
			after = size(lesser)
			out = append(out, lesser)
		}
		bytes -= before - after
	}
	return Ledger{out}
}

func size(e Entry) int {
	b, err := json.Marshal(e)
	if err != nil {
		return 0
	}
	return len(b) + 1
}

// latest are the indices of each task's newest entry and of its newest that counts
// as applied.
func (l Ledger) latest() map[int]bool {
	newest, applied, out := map[string]int{}, map[string]int{}, map[int]bool{}
	for i, e := range l.Entries {
		newest[e.Task] = i
		if e.Outcome.done() {
			applied[e.Task] = i
		}
	}
	for _, of := range [...]map[string]int{newest, applied} {
		for _, i := range of {
			out[i] = true
		}
	}
	return out
}

// FromConfigMap reads the ledger of an Application out of the ConfigMap with that
// metadata and data. One that does not say that it is this ledger is not.
func FromConfigMap(app string, labels, annotations, data map[string]string) (Ledger, error) {
	if labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy || annotations[v1alpha1.AnnotationLedgerOf] != app {
		return Ledger{}, fault.New(fault.Invalid, "it is not the ledger of application %s: it lacks label %s or annotation %s",
			app, v1alpha1.LabelManagedBy, v1alpha1.AnnotationLedgerOf)
	}
	text, ok := data[DataKey]
	if !ok {
		return Ledger{}, fault.New(fault.Invalid, "it has no data %q", DataKey)
	}
	return Decode(text)
}

// Decode reads what Encode wrote. Whatever else it is given is an error: a ledger
// that were taken for empty would run every migration again.
func Decode(text string) (Ledger, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var doc document
	if err := d.Decode(&doc); err != nil {
		return Ledger{}, fault.New(fault.Invalid, "the ledger is no JSON of the form that is known here: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Ledger{}, fault.New(fault.Invalid, "the ledger goes on after its end")
	}
	if doc.Version != version {
		return Ledger{}, fault.New(fault.Invalid, "the ledger has version %d, %d is known here", doc.Version, version)
	}
	if doc.Entries == nil {
		return Ledger{}, fault.New(fault.Invalid, "the ledger has no list of entries")
	}
	l := Ledger{Entries: doc.Entries}
	for i, e := range l.Entries {
		if flaw := e.flaw(); flaw != "" {
			return Ledger{}, fault.New(fault.Invalid, "entry %d of the ledger: %s", i+1, flaw)
		}
		if l.index(e.Task, e.Key) != i {
			return Ledger{}, fault.New(fault.Invalid, "entry %d of the ledger: there is another for task %q and the same key", i+1, e.Task)
		}
	}
	return l, nil
}

var wellFormedKey = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (e Entry) flaw() string {
	switch {
	case e.Task == "":
		return "it names no task"
	case !wellFormedKey.MatchString(e.Key):
		return "its key is not 64 hex digits"
	case e.Attempts < 0:
		return "it has a negative number of attempts"
	}
	switch e.Outcome {
	case Running, Succeeded, Failed, Skipped:
		return ""
	}
	return "outcome " + string(bytes.ToValidUTF8([]byte(head(string(e.Outcome), 40)), nil)) + " is not known"
}
