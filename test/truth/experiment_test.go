package truth

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/diff"
)

// session is one object from its first apply to its end, and the experiments made
// with it.
type session struct {
	*subject
	ctx  context.Context
	seed int
	next int
	out  *tally
	base node
	// agreed are differences that the API server has called none, by what is desired.
	agreed map[string]bool
	// takeover says that what is live was applied by others, whose fields become ours.
	takeover bool
}

// inSync says whether what is desired is live, as far as is known without asking.
func (s *session) inSync(live *unstructured.Unstructured) bool {
	c := predict(s.base, live)
	return len(c) == 0 || s.agreed[agreement(s.base, c)]
}

// agreement identifies what the API server called no difference.
func agreement(desired node, c []diff.Change) string {
	b, _ := json.Marshal(desired)
	return fmt.Sprintf("%s %x", b, diff.Digest(c))
}

// draw runs f with randomness of its own.
func draw[T any](s *session, f func(*rapid.T) T) T {
	s.next++
	return rapid.Custom(f).Example(s.seed*1000 + s.next)
}

// mutated is obj with up to n changes; kept changes may be refused together.
func (s *session) mutated(obj node, n int) (node, []change) {
	type result struct {
		obj     node
		changes []change
	}
	r := draw(s, func(t *rapid.T) result {
		out := result{obj: obj}
		for range n {
			var c change
			out.obj, c = s.mutate(t, out.obj)
			out.changes = append(out.changes, c)
		}
		return out
	})
	return r.obj, r.changes
}

func (s *session) number(below int) int {
	return draw(s, func(t *rapid.T) int { return rapid.IntRange(0, below-1).Draw(t, "n") })
}

// run makes up to the wanted number of pairs and returns how many it made.
func (s *session) run(wanted int) (pairs int, err error) {
	live, err := s.begin()
	if err != nil || live == nil {
		return 0, err
	}
	defer s.end(live)
	if err := s.atOnce(live); err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	for round := 0; round < 5 && pairs < wanted; round++ {
		if round > 0 {
			if live, err = s.disturb(live); err != nil {
				return pairs, err
			}
		}
		for variant := range 3 {
			desired, changes := s.base, []change(nil)
			if variant > 0 {
				desired, changes = s.mutated(s.base, variant)
			}
			ok, err := s.pair(desired, live, changes)
			if err != nil {
				return pairs, err
			}
			if ok {
				pairs++
			}
		}
		if s.number(3) == 0 { // what is desired moves on
			if live, err = s.move(live); err != nil {
				return pairs, err
			}
		}
	}
	return pairs, nil
}

// begin applies a new object and returns it. It is nil when nothing that was drawn
// was accepted.
func (s *session) begin() (*unstructured.Unstructured, error) {
	template := s.fresh()
	if spec, ok := template["spec"].(node); ok && len(spec) == 0 { // a generated kind has no validation but its schema
		template["spec"] = draw(s, func(t *rapid.T) any { return s.value(t, s.property(s.root, "spec"), "", 6) })
	}
	for n := 5; n >= 0; n-- {
		s.base = template
		var changes []change
		if n > 0 {
			s.base, changes = s.mutated(template, n)
		}
		live, err := s.apply(s.base)
		s.learnOne(changes, err == nil)
		if err == nil {
			return live, nil
		}
		if n == 0 && s.kind.GVK.Group != "truth.example.com" {
			return nil, fmt.Errorf("the template of %s: %w", s.name, err)
		}
	}
	return nil, nil
}

func (s *session) learnOne(changes []change, ok bool) {
	if ok || len(changes) == 1 {
		s.learn(changes, ok)
	}
}

// apply writes as package apply does.
func (s *session) apply(obj node) (*unstructured.Unstructured, error) {
	b, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	task := apply.Task{Key: s.key(obj), Kind: s.kind, Body: b, Legacy: s.takeover}
	r := (&apply.Applier{Conn: s.lab.conn}).Apply(s.ctx, []apply.Task{task}, apply.Options{})[0]
	if r.Failed() {
		return nil, fmt.Errorf("%s", r.Message)
	}
	return r.Object, nil
}

