package plan

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
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
	Prune  Action = "prune"
	// Skip leaves an object alone although something would have to be done.
	Skip Action = "skip"
)

// Object is a desired object with its verdict.
type Object struct {
	Key  resource.Key
	Wave int
	Sync v1alpha1.SyncStatusCode
	// Missing says that it is not in the cluster.
	Missing bool
	// Differs are the paths of the fields that differ.
	Differs []string
	Health  v1alpha1.HealthStatusCode
	Message string
	// Defines is the kind that the object, a CustomResourceDefinition, defines.
	Defines schema.GroupKind
	// KeptFrom is the reason why it must not be applied, if there is one.
	KeptFrom string
}

// Extra is a live object that is tracked by the Application and no longer desired.
type Extra struct {
	Key  resource.Key
	Wave int
	// Deleting says that its deletion is under way.
	Deleting bool
	// KeptFrom is the reason why it must not be pruned, if there is one.
	KeptFrom string
}

// Options are how a plan is made.
type Options struct {
	// Prune deletes extras. Without it they are skipped.
	Prune bool
	// Selected limits the plan; nil means everything.
	Selected func(resource.Key) bool
}

// Item is what is done with one object.
type Item struct {
	Key    resource.Key
	Wave   int
	Action Action
	Reason string
	health v1alpha1.HealthStatusCode
	detail string
	// waits says that nothing is left to do but to wait until the object is gone.
	waits bool
}

// Step is one wave. Prune comes first, all at once; Apply then in groups of one
// kind, each group at once.
type Step struct {
	Wave  int
	Prune []Item
	Apply []Item
}

// Plan are the steps in order, and what is left alone.
type Plan struct {
	Steps   []Step
	Skipped []Item
}

// Build makes the plan.
func Build(objects []Object, extras []Extra, o Options) Plan {
	var p Plan
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
	for _, e := range extras {
		if o.Selected != nil && !o.Selected(e.Key) {
			continue
		}
		item := Item{Key: e.Key, Wave: e.Wave, Action: Prune, Reason: "in the cluster, no longer in the source", waits: e.Deleting}
		switch {
		case e.KeptFrom != "":
			item.Action, item.Reason = Skip, e.KeptFrom
		case !o.Prune && !e.Deleting:
			item.Action, item.Reason = Skip, "no longer in the source; pruning is off"
		}
		if item.Action == Skip {
			p.Skipped = append(p.Skipped, item)
			continue
		}
		prunes = append(prunes, item)
	}
	mirrorWaves(prunes)
	p.Steps = steps(items, prunes)
	slices.SortFunc(p.Skipped, func(a, b Item) int { return a.Key.Compare(b.Key) })
	return p
}

func itemOf(obj Object) Item {
	i := Item{Key: obj.Key, Wave: obj.Wave, health: obj.Health, detail: obj.Message}
	switch {
	case obj.Sync == v1alpha1.SyncStatusSynced:
		i.Action, i.Reason = Keep, "unchanged"
	case obj.KeptFrom != "":
		i.Action, i.Reason = Skip, obj.KeptFrom
	case obj.Missing:
		i.Action, i.Reason = Create, "in the source, not in the cluster"
	case len(obj.Differs) > 0:
		i.Action, i.Reason = Update, "differs at "+list(obj.Differs)
	default:
		i.Action, i.Reason = Update, "could not be compared"
	}
	return i
}

// list names at most three paths.
func list(paths []string) string {
	const shown = 3
	if len(paths) <= shown {
		return strings.Join(paths, ", ")
	}
	return strings.Join(paths[:shown], ", ") + ", …"
}

func compareItems(a, b Item) int {
	return cmp.Or(
		cmp.Compare(a.Wave, b.Wave),
		cmp.Compare(resource.KindRank(a.Key.Kind), resource.KindRank(b.Key.Kind)),
		strings.Compare(a.Key.Kind, b.Key.Kind),
		strings.Compare(a.Key.Group, b.Key.Group),
		strings.Compare(a.Key.Name, b.Key.Name),
		strings.Compare(a.Key.Namespace, b.Key.Namespace),
	)
}

