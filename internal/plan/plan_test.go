package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// obj reads "KIND NAME [wave=N] [synced] [missing] [health=H] [ns=N] [group=G] [defines=G/K] [kept=WHY]".
func obj(t testing.TB, text string) plan.Object {
	t.Helper()
	words := strings.Fields(text)
	o := plan.Object{Key: resource.Key{Kind: words[0], Name: words[1]}, Sync: v1alpha1.SyncStatusOutOfSync}
	for _, w := range words[2:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "wave":
			if _, err := fmt.Sscan(v, &o.Wave); err != nil {
				t.Fatal(err)
			}
		case "synced":
			o.Sync = v1alpha1.SyncStatusSynced
		case "missing":
			o.Missing = true
		case "differs":
			o.Differs = []string{v}
		case "health":
			o.Health = v1alpha1.HealthStatusCode(v)
		case "ns":
			o.Key.Namespace = v
		case "group":
			o.Key.Group = v
		case "defines":
			g, kind, _ := strings.Cut(v, "/")
			o.Defines = schema.GroupKind{Group: g, Kind: kind}
		case "kept":
			o.KeptFrom = v
		default:
			t.Fatalf("word %q", w)
		}
	}
	return o
}

func show(p plan.Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		for _, i := range s.Prune {
			fmt.Fprintf(&b, "%d %s %s %s\n", s.Wave, i.Action, i.Key.Kind, i.Key.Name)
		}
		for _, i := range s.Apply {
			fmt.Fprintf(&b, "%d %s %s %s\n", s.Wave, i.Action, i.Key.Kind, i.Key.Name)
		}
	}
	for _, i := range p.Skipped {
		fmt.Fprintf(&b, "- skip %s %s: %s\n", i.Key.Kind, i.Key.Name, i.Reason)
	}
	return b.String()
}

func TestBuild(t *testing.T) {
	for name, c := range map[string]struct {
		reason  string
		objects []string
		extras  []plan.Extra
		options plan.Options
		want    string
	}{
		"Kinds": {
			reason:  "Within a wave kinds come in Argo CD's order, custom resources last.",
			objects: []string{"Widget w", "Deployment d", "Service s missing", "ConfigMap c synced", "ServiceAccount a"},
			want:    "0 update ServiceAccount a\n0 keep ConfigMap c\n0 create Service s\n0 update Deployment d\n0 update Widget w\n",
		},
		"Waves": {
			reason:  "Waves come before kinds, negative ones first.",
			objects: []string{"ConfigMap late wave=2", "Deployment first wave=-1", "Secret middle"},
			want:    "-1 update Deployment first\n0 update Secret middle\n2 update ConfigMap late\n",
		},
		"NamespaceBeforeItsObjects": {
			reason:  "A Namespace is moved to the wave of the first object in it.",
			objects: []string{"ConfigMap early wave=-5 ns=shop", "Namespace shop"},
			want:    "-5 update Namespace shop\n-5 update ConfigMap early\n",
		},
		"DefinitionBeforeItsObjects": {
			reason:  "A CustomResourceDefinition is moved before the first object of its kind.",
			objects: []string{"Widget w wave=-1 group=x.io", "CustomResourceDefinition widgets.x.io group=apiextensions.k8s.io defines=x.io/Widget"},
			want:    "-1 update CustomResourceDefinition widgets.x.io\n-1 update Widget w\n",
		},
		"PruneOff": {
			reason:  "Without prune an extra is left, and said to be.",
			extras:  []plan.Extra{{Key: resource.Key{Kind: "ConfigMap", Name: "old"}}},
			want:    "- skip ConfigMap old: no longer in the source; pruning is off\n",
			options: plan.Options{},
		},
		"PruneMirrored": {
			reason: "What came in the last wave is pruned first.",
			extras: []plan.Extra{
				{Key: resource.Key{Kind: "ConfigMap", Name: "first"}, Wave: -1},
				{Key: resource.Key{Kind: "ConfigMap", Name: "last"}, Wave: 3},
				{Key: resource.Key{Kind: "Secret", Name: "kept"}, Wave: 3, KeptFrom: "sync option Prune=false"},
			},
			options: plan.Options{Prune: true},
			want:    "-1 prune ConfigMap last\n3 prune ConfigMap first\n- skip Secret kept: sync option Prune=false\n",
		},
		"Selected": {
			reason:  "A partial sync touches nothing else.",
			objects: []string{"ConfigMap a", "ConfigMap b"},
			extras:  []plan.Extra{{Key: resource.Key{Kind: "ConfigMap", Name: "old"}}},
			options: plan.Options{Prune: true, Selected: func(k resource.Key) bool { return k.Name == "b" }},
			want:    "0 update ConfigMap b\n",
		},
		"KeptFrom": {
			reason:  "An object of another Application is left to it.",
			objects: []string{"ConfigMap a kept=other"},
			want:    "- skip ConfigMap a: other\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []plan.Object
			for _, o := range c.objects {
				objects = append(objects, obj(t, o))
			}
			if d := cmp.Diff(c.want, show(plan.Build(objects, c.extras, c.options))); d != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.reason, d)
			}
		})
	}
}

