package plan

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Phase is a part of a sync. The phases are run in the order of their constants,
// SyncFail only when one before it has failed.
type Phase string

// The phases.
const (
	PreSync  Phase = "PreSync"
	Sync     Phase = "Sync"
	PostSync Phase = "PostSync"
	SyncFail Phase = "SyncFail"
)

// Action is what a step does to an object.
type Action string

// The actions.
const (
	// Keep leaves an object alone that is as it should be; its health still counts
	// for the waves after it.
	Keep   Action = "keep"
	Create Action = "create"
	Update Action = "update"
	// Replace writes an object anew instead of applying it; it may be deleted first.
	Replace Action = "replace"
	Prune   Action = "prune"
	// Run makes a hook and waits until it has completed.
	Run Action = "run"
	// Skip leaves an object alone although something would have to be done.
	Skip Action = "skip"
)

// State is how far the operation is with an object.
type State int8

// The states.
const (
	// Pending: nothing was done yet.
	Pending State = iota
	// Running: it is applied, and not known to be healthy or to have completed.
	Running
	Succeeded
	Failed
)

// Object is a desired object with its verdict, or a hook in one of its phases.
type Object struct {
	Key   resource.Key
	Phase Phase // empty means Sync
	Wave  int
	// Hook says that it is a hook: State alone says what is left to do.
	Hook bool
	// Sync is Synced if applying would change nothing.
	Sync v1alpha1.SyncStatusCode
	// Missing says that it is not in the cluster.
	Missing bool
	// Differs are the paths of the fields that differ.
	Differs []string
	// Fate is what becomes of it where a field that differs cannot be changed.
	Fate string
	// State tells for what is applied already how it fares; a hook's is Pending until
	// this operation has made it.
	State   State
	Message string
	// Applied says that this operation has applied it.
	Applied bool
	// Replace says that it is to be written anew (sync option Replace=true), Always
	// that this is done even when it differs in nothing, once per operation.
	Replace, Always bool
	// Defines is the kind that the object, a CustomResourceDefinition, defines.
	Defines schema.GroupKind
	// KeptFrom is the reason why it must not be applied, if there is one.
	KeptFrom string
	// Stale says that a hook's live object is of an earlier operation and has to go
	// first, Going that its deletion is under way.
	Stale, Going bool
}

// Extra is a live object that is tracked by the Application and no longer desired.
type Extra struct {
	Key  resource.Key
	Wave int
	// Deleting says that its deletion is under way.
	Deleting bool
	// Done says that the operation has pruned it already. What is there again is
	// somebody else's doing; its wave still counts among those that are mirrored.
	Done bool
	// KeptFrom is the reason why it must not be pruned, if there is one.
	KeptFrom string
	// Confirm says that a person has to confirm its deletion first, and has not yet.
	Confirm bool
	// Last prunes it after everything else of its phase (sync option PruneLast).
	Last bool
}

// Options are how a plan is made.
type Options struct {
	// Prune deletes extras. Without it they are skipped.
	Prune bool
	// Selected limits the plan; nil means everything.
	Selected func(resource.Key) bool
	// WaitForHealthy awaits the last step as the others.
	WaitForHealthy bool
	// OutOfSyncOnly does not await objects that were as they should be from the start
	// (sync option ApplyOutOfSyncOnly).
	OutOfSyncOnly bool
}

// Item is what is done with one object.
type Item struct {
	Key    resource.Key
	Phase  Phase
	Wave   int
	Action Action
	Reason string

	state   State
	detail  string
	applied bool
	// stale and going are those of Object, going also that a prune is under way.
	stale, going bool
	// confirm is that of Extra.
	confirm bool
}

// Step is one wave of one phase. Prune comes first, all at once; then Apply, hooks
// among it, in groups of one kind, each group at once.
type Step struct {
	Phase Phase
	Wave  int
	Prune []Item
	Apply []Item
}