// dependenciesFirst moves a Namespace before the first object in it and a
// CustomResourceDefinition before the first object of its kind; the moved one
// takes over its dependant's wave.
func dependenciesFirst(items []Item, objects []Object) []Item {
	defines := map[resource.Key]schema.GroupKind{}
	for _, o := range objects {
		if o.Defines.Kind != "" {
			defines[o.Key] = o.Defines
		}
	}
	for i := 0; i < len(items); i++ {
		from := items[i]
		first := slices.IndexFunc(items[:i], func(other Item) bool { return dependsOn(other.Key, from.Key, defines[from.Key]) })
		if first < 0 {
			continue
		}
		from.Wave = items[first].Wave
		items = slices.Insert(slices.Delete(items, i, i+1), first, from)
	}
	return items
}

func dependsOn(dependant, on resource.Key, defined schema.GroupKind) bool {
	if on.Group == "" && on.Kind == "Namespace" {
		return dependant.Namespace == on.Name
	}
	return defined.Kind != "" && dependant.GroupKind() == defined
}

// mirrorWaves swaps the lowest wave with the highest and so on, so that what came
// last goes first.
func mirrorWaves(prunes []Item) {
	var waves []int
	for _, i := range prunes {
		waves = append(waves, i.Wave)
	}
	slices.Sort(waves)
	waves = slices.Compact(waves)
	mirrored := map[int]int{}
	for i, w := range waves {
		mirrored[w] = waves[len(waves)-1-i]
	}
	for i := range prunes {
		prunes[i].Wave = mirrored[prunes[i].Wave]
	}
	slices.SortFunc(prunes, compareItems)
}

func steps(items, prunes []Item) []Step {
	byWave := map[int]*Step{}
	at := func(wave int) *Step {
		if byWave[wave] == nil {
			byWave[wave] = &Step{Wave: wave}
		}
		return byWave[wave]
	}
	for _, i := range items {
		s := at(i.Wave)
		s.Apply = append(s.Apply, i)
	}
	for _, i := range prunes {
		s := at(i.Wave)
		s.Prune = append(s.Prune, i)
	}
	out := make([]Step, 0, len(byWave))
	for _, s := range byWave {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Step) int { return cmp.Compare(a.Wave, b.Wave) })
	return out
}

// Groups are the step's applies that have something to do, in runs of one kind.
func (s Step) Groups() [][]Item {
	var out [][]Item
	for _, i := range s.Apply {
		if i.Action == Keep {
			continue
		}
		if n := len(out); n > 0 && out[n-1][0].Key.GroupKind() == i.Key.GroupKind() {
			out[n-1] = append(out[n-1], i)
			continue
		}
		out = append(out, []Item{i})
	}
	return out
}

// Prunes are the step's prunes that have not begun.
func (s Step) Prunes() []Item {
	var out []Item
	for _, i := range s.Prune {
		if !i.waits {
			out = append(out, i)
		}
	}
	return out
}

// Verdict is what to do next with a plan.
type Verdict struct {
	// Step is the step to run now, if any.
	Step *Step
	// Waiting says what is waited for before the plan can go on.
	Waiting string
	// Failed says why it cannot.
	Failed string
	// Done says that nothing is left.
	Done bool
}

// Next is the first thing to do. As in Argo CD a step begins when all objects of
// the steps before it are healthy, and the last step is not awaited.
func (p Plan) Next() Verdict {
	for i := range p.Steps {
		s := &p.Steps[i]
		if len(s.Prunes()) > 0 || len(s.Groups()) > 0 {
			return Verdict{Step: s}
		}
		for _, item := range s.Prune {
			return Verdict{Waiting: "waiting for the deletion of " + item.Key.Human()}
		}
		if i == len(p.Steps)-1 {
			break
		}
		if v := s.health(); v.Waiting != "" || v.Failed != "" {
			return v
		}
	}
	return Verdict{Done: true}
}

func (s Step) health() Verdict {
	var v Verdict
	for _, item := range s.Apply {
		switch item.health {
		case "", v1alpha1.HealthStatusHealthy:
		case v1alpha1.HealthStatusDegraded:
			return Verdict{Failed: item.Key.Human() + " is Degraded: " + item.detail}
		default:
			if v.Waiting == "" {
				v.Waiting = "waiting for healthy state of " + item.Key.Human()
			}
		}
	}
	return v
}
