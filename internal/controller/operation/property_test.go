package operation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

var (
	apiVersions  = map[string]string{"ConfigMap": "v1", "ServiceAccount": "v1", "Job": "batch/v1", "Deployment": "apps/v1"} //nolint:gochecknoglobals // a table
	hookPolicies = []string{"", "BeforeHookCreation", "HookSucceeded", "BeforeHookCreation,HookSucceeded"}                  //nolint:gochecknoglobals // a table
)

func manifest(kind, name string) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersions[kind], "kind": kind}}
	obj.SetName(name)
	obj.SetNamespace(space)
	switch kind {
	case "ConfigMap":
		obj.Object["data"] = map[string]any{"v": "new"}
	case "Deployment":
		obj.Object["spec"] = map[string]any{"replicas": int64(1)}
	case "Job":
		obj.Object["spec"] = map[string]any{"parallelism": int64(1)}
	}
	return obj
}

// drawSource has objects and hooks in several waves and phases.
func drawSource(t *rapid.T) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for i := range rapid.IntRange(0, 4).Draw(t, "objects") {
		obj := manifest(rapid.SampledFrom([]string{"ConfigMap", "Deployment", "ServiceAccount"}).Draw(t, "kind"), fmt.Sprint("o", i))
		annotate(obj, v1alpha1.AnnotationSyncWave, fmt.Sprint(rapid.IntRange(-1, 2).Draw(t, "wave")))
		out = append(out, obj)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "hooks") {
		obj := manifest(rapid.SampledFrom([]string{"Job", "Job", "ConfigMap"}).Draw(t, "kind"), fmt.Sprint("h", i))
		annotate(obj, v1alpha1.AnnotationSyncWave, fmt.Sprint(rapid.IntRange(-1, 2).Draw(t, "wave")))
		annotate(obj, v1alpha1.AnnotationHook, rapid.SampledFrom([]string{"PreSync", "Sync", "PostSync", "PreSync,PostSync"}).Draw(t, "type"))
		if p := rapid.SampledFrom(hookPolicies).Draw(t, "policy"); p != "" {
			annotate(obj, v1alpha1.AnnotationHookDeletePolicy, p)
		}
		out = append(out, obj)
	}
	return out
}

// drawLive are objects that are in the cluster already: what the source has, at an
// older state, and what it no longer has, whosever they are.
func drawLive(t *rapid.T, source []*unstructured.Unstructured, owners []string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, obj := range source {
		if rapid.Bool().Draw(t, "missing") {
			continue
		}
		obj = obj.DeepCopy()
		if obj.GetKind() == "ConfigMap" && rapid.Bool().Draw(t, "old") {
			obj.Object["data"] = map[string]any{"v": "old"}
		}
		out = append(out, drawOwner(t, obj, owners))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "extras") {
		obj := manifest(rapid.SampledFrom([]string{"ConfigMap", "Deployment", "Job"}).Draw(t, "kind"), fmt.Sprint("x", i))
		annotate(obj, v1alpha1.AnnotationSyncWave, fmt.Sprint(rapid.IntRange(-1, 2).Draw(t, "wave")))
		if o := rapid.SampledFrom([]string{"", "", "", "Prune=false", "Prune=confirm", "PruneLast=true"}).Draw(t, "options"); o != "" {
			annotate(obj, v1alpha1.AnnotationSyncOptions, o)
		}
		out = append(out, drawOwner(t, obj, owners))
	}
	return out
}

func drawOwner(t *rapid.T, obj *unstructured.Unstructured, owners []string) *unstructured.Unstructured {
	obj.SetCreationTimestamp(before())
	if owner := rapid.SampledFrom(owners).Draw(t, "owner"); owner != "" {
		track(obj, owner)
	}
	if resource.IsHook(obj) {
		mark := rapid.SampledFrom([]string{"", "1-0-presync", fmt.Sprintf("%d-0-presync", start.Unix())}).Draw(t, "mark")
		if mark != "" && obj.GetAnnotations()[v1alpha1.AnnotationTrackingID] != "" {
			if strings.HasPrefix(mark, "1-") || obj.GetAnnotations()[v1alpha1.AnnotationTrackingID] != trackingOf(obj, self) {
				annotate(obj, v1alpha1.AnnotationHookRun, mark)
				obj.SetFinalizers([]string{v1alpha1.FinalizerHook})
			}
		}
	}
	return obj
}

func trackingOf(obj *unstructured.Unstructured, app string) string {
	c := obj.DeepCopy()
	track(c, app)
	return c.GetAnnotations()[v1alpha1.AnnotationTrackingID]
}

// drawWorld is deterministic in what is drawn: the same source in the same cluster
// can be made twice.
func drawWorld(t *rapid.T, owners []string) func() *world {
	source := drawSource(t)
	live := drawLive(t, source, owners)
	prune := rapid.Bool().Draw(t, "prune")
	automated := rapid.Bool().Draw(t, "automated")
	options := resource.ReadSyncOptions(rapid.SliceOfDistinct(rapid.SampledFrom([]string{
		"ApplyOutOfSyncOnly=true", "PruneLast=true", "Replace=true", "Force=true", "WaitForHealthy=true", "CreateNamespace=true",
	}), rapid.ID[string]).Draw(t, "options")...)
	approved := rapid.Bool().Draw(t, "approved")
	return func() *world {
		w := newWorld(t)
		for _, obj := range live {
			w.api.put(obj.DeepCopy())
		}
		w.desire(t, source...)
		w.options = options
		w.state.Operation.Sync.Prune = prune
		w.state.Operation.InitiatedBy.Automated = automated
		w.alive = []string{"other"}
		if approved {
			w.app.Annotations[v1alpha1.AnnotationDeletionApproved] = start.Add(1).Format("2006-01-02T15:04:05Z")
		}
		return w
	}
}

