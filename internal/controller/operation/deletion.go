package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/resource"
)

// Deletion runs the hooks of one type while an Application is being deleted, wave
// by wave. All of its state is in the hooks themselves: they carry a mark of the
// very Application, and a finalizer until they are cleaned up.
type Deletion struct {
	Engine
	App      *v1alpha1.Application
	Instance string
	// Hooks are the Application's; those of other types are left out.
	Hooks []desired.Object
	// Type is HookPreDelete or HookPostDelete.
	Type    resource.HookType
	Permits func(resource.Key) error
}

// HookError is the error of a deletion whose hook has failed. The hook is removed
// and made again at the next try, so that a fixed one gets its chance, as in Argo CD.
type HookError struct{ Key, Message string }

func (f *HookError) Error() string {
	return fmt.Sprintf("hook %s failed and is tried again: %s", f.Key, f.Message)
}

// Advance makes what is to be made, and says what is waited for; "" when all hooks
// have succeeded.
func (d *Deletion) Advance(ctx context.Context) (waiting string, err error) {
	for _, wave := range d.waves() {
		waiting := ""
		for _, h := range wave {
			w, err := d.run(ctx, h)
			if err != nil {
				return "", err
			}
			if waiting == "" {
				waiting = w
			}
		}
		if waiting != "" {
			return waiting, nil
		}
	}
	return "", nil
}

// waves are the hooks of the type, by wave in order.
func (d *Deletion) waves() [][]hook {
	byWave := map[int][]hook{}
	var order []int
	for _, o := range d.Hooks {
		if !slices.Contains(o.HookTypes, d.Type) {
			continue
		}
		key := o.Key
		if key.Name == "" {
			key.Name = generateName(o) + strings.ToLower(fmt.Sprintf("%s-%d", d.Type, d.App.DeletionTimestamp.Unix()))
		}
		if byWave[o.Wave] == nil {
			order = append(order, o.Wave)
		}
		byWave[o.Wave] = append(byWave[o.Wave], hook{key: key, object: o})
	}
	slices.Sort(order)
	out := make([][]hook, 0, len(order))
	for _, w := range order {
		out = append(out, byWave[w])
	}
	return out
}

func (d *Deletion) mark() string {
	return string(d.App.UID) + "-" + strings.ToLower(string(d.Type))
}

// run sees to one hook.
func (d *Deletion) run(ctx context.Context, h hook) (waiting string, err error) {
	live := d.Comparer.Cluster.Get(h.key)
	switch {
	case live == nil:
		return "waiting for completion of hook " + h.key.Human(), d.make(ctx, h)
	case live.App != "" && live.App != d.Instance && d.Alive(live.App): // nor is it deleted for this one
		return "waiting until " + h.key.Human() + " of Application " + live.App + " is gone", nil
	case live.Hints.HookRun != d.mark(): // of a sync, or of an Application of before
		return "waiting for deletion of hook " + h.key.Human(), d.remove(ctx, live)
	}
	switch phase, message := completion(live); phase {
	case v1alpha1.OperationSucceeded:
		return "", nil
	case v1alpha1.OperationFailed:
		if err := d.remove(ctx, live); err != nil {
			return "", err
		}
		return "", &HookError{Key: h.key.Human(), Message: message}
	case v1alpha1.OperationRunning, v1alpha1.OperationError, v1alpha1.OperationTerminating:
	}
	return "waiting for completion of hook " + h.key.Human(), nil
}

func (d *Deletion) make(ctx context.Context, h hook) error {
	if err := d.Permits(h.key); err != nil {
		return err
	}
	kind, ok := d.Comparer.Cluster.Kinds().Exact(h.object.GVK)
	if !ok {
		return unknownKindError{"the cluster does not know " + h.object.GVK.GroupVersion().String() + " " + h.key.Kind}
	}
	body, err := hookBody(h.object, identity{
		key: h.key, mark: d.mark(), instance: d.Instance, namespace: d.App.Spec.Destination.Namespace,
	})
	if err != nil {
		return err
	}
	res := d.Applier.Create(ctx, []apply.Task{{Key: h.key, Kind: kind, Body: body}}, apply.Options{})[0]
	switch {
	case res.Existing != nil:
		d.Comparer.Cluster.Observe(res.Existing)
	case res.Failed():
		return fmt.Errorf("making hook %s: %s", h.key.Human(), res.Message)
	case res.Object != nil:
		d.Comparer.Cluster.Observe(res.Object)
	}
	return nil
}

// Cleanup deletes the hooks of the type that are not to stay, and says what is
// waited for. Without a policy all go: the Application that could run them again
// will be gone.
func (d *Deletion) Cleanup(ctx context.Context) (waiting string, err error) {
	tracked := d.Comparer.Cluster.Tracked(d.Instance)
	slices.SortFunc(tracked, func(a, b *cluster.Record) int { return a.Key.Compare(b.Key) })
	for _, r := range tracked {
		if r.Hints.HookRun != d.mark() {
			continue
		}
		if d.stays(r) {
			if r.Hints.HookFinalizer {
				if err := d.Unfinalize(ctx, r); err != nil {
					return "", err
				}
			}
			continue
		}
		waiting = "waiting for deletion of hook " + r.Key.Human()
		if err := d.remove(ctx, r); err != nil {
			return "", err
		}
	}
	return waiting, nil
}

// stays says whether a hook's policies name only the outcome that it did not have.
func (d *Deletion) stays(r *cluster.Record) bool {
	for _, o := range d.Hooks {
		if o.Key != r.Key {
			continue
		}
		p := o.DeletePolicy
		phase, _ := completion(r)
		succeeded := phase == v1alpha1.OperationSucceeded
		return !p.BeforeCreation && (p.Succeeded && !p.Failed && !succeeded || p.Failed && !p.Succeeded && succeeded)
	}
	return false
}

func (d *Deletion) remove(ctx context.Context, r *cluster.Record) error {
	if r.Hints.HookFinalizer {
		if err := d.Unfinalize(ctx, r); err != nil {
			return err
		}
	}
	if r.Deleting {
		return nil
	}
	kind, ok := d.Comparer.Cluster.Kinds().Preferred(r.Key.GroupKind())
	if !ok {
		return nil
	}
	res := d.Remove(ctx, []apply.Removal{{
		Key: r.Key, Kind: kind, UID: r.UID, Propagation: Propagation(d.Comparer.Cluster, r, ""),
	}})[0]
	if res.Failed() {
		return fmt.Errorf("deleting hook %s: %s", r.Key.Human(), res.Message)
	}
	return nil
}
