package playgroundtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	root := t.TempDir()
	inside := filepath.Join(root, "internal", "plan")
	nested := filepath.Join(root, "playground")
	for dir, gomod := range map[string]string{root: "// a comment\nmodule evenkeel.dev\n\ngo 1.26.0\n", nested: "module evenkeel.dev/playground\n"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(gomod), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(root, "bin", "evenkeel-playground")
	for _, tt := range []struct {
		dir    string
		paths  []string
		want   string
		reason string
	}{
		{inside, []string{"", ""}, built, "the repository's"},
		{nested, nil, built, "a nested module is not the repository"},
		{inside, []string{"/a", "/b"}, "/a", "the option goes first"},
		{inside, []string{"", "/b"}, "/b", "then the environment"},
		{os.TempDir(), []string{"/a"}, "/a", "what is named needs no repository"},
	} {
		t.Chdir(tt.dir)
		got, err := locate(tt.paths...)
		if err != nil || got != tt.want {
			t.Errorf("in %s, %q (%s): %s, %v, want %s", tt.dir, tt.paths, tt.reason, got, err, tt.want)
		}
	}
}

func TestLocateOutsideSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	if got, err := locate("", ""); err == nil || !strings.Contains(err.Error(), binaryVariable) {
		t.Errorf("%q, %v, want an error that names %s", got, err, binaryVariable)
	}
}
