package tree_test

import (
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
		{"not UTF-8", "a\xff", "a"},
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

func TestBudget(t *testing.T) {
	t.Parallel()
	repo := fstest.MapFS{"a": {Data: make([]byte, 60)}, "b": {Data: make([]byte, 60)}}
	files := tree.NewReader(t.Context(), repo, 100)
	if _, err := files.File("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := files.On(repo).File("b"); fault.KindOf(err) != fault.Broken {
		t.Errorf("another tree has the same budget: got %v", err)
	}
	if err := files.Spend("x", 40); err != nil {
		t.Errorf("got %v", err)
	}
}
