package cluster

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/resource"
)

// TestTrees: each case is some objects and the trees that follow, in whatever order the
// objects come, and again when some have gone and come back.
func TestTrees(t *testing.T) {
	b, err := os.ReadFile("testdata/trees.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Reason  string           `json:"reason"`
		Objects []map[string]any `json:"objects"`
		// Want are trees: an id a line, indented by two below its owner, with the ids of
		// further owners. The first level are the roots.
		Want string `json:"want"`
		// Loose are the loose objects of the namespace ns.
		Loose []string `json:"loose"`
	}
	if err := yaml.UnmarshalStrict(b, &cases); err != nil || len(cases) == 0 {
		t.Fatal(len(cases), err)
	}
	for _, tt := range cases {
		t.Run(tt.Reason, func(t *testing.T) {
			var roots []resource.Key
			for line := range strings.Lines(tt.Want) {
				if key, ok := resource.ParseKey(strings.Fields(line)[0]); ok && line[0] != ' ' {
					roots = append(roots, key)
				}
			}
			rapid.Check(t, func(rt *rapid.T) {
				x := newIndex(Options{Judge: judgeNothing, Observer: nobody{}})
				put := func(o map[string]any) *Record {
					return x.Observe(&unstructured.Unstructured{Object: o})
				}
				for _, o := range rapid.Permutation(tt.Objects).Draw(rt, "order") {
					put(o)
				}
				for n, o := range rapid.Permutation(tt.Objects).Draw(rt, "gone") {
					if n > len(tt.Objects)/2 {
						break
					}
					x.mu.Lock()
					x.shelf.remove(resource.KeyOf(&unstructured.Unstructured{Object: o}))
					x.mu.Unlock()
					defer func() { consistent(rt, x) }()
					put(o)
				}
				if diff := cmp.Diff(tt.Want, draw(x.Descend(roots, 100))); diff != "" {
					rt.Fatalf("(-want +got):\n%s", diff)
				}
				var loose []string
				for _, r := range x.Loose("ns") {
					loose = append(loose, r.Key.String())
				}
				slices.Sort(loose)
				if diff := cmp.Diff(tt.Loose, loose); diff != "" {
					rt.Fatalf("loose (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func draw(branches []Branch) string {
	var out strings.Builder
	depth := make([]int, len(branches))
	for i, b := range branches {
		var besides []string
		if b.Above >= 0 {
			depth[i] = depth[b.Above] + 1
		}
		for _, key := range b.OwnedBy {
			if b.Above < 0 || key != branches[b.Above].Key {
				besides = append(besides, key.String())
			}
		}
		slices.Sort(besides)
		out.WriteString(strings.TrimRight(strings.Repeat("  ", depth[i])+b.Key.String()+" "+strings.Join(besides, " "), " ") + "\n")
	}
	return out.String()
}

// TestDescendIsBounded: no more nodes than asked for.
func TestDescendIsBounded(t *testing.T) {
	x := forest(1, 50, 10)
	if got := x.Descend([]resource.Key{rootKey(0)}, 7); len(got) != 7 {
		t.Errorf("%d nodes", len(got))
	}
}

func rootKey(i int) resource.Key {
	return resource.Key{Group: "apps", Kind: "Deployment", Namespace: "ns", Name: fmt.Sprintf("root-%d", i)}
}

// forest is trees of three levels: roots with a number of children with a number of leaves.
func forest(roots, children, leaves int) *Index {
	x := newIndex(Options{Judge: judgeNothing, Observer: nobody{}})
	n := 0
	add := func(key resource.Key, owner types.UID) types.UID {
		n++
		r := &Record{Key: key, UID: types.UID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)), ResourceVersion: "1", Verdict: Verdict{Health: "Healthy", Images: []string{"web:v1"}}}
		if owner != "" {
			r.Owners = []types.UID{owner}
		}
		x.put(r)
		return r.UID
	}
	for i := range roots {
		root := add(rootKey(i), "")
		for c := range children {
			child := add(resource.Key{Group: "apps", Kind: "ReplicaSet", Namespace: "ns", Name: fmt.Sprintf("root-%d-%d", i, c)}, root)
			for l := range leaves {
				add(resource.Key{Kind: "Pod", Namespace: "ns", Name: fmt.Sprintf("root-%d-%d-%d", i, c, l)}, child)
			}
		}
	}
	return x
}

// BenchmarkDescend: a tree of 5,000 nodes among 50,000.
func BenchmarkDescend(b *testing.B) {
	x := forest(10, 100, 49)
	root := []resource.Key{rootKey(3)}
	for b.Loop() {
		if got := len(x.Descend(root, 20000)); got != 5001 {
			b.Fatal(got)
		}
	}
}

// BenchmarkSummarize: the same, summed up.
func BenchmarkSummarize(b *testing.B) {
	x := forest(10, 100, 49)
	root := []resource.Key{rootKey(3)}
	for b.Loop() {
		if got := x.Summarize(root); len(got.Images) != 1 {
			b.Fatal(got)
		}
	}
}

// BenchmarkRelate: a Pod of that tree comes and goes.
func BenchmarkRelate(b *testing.B) {
	x := forest(10, 100, 49)
	owner := x.Get(resource.Key{Group: "apps", Kind: "ReplicaSet", Namespace: "ns", Name: "root-3-7"})
	r := &Record{Key: resource.Key{Kind: "Pod", Namespace: "ns", Name: "new"}, UID: "ffffffff-0000-4000-8000-000000000000", ResourceVersion: "1", Owners: []types.UID{owner.UID}}
	for b.Loop() {
		x.mu.Lock()
		x.shelf.set(r)
		x.shelf.remove(r.Key)
		x.mu.Unlock()
	}
}

// TestEntryKeepsAll: an entry gives back the record that it was made of, whatever fields a
// record gets one day, and also when it was another one before.
func TestEntryKeepsAll(t *testing.T) {
	uids := []types.UID{"", "u1", "0123abcd-1111-4222-8333-0123456789ab", "0123ABCD-1111-4222-8333-0123456789AB", "00000000-0000-0000-0000-000000000000", "0123abcd-1111-4222-8333-0123456789a", "0123abcdx1111-4222-8333-0123456789ab"}
	versions := []string{"", "0", "7", "007", "+7", "18446744073709551615", "18446744073709551616", "abc", "-1"}
	rapid.Check(t, func(t *rapid.T) {
		x := newIndex(Options{})
		key := resource.Key{Group: "g", Kind: "Kind", Namespace: "ns", Name: "a"}
		for range 3 {
			r := &Record{}
			fill(t, reflect.ValueOf(r).Elem())
			r.Key, r.UID, r.ResourceVersion = key, rapid.SampledFrom(uids).Draw(t, "uid"), rapid.SampledFrom(versions).Draw(t, "version")
			r.Owners = rapid.SliceOfN(rapid.SampledFrom(uids), 0, 3).Draw(t, "owners")
			want := *r
			x.shelf.set(r)
			if diff := cmp.Diff(&want, x.Get(key), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("(-put +got):\n%s", diff)
			}
			consistent(t, x)
		}
	})
}

// fill gives some fields of a struct values, at any depth.
func fill(t *rapid.T, v reflect.Value) {
	if rapid.Bool().Draw(t, "empty") {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[resource.Key]() {
			v.Set(reflect.ValueOf(resource.Key{Kind: "Service", Namespace: "ns", Name: "b"}))
			return
		}
		for _, field := range v.Fields() {
			if field.CanSet() {
				fill(t, field)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.String:
		v.SetString(rapid.SampledFrom([]string{"a", "b", strings.Repeat("long", 100)}).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64, reflect.Uint32:
		v.SetUint(7)
	default:
		t.Fatalf("a %s: fill it here", v.Type())
	}
}

// TestTextsAreBounded: texts that come and go do not gather.
func TestTextsAreBounded(t *testing.T) {
	var texts texts
	for i := range 3 * maxTexts {
		s := fmt.Sprint(i)
		if texts.one(s) != s {
			t.Fatal(s)
		}
		texts.network(&Network{Labels: s}, nil)
	}
	if len(texts.known) > maxTexts || len(texts.pods) > maxTexts {
		t.Errorf("%d texts, %d networks", len(texts.known), len(texts.pods))
	}
}
