package plan

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/resource"
)

var rank = map[Phase]int{PreSync: -1, Sync: 0, PostSync: 1, SyncFail: 2} //nolint:gochecknoglobals // a table

func compareItems(a, b Item) int {
	return cmp.Or(
		cmp.Compare(rank[a.Phase], rank[b.Phase]),
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
// takes over its dependant's phase and wave (argo-cd.md §5.3).
func dependenciesFirst(items []Item, objects []Object) []Item {
	defines := map[resource.Key]schema.GroupKind{}
	for _, o := range objects {
		if o.Defines.Kind != "" {
			defines[o.Key] = o.Defines
		}
	}
	for i := 0; i < len(items); i++ {
		from := items[i]
		defined := defines[from.Key]
		if !isNamespace(from.Key) && defined.Kind == "" {
			continue
		}
		first := slices.IndexFunc(items[:i], func(other Item) bool { return dependsOn(other.Key, from.Key, defined) })
		if first < 0 {
			continue
		}
		from.Phase, from.Wave = items[first].Phase, items[first].Wave
		items = slices.Insert(slices.Delete(items, i, i+1), first, from)
	}
	return items
}

func isNamespace(k resource.Key) bool { return k.Group == "" && k.Kind == "Namespace" }

func dependsOn(dependant, on resource.Key, defined schema.GroupKind) bool {
	if isNamespace(on) {
		return dependant.Namespace == on.Name
	}
	return dependant.GroupKind() == defined
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
}

// postpone puts the prunes that are to be last into a wave of their own after all
// waves of phase Sync, prunes included, and sorts all of them.
func postpone(prunes, items []Item, last map[resource.Key]bool) {
	end := 0
	for _, list := range [...][]Item{prunes, items} {
		for _, i := range list {
			if i.Phase == Sync {
				end = max(end, i.Wave)
			}
		}
	}
	for i := range prunes {
		if last[prunes[i].Key] {
			prunes[i].Wave = end + 1
		}
	}
	slices.SortFunc(prunes, compareItems)
}

func steps(items, prunes []Item) []Step {
	type place struct {
		phase Phase
		wave  int
	}
	byPlace := map[place]*Step{}
	at := func(i Item) *Step {
		pl := place{i.Phase, i.Wave}
		if byPlace[pl] == nil {
			byPlace[pl] = &Step{Phase: i.Phase, Wave: i.Wave}
		}
		return byPlace[pl]
	}
	for _, i := range items {
		s := at(i)
		s.Apply = append(s.Apply, i)
	}
	for _, i := range prunes {
		s := at(i)
		s.Prune = append(s.Prune, i)
	}
	out := make([]Step, 0, len(byPlace))
	for _, s := range byPlace {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Step) int {
		return cmp.Or(cmp.Compare(rank[a.Phase], rank[b.Phase]), cmp.Compare(a.Wave, b.Wave))
	})
	return out
}
