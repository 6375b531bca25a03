package tree_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"pgregory.net/rapid"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason, dir, path string
		rooted            bool
		want              string // "" is refused
	}{
		{"below the directory", "app", "a.yaml", false, "app/a.yaml"},
		{"the directory itself", "app", "", false, "app"},
		{"the root", ".", "", false, "."},
		{"climbing within the tree", "a/b", "../../c/d", false, "c/d"},
		{"up to the root", "app", "..", false, "."},
		{"above the root", "app", "../..", false, ""},
		{"above the root and back", "app", "../../app/a", false, ""},
		{"absolute", "app", "/a", false, ""},
		{"rooted", "app", "/a", true, "a"},
		{"rooted, doubled slashes", "app", "//a//b", true, "a/b"},
		{"rooted, climbing out", "app", "/../a", true, ""},
		{"rooted, within", "app", "/a/../b", true, "b"},
		{"a NUL byte", "app", "a\x00b", false, ""},
		{"a backslash", "app", `..\a`, false, ""},
		{"a backslash, rooted", "app", `/..\a`, true, ""},
		{"not UTF-8", "app", "a\xff", false, ""},
		{"two dots in a name", "app", "..a", false, "app/..a"},
		{"a tilde is a letter", "app", "~/a", false, "app/~/a"},
		{"percent signs are letters", "app", "%2e%2e/a", false, "app/%2e%2e/a"},
		{"a lookalike of two dots", "app", "‥/a", false, "app/‥/a"},
	}
	for _, tt := range tests {
		resolve := tree.Resolve
		if tt.rooted {
			resolve = tree.ResolveRooted
		}
		got, err := resolve("field", tt.dir, tt.path)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %q, %v, want %q", tt.reason, got, err, tt.want)
		}
		if err != nil && (fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "field: ")) {
			t.Errorf("%s: got %v", tt.reason, err)
		}
	}
}

func TestResolveNeverLeaves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"..", ".", "", "a", "b", "/", "..."})).Draw(t, "parts"), "/")
		for _, resolve := range []func(string, string, string) (string, error){tree.Resolve, tree.ResolveRooted} {
			got, err := resolve("field", "x/y", p)
			if err == nil && (got == ".." || strings.HasPrefix(got, "../") || strings.HasPrefix(got, "/") || got == "") {
				t.Fatalf("%q became %q", p, got)
			}
		}
	})
}

func TestClip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason, in, want string
	}{
		{"short", " a\nb \n", "a\nb"},
		{"many lines", strings.Repeat("a\n", 20), "a\na\na\na\na\na\na\na …"},
		{"a long line", strings.Repeat("a", 3000) + "the cause", strings.Repeat("a", 800) + " … " + strings.Repeat("a", 391) + "the cause"},
		{"not UTF-8", "a\xff", "a\ufffd"},
		{"control characters", "a\x1b[31m\tb\r\nc\x00", "a\ufffd[31m\tb\ufffd\nc\ufffd"},
		{"a key of YAML that is none, with its value", "a.yaml: unsupported map key of type: %!s(<nil>), key: <nil>, value: \"hunter2\"", "a.yaml: unsupported map key …"},
		{"another", `yaml: invalid map key: []interface {}{"hunter2"}`, "yaml: invalid map key …"},
		{"a node of Kustomize's", "wrong node kind: node contents:\n? [hunter2]\n: b\n", "wrong node kind: node contents …"},
		{"a value of the wrong sort", "line 3: cannot unmarshal !!str `hunter2` into int", "line 3: cannot unmarshal !!str … into int"},
		{"a value for a subchart that is no mapping", "app: values: type mismatch on sub: %!t(string=hunter2)", "app: values: type mismatch on sub …"},
		{"what Go's libraries have wrapped it in", "values: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 1: did not find x", "values: line 1: did not find x"},
		{"a file's name is none of it", "a.yaml: line 3: did not find x", "a.yaml: line 3: did not find x"},
		{"and less of that", "a.yaml: yaml: line 3: did not find x", "a.yaml: line 3: did not find x"},
		{"and more", "a: yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str `hunter2` into int", "a: line 3: cannot unmarshal !!str … into int"},
		{"a field of the wrong type", "a.yaml: json: cannot unmarshal string into Go struct field Kustomization.resources of type []string", "a.yaml: resources: a string does not fit, it must be []string"},
		{"a value that is not its tag's", "cannot decode !!str `hunter2\nx` as a !!int", "cannot decode !!str … as a !!int"},
	}
	for _, tt := range tests {
		if got := tree.Clip(tt.in); got != tt.want {
			t.Errorf("%s: got %q", tt.reason, got)
		}
	}
	if got := tree.Clip(strings.Repeat("ü", 3000)); !utf8.ValidString(got) {
		t.Errorf("cut within a letter: %q", got)
	}
}