// atOnce compares what was just applied with what came of it.
func (s *session) atOnce(live *unstructured.Unstructured) error {
	predicted := predict(s.base, live)
	s.out.count(func(c *counts) { c.applied++ })
	if len(predicted) == 0 {
		return nil
	}
	outcome, err := s.dryRun(s.ctx, s.base)
	if err != nil && refused(err) { // with the defaults that it has now, what was just applied is none to apply
		s.out.count(func(c *counts) { c.unstable++ })
		return nil
	}
	if err != nil {
		return err
	}
	if truth := differences(outcome.Object, live.Object); len(truth) > 0 {
		s.out.count(func(c *counts) { c.unstable++ })
		s.out.note(s, "applying twice changes twice", predicted, nil)
		return nil
	}
	s.agreed[agreement(s.base, predicted)] = true
	s.out.count(func(c *counts) { c.spurious++ })
	s.out.note(s, "at once", predicted, nil)
	return nil
}

func predict(desired node, live *unstructured.Unstructured) []diff.Change {
	return diff.Predict(&unstructured.Unstructured{Object: desired}, live, v1alpha1.FieldManager)
}

// move applies a changed desired object, which is the base from then on.
func (s *session) move(live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	desired, _ := s.mutated(s.base, 1+s.number(2))
	now, err := s.apply(desired)
	if err != nil {
		return live, nil //nolint:nilerr // refused, so nothing moves
	}
	s.base = desired
	return now, s.atOnce(now)
}

