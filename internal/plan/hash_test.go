package plan_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// The same steps with the same objects have the same hash, in whatever order they
// were given.
func TestHashIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := drawn(t)
		fact := func(_ plan.Phase, k resource.Key) plan.Fact {
			return plan.Fact{Desired: uint64(len(k.Name)), UID: k.Name, Live: 7}
		}
		a := plan.Build(objects, nil, plan.Options{}).Hash(fact)
		b := plan.Build(rapid.Permutation(objects).Draw(t, "order"), nil, plan.Options{}).Hash(fact)
		if a != b || len(a) != 16 {
			t.Fatalf("%s and %s", a, b)
		}
	})
}

// Anything that changes what would be done, or over what, changes the hash; what is
// kept or skipped does not.
func TestHashChanges(t *testing.T) {
	type world struct {
		objects []plan.Object
		extras  []plan.Extra
		options plan.Options
		facts   map[string]plan.Fact
	}
	build := func() *world {
		return &world{
			objects: []plan.Object{
				{Key: resource.Key{Kind: "ConfigMap", Name: "changed"}, Sync: v1alpha1.SyncStatusOutOfSync, Differs: []string{"/data"}},
				{Key: resource.Key{Kind: "ConfigMap", Name: "kept"}, Sync: v1alpha1.SyncStatusSynced, State: plan.Succeeded},
				{Key: resource.Key{Group: "batch", Kind: "Job", Name: "hook"}, Hook: true, Phase: plan.PreSync},
				{Key: resource.Key{Group: "batch", Kind: "Job", Name: "fail"}, Hook: true, Phase: plan.SyncFail},
			},
			extras:  []plan.Extra{{Key: resource.Key{Kind: "ConfigMap", Name: "old"}}, {Key: resource.Key{Kind: "ConfigMap", Name: "safe"}, KeptFrom: "x"}},
			options: plan.Options{Prune: true},
			facts:   map[string]plan.Fact{"changed": {Desired: 1, UID: "a", Live: 2}, "old": {UID: "b", Live: 3}, "hook": {Desired: 4}},
		}
	}
	hash := func(w *world) string {
		return plan.Build(w.objects, w.extras, w.options).Hash(func(_ plan.Phase, k resource.Key) plan.Fact { return w.facts[k.Name] })
	}
	set := func(name string, f plan.Fact) func(*world) { return func(w *world) { w.facts[name] = f } }
	base := hash(build())
	seen := []string{base}
	for _, c := range []struct {
		why    string
		change func(*world)
		same   bool
	}{
		{why: "another desired object", change: set("changed", plan.Fact{Desired: 2, UID: "a", Live: 2})},
		{why: "another object of the name", change: set("changed", plan.Fact{Desired: 1, UID: "c", Live: 2})},
		{why: "live has moved", change: set("changed", plan.Fact{Desired: 1, UID: "a", Live: 4})},
		{why: "what is to be pruned has moved", change: set("old", plan.Fact{UID: "b", Live: 4})},
		{why: "another hook", change: set("hook", plan.Fact{Desired: 5})},
		{why: "another hook of SyncFail", change: set("fail", plan.Fact{Desired: 5})},
		{why: "another wave", change: func(w *world) { w.objects[0].Wave = 1 }},
		{why: "another phase", change: func(w *world) { w.objects[2].Phase = plan.PostSync }},
		{why: "replaced, not updated", change: func(w *world) { w.objects[0].Replace = true }},
		{why: "missing, so created", change: func(w *world) { w.objects[0].Missing = true }},
		{why: "no pruning", change: func(w *world) { w.options.Prune = false }},
		{why: "one less", change: func(w *world) { w.objects = w.objects[1:] }},
		{why: "another name", change: func(w *world) { w.objects[0].Key.Name = "other" }},
		{why: "what is kept is left alone", change: set("kept", plan.Fact{Desired: 9, Live: 9}), same: true},
		{why: "what is skipped, too", change: set("safe", plan.Fact{Live: 9}), same: true},
		{why: "other fields differ by a prediction", change: func(w *world) { w.objects[0].Differs = []string{"/data/a"} }, same: true},
	} {
		w := build()
		c.change(w)
		got := hash(w)
		if (got == base) != c.same {
			t.Errorf("%s: %s, and %s before", c.why, got, base)
		}
		if !c.same && slices.Contains(seen, got) {
			t.Errorf("%s: %s is that of another plan", c.why, got)
		}
		seen = append(seen, got)
	}
}
