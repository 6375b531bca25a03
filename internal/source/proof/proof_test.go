package proof_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	b.Note(repo, "chart canary 1.0.0", "sha256:1")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	notes, noErr := filepath.Glob(filepath.Join(dir, "said", "*"))
	files = append(slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "said" }), notes...)
	if err != nil || noErr != nil || len(files) != 3 {
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

// A record that is made anew is as young as that, also for Since.
func TestRenewed(t *testing.T) {
	dir := t.TempDir()
	repo := source.Repository{URL: "https://git.example.com/a"}
	b := open(t, dir, now)
	if since := b.Since(repo); !since.IsZero() {
		t.Errorf("a record of %s of what is not known", since)
	}
	b.Add(repo, struct{}{})
	files, err := filepath.Glob(filepath.Join(dir, "????????????????????*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Chtimes(files[0], now, now); err != nil {
		t.Fatal(err)
	}
	if since := b.Since(repo); !since.Equal(now) {
		t.Errorf("made %s, want %s", since, now)
	}
	before := time.Now().Add(-time.Minute)
	b.Add(repo, struct{}{})
	if since := b.Since(repo); since.Before(before) {
		t.Errorf("made anew, and it is of %s", since)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	b.Add(repo, struct{}{})
	if !has(open(t, dir, now), repo) {
		t.Error("a record that somebody deleted is not made again")
	}
}

// Who finds a note has the same credentials, and is still let in.
func TestNotes(t *testing.T) {
	dir := t.TempDir()
	repo := source.Repository{URL: "https://charts.example.com", Password: source.NewSecret("canary")}
	other := repo
	other.Password = source.NewSecret("another")
	b := open(t, dir, now)
	expect := func(reason string, repo source.Repository, what, want string) {
		t.Helper()
		if got, ok := b.Noted(repo, what); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %t", reason, got, ok)
		}
	}
	b.Note(repo, "web 1.0.0", "sha256:1")
	expect("nobody was let in", repo, "web 1.0.0", "")
	b.Add(repo, struct{}{})
	b.Add(other, struct{}{})
	expect("noted", repo, "web 1.0.0", "sha256:1")
	expect("of something else nothing is", repo, "web 1.0.1", "")
	expect("nor for somebody else", other, "web 1.0.0", "")
	b.Note(repo, "web 1.0.0", "sha256:2")
	b = open(t, dir, now)
	expect("it outlives the process, and the newest counts", repo, "web 1.0.0", "sha256:2")
	b.Remove(repo)
	expect("turned away", repo, "web 1.0.0", "")
	b.Add(repo, struct{}{})
	expect("let in again", repo, "web 1.0.0", "sha256:2")

	files, err := filepath.Glob(filepath.Join(dir, "said", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []string{"", strings.Replace(string(content), ":2", ":3", 1), string(content[:len(content)-1]), strings.Repeat("a", 1<<20)} {
		if err := os.WriteFile(files[0], []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		expect("damaged", repo, "web 1.0.0", "")
	}
	b.Note(repo, "web 1.0.0", "sha256:2")
	expect("said again", repo, "web 1.0.0", "sha256:2")
	b.Unnote(repo, "web 1.0.0")
	b.Unnote(repo, "web 1.0.0")
	expect("forgotten", repo, "web 1.0.0", "")
	if err := os.RemoveAll(filepath.Join(dir, "said")); err != nil {
		t.Fatal(err)
	}
	b.Note(repo, "web 1.0.0", "sha256:2")
	expect("all was deleted meanwhile", repo, "web 1.0.0", "sha256:2")
	if err := os.Chtimes(files[0], now, now); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir, now.Add(91*24*time.Hour))
	b.Add(repo, struct{}{})
	expect("too old", repo, "web 1.0.0", "")
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
