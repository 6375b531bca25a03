package proof_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/proof"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, at time.Time) *proof.Book {
	t.Helper()
	b, err := proof.Open(dir, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func has(b *proof.Book, repo source.Repository) bool {
	_, ok := b.Get(repo)
	return ok
}

func TestRemembers(t *testing.T) {
	dir := t.TempDir()
	repo := source.Repository{URL: "https://ada:canary-1@git.example.com/a", Password: source.NewSecret("canary-2")}
	b := open(t, dir, now)
	if has(b, repo) {
		t.Error("a new book knows a repository")
	}
	b.Add(repo, struct{}{})
	if b = open(t, dir, now.Add(time.Hour)); !has(b, repo) {
		t.Error("it does not outlive the process")
	}
	b.Remove(repo)
	if has(b, repo) || has(open(t, dir, now), repo) {
		t.Error("it cannot be forgotten")
	}
	b.Remove(repo)
	b.Add(repo, struct{}{})
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if content, err := os.ReadFile(f); err != nil || strings.Contains(f+string(content), "canary") || strings.Contains(f, "example") {
			t.Errorf("%s tells what it is of, %v", f, err)
		}
		if err := os.Chtimes(f, now, now); err != nil {
			t.Fatal(err)
		}
	}
	if !has(open(t, dir, now.Add(89*24*time.Hour)), repo) {
		t.Error("it is dropped too early")
	}
	if has(open(t, dir, now.Add(91*24*time.Hour)), repo) {
		t.Error("it counts for ever")
	}
}

// A salt that was lost leaves records that say nothing.
func TestAnotherSalt(t *testing.T) {
	dir := t.TempDir()
	repo := source.Repository{URL: "https://git.example.com/a"}
	open(t, dir, now).Add(repo, struct{}{})
	if err := os.WriteFile(filepath.Join(dir, "salt"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if has(open(t, dir, now), repo) {
		t.Error("a record outlives its salt")
	}
}

// Whoever differs in any field is somebody else.
func TestEveryFieldCounts(t *testing.T) {
	b := open(t, t.TempDir(), now)
	b.Add(source.Repository{}, struct{}{})
	var try func(root, v reflect.Value, path string)
	try = func(root, v reflect.Value, path string) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Name
			was := reflect.ValueOf(f.Interface())
			switch x := f.Interface().(type) {
			case source.Secret:
				f.Set(reflect.ValueOf(source.NewSecret("x")))
			case source.Token:
				try(root, f, name+".")
				continue
			case bool:
				f.SetBool(!x)
			case int64:
				f.SetInt(1)
			default:
				f.SetString("x")
			}
			repo, ok := reflect.TypeAssert[source.Repository](root)
			if !ok || has(b, repo) {
				t.Errorf("%s decides nothing", name)
			}
			f.Set(was)
		}
	}
	root := reflect.New(reflect.TypeFor[source.Repository]()).Elem()
	try(root, root, "")
	if repo, ok := reflect.TypeAssert[source.Repository](root); !ok || !has(b, repo) {
		t.Error("and the same is the same")
	}
}