// What does not fit a condition is there as a whole, as clean as what does.
func TestFailure(t *testing.T) {
	t.Parallel()
	line := "type mismatch on sub: hunter2\x1b\n"
	for _, tt := range []struct {
		reason, in, message, whole string
	}{
		{"short: there is nothing more", "a\nb", "a\nb", "a\nb"},
		{"masked all the same", line, "type mismatch on sub …", "type mismatch on sub …"},
		{"many lines", strings.Repeat(line, 9), strings.Repeat("type mismatch on sub …\n", 7) + "type mismatch on sub … …", strings.TrimSpace(strings.Repeat("type mismatch on sub …\n", 9))},
		{"a long line", strings.Repeat("a", 3000), strings.Repeat("a", 800) + " … " + strings.Repeat("a", 400), strings.Repeat("a", 3000)},
		{"endless", strings.Repeat("a", tree.MaxWhole+9) + "b", strings.Repeat("a", 800) + " … " + strings.Repeat("a", 399) + "b", strings.Repeat("a", tree.MaxWhole/2) + " … " + strings.Repeat("a", tree.MaxWhole/2-1) + "b"},
	} {
		err := tree.Failure(fault.Invalid, tt.in)
		if err.Error() != tt.message || fault.Whole(err) != tt.whole || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %q and as a whole %q", tt.reason, err, fault.Whole(err))
		}
		again := tree.Failure(fault.Invalid, fault.Whole(err)) // as on both sides of a worker's pipe
		if again.Error() != err.Error() || fault.Whole(again) != fault.Whole(err) {
			t.Errorf("%s: cleaned twice: %q and %q", tt.reason, again, fault.Whole(again))
		}
	}
}

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://user:hunter2@example.org/a?ref=v1": "https://example.org/a?ref=v1",
		"https://user:hun@ter2@example.org/a":       "https://example.org/a",
		"https://token@example.org":                 "https://example.org",
		"https://example.org/path@with:at":          "https://example.org/path@with:at",
		"git@example.org:a":                         "git@example.org:a",
	} {
		if got := tree.RedactURL(in); got != want {
			t.Errorf("%s: got %s", in, got)
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	repo := fstest.MapFS{"a": {Data: make([]byte, 6000)}, "b": {Data: make([]byte, 6000)}}
	files := tree.NewReader(t.Context(), repo, 10_000)
	if _, err := files.File("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := files.On(repo).File("b"); fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "b: 6000 bytes are more") {
		t.Errorf("another tree has the same budget: got %v", err)
	}
	if err := files.Spend("x", 3000); err != nil {
		t.Errorf("got %v", err)
	}
	// Looking costs too, or links and globs could go round in a tree for ever.
	looks := 0
	for ; looks < 100; looks++ {
		if _, err := files.Stat("a"); err != nil {
			break
		}
	}
	if _, err := files.Dir("."); looks == 100 || fault.KindOf(err) != fault.Broken || !strings.Contains(err.Error(), "looks at too many files") {
		t.Errorf("after %d looks: %v", looks, err)
	}
}

// faultyFS cannot say what lies below bad.
type faultyFS struct{ fstest.MapFS }

func (f faultyFS) fail(op, name string) error {
	if name != "bad" && !strings.HasPrefix(name, "bad/") {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: fault.New(fault.Unavailable, "away")}
}

func (f faultyFS) Stat(name string) (fs.FileInfo, error) {
	if err := f.fail("stat", name); err != nil {
		return nil, err
	}
	return f.MapFS.Stat(name)
}

func (f faultyFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.fail("readdir", name); err != nil {
		return nil, err
	}
	return f.MapFS.ReadDir(name)
}

// TestErrorsKeepTheirKind: a tree that cannot be read just now is not a broken one.
func TestErrorsKeepTheirKind(t *testing.T) {
	t.Parallel()
	repo := faultyFS{fstest.MapFS{"good/a": {}, "bad/a": {}}}
	files := tree.NewReader(t.Context(), repo, 1<<20)
	for name, look := range map[string]func() error{
		"File":          func() error { _, err := files.File("bad/a"); return err },
		"Raw":           func() error { _, err := files.Raw("bad/a"); return err },
		"Stat":          func() error { _, err := files.Stat("bad/a"); return err },
		"Dir":           func() error { _, err := files.Dir("bad"); return err },
		"Glob":          func() error { _, err := files.Glob("bad/*"); return err },
		"Glob, no meta": func() error { _, err := files.Glob("bad/a"); return err },
		"Glob, passing": func() error { _, err := files.Glob("*/a"); return err },
		"FS": func() error {
			names := files.FS()
			_, _ = names.ReadDir("bad") // as globs do
			return names.Err()
		},
	} {
		if err := look(); fault.KindOf(err) != fault.Unavailable || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"nothing there": func() error { _, err := files.File("good/x"); return err }(),
		"a directory":   func() error { _, err := files.File("good"); return err }(),
	} {
		if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := files.Glob("g*/*"); err != nil || len(got) != 1 || got[0] != "good/a" {
		t.Errorf("a glob elsewhere: %v, %v", got, err)
	}
	if got, err := files.Glob("good/a/*"); err != nil || len(got) != 0 {
		t.Errorf("a glob below a file: %v, %v", got, err)
	}
	if _, err := files.Glob("[a"); err == nil {
		t.Error("a bad pattern is no error")
	}
	if _, err := files.FS().Open("good/a"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("opening: %v", err)
	}
}

func TestCheckPointer(t *testing.T) {
	t.Parallel()
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
	files := tree.NewReader(t.Context(), fstest.MapFS{"a": {Data: []byte(pointer)}, "b": {Data: []byte("x\n" + pointer)}}, 1<<20)
	if _, err := files.File("a"); fault.KindOf(err) != fault.Unsupported || !strings.Contains(fmt.Sprint(err), "a is a Git LFS pointer") {
		t.Errorf("a pointer: %v", err)
	}
	if got, err := files.Raw("a"); err != nil || string(got) != pointer {
		t.Errorf("a pointer, raw: %q, %v", got, err)
	}
	if _, err := files.File("b"); err != nil {
		t.Errorf("a file that speaks of pointers: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	files := tree.NewReader(ctx, fstest.MapFS{"a": {}}, 1<<20)
	for name, look := range map[string]func() error{
		"File": func() error { _, err := files.File("a"); return err },
		"Dir":  func() error { _, err := files.Dir("."); return err },
		"Glob": func() error { _, err := files.Glob("*"); return err },
		"Err":  files.Err,
	} {
		if err := look(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
