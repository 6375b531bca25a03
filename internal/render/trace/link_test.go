package trace_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"evenkeel.dev/internal/render/trace"
)

// linked is a tree whose links lead where nobody follows.
type linked struct{ fstest.MapFS }

func (l linked) Lookup(name string) (string, fs.FileMode, bool, error) {
	f, ok := l.MapFS[name]
	if !ok {
		return "", 0, false, nil
	}
	return string(f.Data), f.Mode.Type(), true, nil
}

// TestLinksAndModes: what a plugin sees of links and of files that can be executed is
// in the read set.
func TestLinksAndModes(t *testing.T) {
	t.Parallel()
	tree := func(target string, mode fs.FileMode) linked {
		return linked{fstest.MapFS{"link": {Data: []byte(target), Mode: fs.ModeSymlink | 0o777}, "file": {Data: []byte("x"), Mode: mode}}}
	}
	traced := trace.New(tree("../out", 0o644))
	if target, err := traced.ReadLink("link"); err != nil || target != "../out" {
		t.Fatal(target, err)
	}
	if info, err := traced.Lstat("file"); err != nil || info.Mode() != 0o644 {
		t.Fatal(info, err)
	}
	if _, err := traced.ReadLink("nothing"); err == nil {
		t.Error("a link that is not there")
	}
	set, err := traced.ReadSet()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reason string
		next   linked
		holds  bool
	}{
		{"nothing changes", tree("../out", 0o644), true},
		{"a permission that no plugin sees", tree("../out", 0o600), true},
		{"the link leads elsewhere", tree("file", 0o644), false},
		{"the file can be executed", tree("../out", 0o755), false},
		{"both are gone", linked{fstest.MapFS{}}, false},
	} {
		if holds, err := set.StillHolds(c.next); err != nil || holds != c.holds {
			t.Errorf("%s: holds %t, %v", c.reason, holds, err)
		}
	}
}