// Plan are the steps in order, and what is left alone.
type Plan struct {
	Steps []Step
	// OnFailure are the steps of phase SyncFail.
	OnFailure []Step
	Skipped   []Item

	options Options
}

// Build makes the plan.
func Build(objects []Object, extras []Extra, o Options) Plan {
	p := Plan{options: o}
	var items []Item
	for _, obj := range objects {
		if o.Selected != nil && !o.Selected(obj.Key) {
			continue
		}
		item := itemOf(obj)
		if item.Action == Skip {
			p.Skipped = append(p.Skipped, item)
			continue
		}
		items = append(items, item)
	}
	slices.SortStableFunc(items, compareItems)
	items = dependenciesFirst(items, objects)

	var prunes []Item
	last := map[resource.Key]bool{}
	for _, e := range extras {
		if o.Selected != nil && !o.Selected(e.Key) {
			continue
		}
		item := pruneOf(e, o)
		if item.Action == Skip {
			p.Skipped = append(p.Skipped, item)
			continue
		}
		last[e.Key] = e.Last
		prunes = append(prunes, item)
	}
	mirrorWaves(prunes)
	postpone(prunes, items, last)
	p.Steps = steps(items, slices.DeleteFunc(prunes, func(i Item) bool { return i.applied && !i.going }))
	if i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Phase == SyncFail }); i >= 0 {
		p.Steps, p.OnFailure = p.Steps[:i:i], p.Steps[i:]
	}
	slices.SortFunc(p.Skipped, func(a, b Item) int { return a.Key.Compare(b.Key) })
	return p
}

func itemOf(obj Object) Item {
	i := Item{
		Key: obj.Key, Phase: obj.Phase, Wave: obj.Wave,
		state: obj.State, detail: obj.Message, applied: obj.Applied, stale: obj.Stale, going: obj.Going,
	}
	if i.Phase == "" {
		i.Phase = Sync
	}
	switch {
	case obj.KeptFrom != "" && (obj.Hook || obj.Sync != v1alpha1.SyncStatusSynced):
		i.Action, i.Reason = Skip, obj.KeptFrom
	case obj.Hook:
		i.Action, i.Reason = Run, "hook of phase "+string(i.Phase)
	case obj.Always:
		i.Action, i.Reason, i.state = Replace, "replaced by every sync: it has the options Replace and Force", Pending
	case obj.Sync == v1alpha1.SyncStatusSynced:
		i.Action, i.Reason = Keep, "unchanged"
	default:
		i.state = Pending
		i.Action, i.Reason = change(obj)
	}
	return i
}

func change(obj Object) (Action, string) {
	reason := "could not be compared"
	switch {
	case obj.Missing:
		return Create, "in the source, not in the cluster"
	case len(obj.Differs) > 0:
		reason = "differs at " + list(obj.Differs)
		if obj.Fate != "" {
			reason += "; " + obj.Fate
		}
	}
	if obj.Replace {
		return Replace, reason
	}
	return Update, reason
}

func pruneOf(e Extra, o Options) Item {
	item := Item{
		Key: e.Key, Phase: Sync, Wave: e.Wave, Action: Prune, Reason: "in the cluster, no longer in the source",
		going: e.Deleting, confirm: e.Confirm && !e.Deleting, applied: e.Done,
	}
	switch {
	case e.Done:
	case e.KeptFrom != "":
		item.Action, item.Reason = Skip, e.KeptFrom
	case !o.Prune && !e.Deleting:
		item.Action, item.Reason = Skip, "no longer in the source; pruning is off"
	}
	return item
}

// list names at most three paths.
func list(paths []string) string {
	const shown = 3
	if len(paths) <= shown {
		return strings.Join(paths, ", ")
	}
	return strings.Join(paths[:shown], ", ") + ", …"
}

// Writes is how many objects the plan would still create, change, delete or run.
func (p Plan) Writes() int {
	n := 0
	for i := range p.Steps {
		n += len(p.Steps[i].Prunes())
		for _, g := range p.Steps[i].Groups() {
			n += len(g)
		}
	}
	return n
}
