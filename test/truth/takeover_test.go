package truth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/diff"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// predecessor is who applied an object before us, and how.
type predecessor struct {
	manager    string
	serverSide bool
}

// predecessors are kubectl and Argo CD 3.5, each in both ways.
func predecessors() map[string]predecessor {
	return map[string]predecessor{
		"kubectl apply":               {"kubectl-client-side-apply", false},
		"kubectl apply --server-side": {"kubectl", true},
		"Argo CD":                     {v1alpha1.FieldManager, false},
		"Argo CD, ServerSideApply":    {v1alpha1.FieldManager, true},
	}
}

// TestTakeover: what others applied is adopted without a change, and what leaves Git
// goes.
func TestTakeover(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	l := newLab(t)
	for i, name := range slices.Sorted(maps.Keys(predecessors())) {
		t.Run(name, func(t *testing.T) {
			out := newTally()
			var g errgroup.Group
			g.SetLimit(4)
			for j, s := range l.subjects {
				g.Go(func() error {
					for try := range max(1, *pairsFlag/500) {
						x := &session{
							subject: s, ctx: t.Context(), seed: *seedFlag*1_000_003 + i*100_003 + j*1_009 + try, out: out,
							agreed: map[string]bool{}, takeover: true,
						}
						if err := x.takeOver(predecessors()[name]); err != nil {
							return err
						}
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
			out.reportTakeover(t)
		})
	}
}

// takeOver has a predecessor apply an object twice, and then applies it as ours, first
// as it is, then without one of its fields.
func (s *session) takeOver(p predecessor) error {
	template := s.fresh()
	s.base, _ = s.mutated(template, 3)
	live, err := s.precede(p, nil)
	if err != nil { // refused
		s.base = template
		if live, err = s.precede(p, nil); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	defer s.end(live)
	if again, _ := s.mutated(s.base, 1); s.number(2) == 0 {
		before := s.base
		s.base = again
		if _, err := s.precede(p, live); err != nil {
			s.base = before
		}
	}
	gone, c := s.without()
	if s.number(2) == 0 { // adopt it first
		if live, err = s.adopt(s.base, "adopted"); err != nil || live == nil {
			return err
		}
	}
	if c.what != "remove" {
		return nil
	}
	live, err = s.adopt(gone, "removed")
	if err != nil || live == nil || p.manager == "kubectl" && p.serverSide { // who still applies it, and keeps it
		return err
	}
	return s.isGone(live, gone, c)
}

// precede writes the base as a predecessor does, over live if that is there.
func (s *session) precede(p predecessor, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	conn, key := s.lab.conn, s.key(s.base)
	b, err := json.Marshal(s.base)
	if err != nil {
		return nil, err
	}
	o := cluster.WriteOptions{Manager: p.manager}
	if p.serverSide {
		return conn.Apply(s.ctx, s.kind, key, b, o)
	}
	obj := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(s.base)}
	annotations := obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[lastApplied] = string(b)
	obj.SetAnnotations(annotations)
	if live == nil {
		if b, err = json.Marshal(obj.Object); err != nil {
			return nil, err
		}
		return conn.Post(s.ctx, s.kind, key, b, o)
	}
	if b, err = threeWay(live, obj); err != nil {
		return nil, err
	}
	body, err := s.lab.raw.Patch(types.MergePatchType).AbsPath(s.path(key.Namespace, key.Name)).Param("fieldManager", p.manager).Body(b).DoRaw(s.ctx)
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{}
	return out, out.UnmarshalJSON(body)
}

// threeWay is the patch by which kubectl applies, with which what was applied before and
// is no longer in the manifest goes.
func threeWay(live, desired *unstructured.Unstructured) ([]byte, error) {
	modified, err := json.Marshal(desired.Object)
	if err != nil {
		return nil, err
	}
	current, err := json.Marshal(live.Object)
	if err != nil {
		return nil, err
	}
	return jsonmergepatch.CreateThreeWayJSONMergePatch([]byte(live.GetAnnotations()[lastApplied]), modified, current)
}

// without is the base without one of its fields.
func (s *session) without() (node, change) {
	type result struct {
		obj node
		c   change
	}
	r := draw(s, func(t *rapid.T) result {
		for range 50 {
			if obj, c := s.mutate(t, s.base); c.what == "remove" {
				return result{obj, c}
			}
		}
		return result{s.base, change{what: "none"}}
	})
	return r.obj, r.c
}

// adopt compares what is desired with what is live, applies it, and checks that the comparison
// knew. The result is nil if the API server refused.
func (s *session) adopt(desired node, word string) (*unstructured.Unstructured, error) {
	live, err := s.get(s.ctx, s.key(desired))
	if err != nil {
		return nil, err
	}
	told := diff.Predict(&unstructured.Unstructured{Object: desired}, live, v1alpha1.FieldManager, apply.LegacyManagers(live)...)
	now, err := s.apply(desired)
	if err != nil {
		s.out.count(func(c *counts) { c.refused++ })
		return nil, nil //nolint:nilerr // refused
	}
	if !slices.Equal(controllers(live), controllers(now)) {
		return now, nil // they wrote in between
	}
	truth := slices.DeleteFunc(differences(now.Object, live.Object), func(p string) bool {
		return p == "/metadata/annotations/"+lastApplied || p == "/metadata/annotations" && len(annotations(live.Object)) == 1
	})
	s.out.count(func(c *counts) {
		c.applied++
		switch {
		case len(told) > 0 && len(truth) == 0:
			c.spurious++
		case len(told) == 0:
			c.equal++
		}
	})
	switch {
	case len(told) == 0 && len(truth) > 0:
		s.out.fail(fmt.Sprintf("%s: %s: predicted equal, and %v changed (seed %d)\n  %s", s.name, word, truth, s.seed, pairOf{desired: desired, live: live}))
	case len(told) > 0 && len(truth) == 0:
		s.out.note(s, word+" without a change", told, nil)
	case len(truth) > 0 && word == "adopted" && !claim.Unsure(told):
		s.out.fail(fmt.Sprintf("%s: adopting changed %v (seed %d)\n  %s", s.name, truth, s.seed, pairOf{desired: desired, live: live}))
	}
	return now, nil
}

// controllers are the writes of the control plane's own.
func controllers(obj *unstructured.Unstructured) []string {
	var out []string
	for _, m := range obj.GetManagedFields() {
		if m.Manager == "evenkeel-playground" && (m.Subresource == "" || strings.Contains(m.FieldsV1.GetRawString(), "f:annotations")) {
			out = append(out, m.FieldsV1.GetRawString())
		}
	}
	return out
}

// isGone checks that a field that left what is desired has no value now, or the one that
// a new object has, or one that nobody owns: the API server keeps some, like a
// clusterIP, and empty lists are nobody's.
func (s *session) isGone(live *unstructured.Unstructured, desired node, c change) error {
	s.out.count(func(c *counts) { c.single++ })
	now, there := lookup(live.Object, c.path)
	if list, ok := now.([]any); !there || !owned(live, c.path) || ok && len(list) == 0 {
		return nil
	}
	fresh := runtime.DeepCopyJSON(desired)
	meta := fresh["metadata"].(node)
	meta["name"] = s.fresh()["metadata"].(node)["name"]
	made, err := s.dryRun(s.ctx, fresh)
	if err != nil {
		return nil //nolint:nilerr // it has its name elsewhere, too
	}
	if new, ok := lookup(made.Object, c.path); ok && same(new, now) {
		return nil
	}
	s.out.count(func(c *counts) { c.misnamed++ })
	s.out.fail(fmt.Sprintf("%s: %s is still %v (seed %d)\n  %s", s.name, c.pattern(), now, s.seed, pairOf{desired: desired, live: live}))
	return nil
}

// owned says whether anybody owns the fields of a path, or as many of them as are not
// in a list.
func owned(live *unstructured.Unstructured, path []step) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
		var fields node
		if json.Unmarshal(m.FieldsV1.GetRawBytes(), &fields) != nil {
			return false
		}
		for _, p := range path {
			next, ok := fields["f:"+p.name].(node)
			if p.name == "" {
				return true
			}
			if !ok {
				return false
			}
			fields = next
		}
		return true
	})
}

func same(a, b any) bool {
	var out []string
	unequal(&out, "", a, b)
	return len(out) == 0
}

func lookup(v any, path []step) (any, bool) {
	for _, p := range path {
		switch x := v.(type) {
		case node:
			next, ok := x[p.name]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			if p.name != "" || p.index >= len(x) {
				return nil, false
			}
			v = x[p.index]
		default:
			return nil, false
		}
	}
	return v, true
}

func (a *tally) reportTakeover(t *testing.T) {
	t.Helper()
	c := a.total
	t.Logf("taken over %d, predicted equal %d, told to differ without a change %d; fields that left Git %d, of which stayed %d; refused %d",
		c.applied, c.equal, c.spurious, c.single, c.misnamed, c.refused)
	for _, m := range often(a.notes) {
		t.Log(m)
	}
	for _, m := range often(a.failures) {
		t.Error(m)
	}
}
