package health

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// TestAggregate: every case of testdata/aggregate.
func TestAggregate(t *testing.T) {
	body, err := os.ReadFile("testdata/aggregate/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Reason string
		Items        []struct {
			Key                          resource.Key
			Status                       v1alpha1.HealthStatusCode
			Missing, Hook, Ignored, Self bool
		}
		Want v1alpha1.HealthStatusCode
		Why  string
	}
	if err := yaml.UnmarshalStrict(body, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var items []Item
			for _, i := range c.Items {
				item := Item{Key: i.Key, Missing: i.Missing, Hook: i.Hook, Ignored: i.Ignored, Self: i.Self}
				if i.Status != "" {
					item.Verdict = &Verdict{Status: i.Status}
				}
				items = append(items, item)
			}
			got, why := Aggregate(items)
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("%s: status (-want +got):\n%s", c.Reason, diff)
			}
			if diff := cmp.Diff(c.Why, why.Key.Name); diff != "" {
				t.Errorf("%s: why (-want +got):\n%s", c.Reason, diff)
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