func TestNext(t *testing.T) {
	for name, c := range map[string]struct {
		reason  string
		objects []string
		extras  []plan.Extra
		want    plan.Verdict
	}{
		"LastWaveIsNotAwaited": {
			reason:  "A sync has succeeded when its last wave is applied, even while that is rolling out.",
			objects: []string{"Deployment d synced health=Progressing"},
			want:    plan.Verdict{Done: true},
		},
		"EarlierWaveIsAwaited": {
			reason:  "A wave begins when the waves before it are healthy.",
			objects: []string{"Deployment d synced health=Progressing", "ConfigMap c wave=1"},
			want:    plan.Verdict{Waiting: "waiting for healthy state of Deployment d"},
		},
		"DegradedFails": {
			reason:  "An earlier wave that is Degraded fails the sync.",
			objects: []string{"Deployment d synced health=Degraded", "ConfigMap c wave=1"},
			want:    plan.Verdict{Failed: "Deployment d is Degraded: "},
		},
		"HealthyGoesOn": {
			reason:  "Objects without a health rule do not hold anything up.",
			objects: []string{"ConfigMap a synced", "Deployment d synced health=Healthy", "ConfigMap c wave=1 synced"},
			want:    plan.Verdict{Done: true},
		},
		"DeletionIsAwaited": {
			reason: "A prune that has begun is waited for.",
			extras: []plan.Extra{{Key: resource.Key{Kind: "ConfigMap", Name: "old"}, Deleting: true}},
			want:   plan.Verdict{Waiting: "waiting for the deletion of ConfigMap old"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []plan.Object
			for _, o := range c.objects {
				objects = append(objects, obj(t, o))
			}
			got := plan.Build(objects, c.extras, plan.Options{Prune: true}).Next()
			if got.Step != nil {
				t.Fatalf("%s\ngot a step: %+v", c.reason, got.Step)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.reason, d)
			}
		})
	}
}

// The order is a topological order of wave, kind and dependency, nothing is lost
// and nothing is doubled.
func TestOrder(t *testing.T) {
	kinds := []string{"Namespace", "ConfigMap", "Deployment", "Widget", "Secret", "Service"}
	rapid.Check(t, func(t *rapid.T) {
		var objects []plan.Object
		n := rapid.IntRange(0, 12).Draw(t, "n")
		for i := range n {
			k := resource.Key{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Name: fmt.Sprint("n", i)}
			if k.Kind != "Namespace" {
				k.Namespace = fmt.Sprint("n", rapid.IntRange(0, 12).Draw(t, "ns"))
			}
			objects = append(objects, plan.Object{
				Key: k, Wave: rapid.IntRange(-2, 2).Draw(t, "wave"), Sync: v1alpha1.SyncStatusOutOfSync,
			})
		}
		p := plan.Build(objects, nil, plan.Options{})
		var order []plan.Item
		for _, s := range p.Steps {
			for _, i := range s.Apply {
				if i.Wave != s.Wave {
					t.Fatalf("%v is in step %d", i, s.Wave)
				}
				order = append(order, i)
			}
		}
		if len(order) != len(objects) {
			t.Fatalf("%d objects, %d items", len(objects), len(order))
		}
		wave := map[resource.Key]int{}
		for _, o := range objects {
			wave[o.Key] = o.Wave
		}
		for i, a := range order {
			if a.Key.Kind == "Namespace" && slices.ContainsFunc(order[:i], func(b plan.Item) bool { return b.Key.Namespace == a.Key.Name }) {
				t.Fatalf("namespace %s comes after an object in it", a.Key.Name)
			}
			for _, b := range order[i+1:] {
				if a.Key.Kind == "Namespace" || b.Key.Kind == "Namespace" {
					continue
				}
				if wave[a.Key] > wave[b.Key] || wave[a.Key] == wave[b.Key] && resource.KindRank(a.Key.Kind) > resource.KindRank(b.Key.Kind) {
					t.Fatalf("%s comes before %s", a.Key, b.Key)
				}
			}
		}
	})
}