// follow makes passes until the operation has ended, with a person who confirms
// deletions when asked. It is cut off when the model says so, and goes on as a
// controller that was just started.
func follow(t *rapid.T, w *world) {
	defer w.settle()
	for range 200 {
		cut := w.api.cut
		out, written := w.advance()
		if cut != nil && !written {
			w.api.cut, w.memory = nil, &Memory{}
			if w.state.Phase.Completed() { // the end was written, and its answer lost: nobody begins it again
				return
			}
			continue
		}
		if out.Ended {
			return
		}
		if strings.Contains(w.state.Message, v1alpha1.AnnotationDeletionApproved) {
			w.app.Annotations[v1alpha1.AnnotationDeletionApproved] = w.clock.Format(time.RFC3339)
		}
		w.clock = w.clock.Add(1e9)
		if w.state.FinishedAt != nil {
			w.retry()
		}
		w.api.tick()
	}
	t.Fatalf("it does not end: %s: %v", w.state.Message, w.api.writes)
}

// An operation that is cut off at any request, whether that has arrived or not, and
// is carried on by a controller that knows nothing but what is in the cluster, ends
// as one that nobody has disturbed, and makes each hook once.
func TestCutOff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		build := drawWorld(t, []string{self, self, ""})
		undisturbed := build()
		follow(t, undisturbed)
		requests := undisturbed.api.asked
		at := rapid.IntRange(0, requests).Draw(t, "cut at")
		late := rapid.Bool().Draw(t, "answer lost")
		cut := build()
		cut.api.cut = func(n int) (before, after bool) { return n > at || n == at && !late, n == at && late }
		follow(t, cut)
		if d := cmp.Diff(undisturbed.api.content(), cut.api.content()); d != "" {
			t.Fatalf("cut off at request %d of %d (-undisturbed +cut off):\n%s\n%v\n%v", at, requests, d, undisturbed.api.writes, cut.api.writes)
		}
		for key, uids := range cut.api.made {
			if want := undisturbed.api.made[key]; strings.HasPrefix(key.Name, "h") && len(uids) != len(want) {
				t.Fatalf("hook %s was made %d times, not %d\n%v\n%v", key.Human(), len(uids), len(want), undisturbed.api.writes, cut.api.writes)
			}
		}
		if undisturbed.state.Phase != cut.state.Phase {
			t.Fatalf("%s, and %s without the cut", cut.state.Phase, undisturbed.state.Phase)
		}
	})
}

// What a sync has brought about needs no sync.
func TestAppliedIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, []string{self, self, ""})()
		follow(t, w)
		if w.state.Phase != v1alpha1.OperationSucceeded {
			return
		}
		w.state.SyncResult.Resources, w.state.FinishedAt = nil, nil
		w.state.Operation.Sync.SyncStrategy = &v1alpha1.SyncStrategy{Apply: &v1alpha1.SyncStrategyApply{}}
		w.options.Replace = false // with Force it replaces what differs in nothing
		w.api.writes = nil
		if p := w.begin().plan(); p.Writes() != 0 {
			t.Fatalf("still to do: %+v", p.Steps)
		}
	})
}

// No run deletes an object that another Application tracks, or one that has taken
// the place of what the plan saw; and what nobody tracks only where the source itself
// has an object of that name. The cluster changes while it goes on, and the
// connection fails.
func TestDeletesItsOwnOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, []string{self, "other", ""})()
		wanted := map[string]bool{}
		for _, o := range slices.Concat(w.source.Objects, w.source.Hooks) {
			wanted[o.Key.Human()] = true
		}
		swapAt, cutAt := rapid.IntRange(0, 40).Draw(t, "swap at"), rapid.IntRange(0, 40).Draw(t, "cut at")
		pick, owner := rapid.IntRange(0, 20).Draw(t, "which"), rapid.SampledFrom([]string{"", "other"}).Draw(t, "by whom")
		swapped := map[types.UID]bool{}
		w.api.meddle = func(n int) {
			keys := slices.DeleteFunc(w.api.keys(), func(k resource.Key) bool { return k.Kind == "Namespace" })
			if n != swapAt || len(keys) == 0 {
				return
			}
			key := keys[pick%len(keys)]
			obj := manifest(key.Kind, key.Name)
			if owner != "" {
				track(obj, owner)
			}
			delete(w.api.objects, key)
			swapped[w.api.put(obj).GetUID()] = true
		}
		w.api.cut = func(n int) (before, after bool) { return n >= cutAt, false }
		w.state.Operation.Retry.Limit = 2
	passes:
		for range 30 {
			out, written := w.advance()
			switch {
			case !written:
				w.api.cut, w.memory = nil, &Memory{}
			case out.Ended:
				break passes
			}
			w.clock = w.clock.Add(1e9)
			if w.state.FinishedAt != nil {
				w.retry()
			}
			w.api.tick()
		}
		for _, obj := range w.api.deleted {
			key := resource.KeyOf(obj)
			id, tracked := resource.TrackedBy(obj, "")
			if tracked && id.App != self {
				t.Fatalf("deleted %s of Application %s: %v", key.Human(), id.App, w.api.writes)
			}
			if !tracked && !wanted[key.Human()] {
				t.Fatalf("deleted %s, which nobody tracks (swapped: %t)", key.Human(), swapped[obj.GetUID()])
			}
		}
	})
}