// disturb has another manager change one field, and returns what is live then.
func (s *session) disturb(live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for range 5 {
		obj, changes := s.mutated(live.Object, 1)
		c := changes[0]
		if c.what == "none" {
			continue
		}
		err := s.byOther(live, obj, c)
		s.learn(changes, err == nil)
		if err != nil {
			if !refused(err) {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			now, err := s.get(s.ctx, s.key(s.base))
			if err != nil {
				return nil, err
			}
			live = now
			continue
		}
		now, err := s.get(s.ctx, s.key(s.base))
		if err != nil {
			return nil, err
		}
		return now, s.oneChange(live, now, c)
	}
	return live, nil
}

// byOther writes one change by an update, a patch or a forced apply.
func (s *session) byOther(live *unstructured.Unstructured, obj node, c change) error {
	key, conn := s.key(obj), s.lab.conn
	how := s.number(3)
	if how == 0 {
		part, ok := s.excerpt(obj, s.root, c.path).(node)
		if ok && c.what != "remove" && c.what != "drop" {
			part["apiVersion"], part["kind"] = obj["apiVersion"], obj["kind"]
			meta, _ := part["metadata"].(node)
			if meta == nil {
				meta = node{}
				part["metadata"] = meta
			}
			meta["name"] = key.Name
			b, err := json.Marshal(part)
			if err != nil {
				return err
			}
			_, err = conn.Apply(s.ctx, s.kind, key, b, cluster.WriteOptions{Manager: fmt.Sprintf("other-%d", s.next)})
			return err
		}
	}
	if how == 1 {
		patch := []node{{"op": "replace", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()}}
		top := c.path[0].name
		if v, ok := obj[top]; ok && top != "metadata" {
			patch = append(patch, node{"op": "add", "path": "/" + top, "value": v})
			b, err := json.Marshal(patch)
			if err != nil {
				return err
			}
			_, err = conn.Patch(s.ctx, s.kind, key, types.JSONPatchType, b)
			return err
		}
	}
	b, err := json.Marshal(obj)
	if err != nil {
		return err
	}
	_, err = conn.Put(s.ctx, s.kind, key, b, cluster.WriteOptions{Manager: "kubectl-edit"})
	return err
}

// excerpt is the part of v that another manager has to apply to say what is at a path.
func (m *mutator) excerpt(v any, s node, path []step) any {
	s = m.resolve(s)
	if len(path) == 0 || s["x-kubernetes-map-type"] == "atomic" {
		return v
	}
	switch x := v.(type) {
	case node:
		name := path[0].name
		child, ok := x[name]
		if !ok {
			return node{}
		}
		return node{name: m.excerpt(child, m.property(s, name), path[1:])}
	case []any:
		keys := listKeys(s)
		if keys == nil || path[0].index >= len(x) {
			return v
		}
		element, ok := m.excerpt(x[path[0].index], m.items(s), path[1:]).(node)
		whole, _ := x[path[0].index].(node)
		if !ok || whole == nil {
			return v
		}
		element = runtime.DeepCopyJSON(element)
		for _, k := range keys {
			if kv, ok := whole[k]; ok {
				element[k] = kv
			}
		}
		return []any{element}
	}
	return v
}

// pair compares a desired and a live object, and has the API server say what is true.
func (s *session) pair(desired node, live *unstructured.Unstructured, changes []change) (bool, error) {
	for range 5 {
		predicted := predict(desired, live)
		outcome, err := s.dryRun(s.ctx, desired)
		if err != nil {
			if !refused(err) {
				return false, fmt.Errorf("%s: %w", s.name, err)
			}
			s.learnOne(changes, false)
			s.out.count(func(c *counts) { c.refused++ })
			return false, nil
		}
		s.learnOne(changes, true)
		truth := differences(outcome.Object, live.Object)
		key := agreement(desired, predicted)
		equal := len(predicted) == 0 || s.agreed[key]
		if equal == (len(truth) == 0) {
			s.out.agree(s, len(predicted) == 0, equal)
			return true, nil
		}
		now, err := s.get(s.ctx, s.key(desired))
		if err != nil {
			return false, err
		}
		if len(differences(now.Object, live.Object)) > 0 || !reflect.DeepEqual(now.GetManagedFields(), live.GetManagedFields()) {
			live.Object = now.Object // a controller was at it
			continue
		}
		p := pairOf{desired: desired, live: live, changes: changes}
		if equal {
			s.out.unsound(s, p, predicted, truth)
			return true, nil
		}
		s.agreed[key] = true
		s.out.needless(s, predicted, changes)
		return true, nil
	}
	return false, nil
}

func (s *session) end(live *unstructured.Unstructured) {
	err := s.lab.conn.Delete(s.ctx, s.kind, s.key(s.base), cluster.DeleteOptions{UID: live.GetUID(), Propagation: "Background"})
	if err != nil && !apierrors.IsConflict(err) {
		s.out.fail(fmt.Sprintf("delete %s: %v", s.name, err))
	}
}

// differences are the paths at which two objects differ as JSON, apart from status
// and what the API server keeps in metadata.
func differences(a, b node) []string {
	var out []string
	unequal(&out, "", content(a), content(b))
	slices.Sort(out)
	return out
}

func content(o node) node {
	out := node{}
	for k, v := range o {
		if k != "status" && k != "metadata" {
			out[k] = v
		}
	}
	m, _ := o["metadata"].(node)
	meta := node{}
	for k, v := range m {
		if !slices.Contains([]string{"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"}, k) {
			meta[k] = v
		}
	}
	if meta["annotations"] = annotations(o); len(annotations(o)) == 0 {
		delete(meta, "annotations")
	}
	out["metadata"] = meta
	return out
}

// annotations are an object's, without those in which autoscaling/v1 has some of the status.
func annotations(o node) node {
	meta, _ := o["metadata"].(node)
	all, _ := meta["annotations"].(node)
	if o["apiVersion"] != "autoscaling/v1" {
		return all
	}
	all = maps.Clone(all)
	maps.DeleteFunc(all, func(name string, _ any) bool { return strings.HasPrefix(name, "autoscaling.alpha.kubernetes.io/") })
	return all
}

func unequal(out *[]string, path string, a, b any) {
	am, aok := a.(node)
	bm, bok := b.(node)
	al, alok := a.([]any)
	bl, blok := b.([]any)
	switch {
	case aok && bok:
		for k, v := range am {
			if w, ok := bm[k]; ok {
				unequal(out, path+"/"+k, v, w)
			} else {
				*out = append(*out, path+"/"+k)
			}
		}
		for k := range bm {
			if _, ok := am[k]; !ok {
				*out = append(*out, path+"/"+k)
			}
		}
	case alok && blok && len(al) == len(bl):
		for i := range al {
			unequal(out, fmt.Sprintf("%s/%d", path, i), al[i], bl[i])
		}
	case !reflect.DeepEqual(a, b):
		*out = append(*out, path)
	}
}

// pairOf is one experiment.
type pairOf struct {
	desired node
	live    *unstructured.Unstructured
	changes []change
}

func (p pairOf) String() string {
	d, _ := json.Marshal(p.desired)
	l, _ := json.Marshal(p.live.Object)
	var ops []string
	for _, c := range p.changes {
		ops = append(ops, c.what+" "+c.pattern())
	}
	return fmt.Sprintf("changes %s\n  desired %s\n  live %s", strings.Join(ops, ", "), d, l)
}
