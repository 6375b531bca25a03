package health

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

func item(name string, status v1alpha1.HealthStatusCode) Item {
	return Item{Key: resource.Key{Kind: "ConfigMap", Name: name}, Verdict: &Verdict{Status: status}}
}

func child(name string, status v1alpha1.HealthStatusCode) Item {
	i := item(name, status)
	i.Key.Group, i.Key.Kind = "argoproj.io", "Application"
	return i
}

func with(i Item, change func(*Item)) Item {
	change(&i)
	return i
}

func missing(name string) Item {
	return Item{Key: resource.Key{Kind: "ConfigMap", Name: name}, Missing: true}
}

func TestAggregate(t *testing.T) {
	degraded := item("bad", v1alpha1.HealthStatusDegraded)
	tests := map[string]struct {
		reason string
		items  []Item
		want   v1alpha1.HealthStatusCode
		why    string
	}{
		"empty":      {"an Application without objects is healthy", nil, v1alpha1.HealthStatusHealthy, ""},
		"no rule":    {"a kind without a rule counts as healthy", []Item{{Key: resource.Key{Kind: "ConfigMap", Name: "a"}}}, v1alpha1.HealthStatusHealthy, ""},
		"worst wins": {"the worst status is the Application's", []Item{item("a", v1alpha1.HealthStatusProgressing), degraded, item("c", v1alpha1.HealthStatusSuspended)}, v1alpha1.HealthStatusDegraded, "bad"},
		"suspended":  {"suspended is worse than healthy", []Item{item("a", v1alpha1.HealthStatusHealthy), item("b", v1alpha1.HealthStatusSuspended)}, v1alpha1.HealthStatusSuspended, "b"},
		"unknown":    {"unknown is the worst", []Item{degraded, item("u", v1alpha1.HealthStatusUnknown)}, v1alpha1.HealthStatusUnknown, "u"},
		"tie":        {"the lowest key tells why", []Item{item("b", v1alpha1.HealthStatusProgressing), item("a", v1alpha1.HealthStatusProgressing)}, v1alpha1.HealthStatusProgressing, "a"},
		"missing":    {"a missing object is skipped while others live", []Item{missing("m"), item("a", v1alpha1.HealthStatusHealthy)}, v1alpha1.HealthStatusHealthy, ""},
		"all missing": {
			"only when nothing lives is the Application missing",
			[]Item{missing("n"), missing("m")},
			v1alpha1.HealthStatusMissing, "m",
		},
		"missing beside a hook": {
			"a hook does not keep an Application from being missing",
			[]Item{missing("m"), with(item("h", v1alpha1.HealthStatusHealthy), func(i *Item) { i.Hook = true })},
			v1alpha1.HealthStatusMissing, "m",
		},
		"missing beside an ignored object": {
			"an ignored object that lives still lives",
			[]Item{missing("m"), with(degraded, func(i *Item) { i.Ignored = true })},
			v1alpha1.HealthStatusHealthy, "",
		},
		"hook":    {"hooks do not count", []Item{with(degraded, func(i *Item) { i.Hook = true })}, v1alpha1.HealthStatusHealthy, ""},
		"ignored": {"the annotation takes an object out", []Item{with(degraded, func(i *Item) { i.Ignored = true })}, v1alpha1.HealthStatusHealthy, ""},
		"self":    {"an Application that manages itself does not judge itself", []Item{with(child("me", v1alpha1.HealthStatusDegraded), func(i *Item) { i.Self = true })}, v1alpha1.HealthStatusHealthy, ""},
		"child unknown": {
			"child Applications without a known health are skipped",
			[]Item{child("a", v1alpha1.HealthStatusUnknown), child("b", v1alpha1.HealthStatusMissing)},
			v1alpha1.HealthStatusHealthy, "",
		},
		"child degraded":   {"others are not", []Item{child("a", v1alpha1.HealthStatusDegraded)}, v1alpha1.HealthStatusDegraded, "a"},
		"status of others": {"a status that nobody knows is as bad as unknown", []Item{item("x", "Weird")}, "Weird", "x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, why := Aggregate(tt.items)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: status (-want +got):\n%s", tt.reason, diff)
			}
			if diff := cmp.Diff(tt.why, why.Key.Name); diff != "" {
				t.Errorf("%s: why (-want +got):\n%s", tt.reason, diff)
			}
		})
	}
}

func TestAggregateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Item {
			i := Item{
				Key:     resource.Key{Kind: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "kind"), Name: rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "name")},
				Missing: rapid.Bool().Draw(t, "missing"),
				Hook:    rapid.Bool().Draw(t, "hook"),
				Ignored: rapid.Bool().Draw(t, "ignored"),
			}
			if !i.Missing {
				i.Verdict = &Verdict{Status: rapid.SampledFrom(badness[:]).Draw(t, "status")}
			}
			return i
		}), 0, 8, func(i Item) resource.Key { return i.Key }).Draw(t, "items")
		status, why := Aggregate(items)
		for _, i := range items {
			if i.Verdict != nil && !i.Hook && !i.Ignored && Worse(i.Verdict.Status, status) {
				t.Errorf("%s is %s and worse than the Application's %s", i.Key, i.Verdict.Status, status)
			}
		}
		rand.Shuffle(len(items), func(a, b int) { items[a], items[b] = items[b], items[a] })
		if s, w := Aggregate(items); s != status || cmp.Diff(why, w) != "" {
			t.Errorf("another order of the same objects: %s because of %s, was %s because of %s", s, w.Key, status, why.Key)
		}
	})
}
