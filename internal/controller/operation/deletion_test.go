package operation

import (
	"context"
	"strings"
	"testing"

	"evenkeel.dev/internal/resource"
)

// deletion is a pass of a deletion by a controller that has just started.
func (w *world) deletion() *Deletion {
	r := w.begin()
	return &Deletion{
		Engine: r.Engine, App: w.app, Instance: self, Hooks: w.source.Hooks, Type: resource.HookPreDelete,
		Permits: func(resource.Key) error { return nil },
	}
}

// TestDeletionHook: the hook of a deletion is made once and awaited. What another
// Application has under its name is waited for; what a sync left goes.
func TestDeletionHook(t *testing.T) {
	const source = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: backup, annotations: {argocd.argoproj.io/hook: PreDelete}}"
	advance := func(w *world, want string) {
		t.Helper()
		got, err := w.deletion().Advance(context.Background())
		if err != nil || got != want {
			t.Fatalf("%q, %v, want %q", got, err, want)
		}
	}
	w := newWorld(t)
	w.desire(t, objects(t, source)...)
	w.alive = []string{"other"}
	w.api.put(objects(t, source+"\nof: other")[0])
	advance(w, "waiting until Job prod/backup of Application other is gone")
	w.vanish("Job", "backup")
	w.api.put(objects(t, source+"\nof: shop\nmark: 1-0-presync")[0])
	advance(w, "waiting for deletion of hook Job prod/backup")
	w.api.tick()
	for range 2 {
		advance(w, "waiting for completion of hook Job prod/backup")
	}
	w.api.tick()
	advance(w, "")
	if got := strings.Join(w.api.writes, ", "); got != "DELETE Job prod/backup, POST Job prod/backup" {
		t.Error(got)
	}
	for want := range strings.SplitSeq("waiting for deletion of hook Job prod/backup,", ",") {
		if got, err := w.deletion().Cleanup(context.Background()); err != nil || got != want {
			t.Fatalf("%q, %v, want %q", got, err, want)
		}
		w.api.tick()
	}
}
