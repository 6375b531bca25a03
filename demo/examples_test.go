package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
)

// TestExamples pushes Argo CD's own examples, unmodified, and applies ordinary
// Applications for them (testdata/examples).
func TestExamples(t *testing.T) {
	examples := findExamples(t)
	repo := t.TempDir()
	for name := range exampleObjects {
		must(t, os.CopyFS(filepath.Join(repo, name), os.DirFS(filepath.Join(examples, name))))
	}
	r := rehearse(t, content{repo: os.DirFS(repo), applications: os.DirFS(filepath.Join("testdata", "examples"))})
	for name, want := range exampleObjects {
		var app *v1alpha1.Application
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := r.cluster.followApplication(ctx, name, time.Now(), func(seen *v1alpha1.Application) bool {
			app = seen
			op := seen.Status.OperationState
			return well(seen) && op != nil && op.Phase.Completed()
		})
		cancel()
		must(t, err)
		if !well(app) || len(app.Status.Resources) != want.objects {
			t.Errorf("%s is %s with %d objects, want Synced, Healthy with %d", name, standing(app), len(app.Status.Resources), want.objects)
		}
		var hooks []string
		for _, result := range app.Status.OperationState.SyncResult.Resources {
			if result.HookType != "" {
				hooks = append(hooks, result.HookType+" "+string(result.HookPhase))
			}
		}
		if d := cmp.Diff(want.hooks, hooks); d != "" {
			t.Errorf("%s: hooks in the order in which they were run (-want +got)\n%s", name, d)
		}
	}
	r.stop(t)
}

// exampleObjects are the examples, with how many objects each has and which hooks it
// runs: sync-waves puts a maintenance page up and down around its frontend, and
// pre-post-sync runs a Job before and one after.
var exampleObjects = map[string]struct {
	objects int
	hooks   []string
}{
	"guestbook":           {objects: 2},
	"kustomize-guestbook": {objects: 2},
	"helm-guestbook":      {objects: 2},
	"sync-waves":          {objects: 4, hooks: []string{"PreSync Succeeded", "Sync Succeeded", "Sync Succeeded"}},
	"pre-post-sync":       {objects: 2, hooks: []string{"PreSync Succeeded", "PostSync Succeeded"}},
}

// findExamples is the directory shared/examples beside the repository.
func findExamples(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{filepath.Join("..", "..", "shared", "examples"), "/work/shared/examples"} {
		_, err := os.Stat(dir)
		if err == nil {
			return dir
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Skip("no shared/examples beside the repository")
	return ""
}
