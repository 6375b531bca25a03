package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestExamples pushes Argo CD's own examples, unmodified, and applies ordinary
// Applications for them (testdata/examples).
func TestExamples(t *testing.T) {
	examples := findExamples(t)
	repo := t.TempDir()
	for _, name := range []string{"guestbook", "kustomize-guestbook", "helm-guestbook"} {
		must(t, os.CopyFS(filepath.Join(repo, name), os.DirFS(filepath.Join(examples, name))))
	}
	r := rehearse(t, content{repo: os.DirFS(repo), applications: os.DirFS(filepath.Join("testdata", "examples"))})
	for _, name := range []string{"guestbook", "kustomize-guestbook", "helm-guestbook"} {
		obj, err := r.cluster.get(t.Context(), applicationObject(name))
		must(t, err)
		app, err := decodeApplication(obj)
		must(t, err)
		if !well(app) || len(app.Status.Resources) != 2 {
			t.Errorf("%s is %s with %d objects, want Synced, Healthy with 2", name, standing(app), len(app.Status.Resources))
		}
	}
	r.stop(t)
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
