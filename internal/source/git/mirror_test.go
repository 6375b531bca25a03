package git

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/test/gitserver"
)

func TestManyPacksAreRolledUp(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	f.store.opts.MaxPacks = 3
	var all []string
	for i := range 8 {
		sha := must(f.repo.Apply(t.Context(), gitserver.Change{Orphan: true, Message: "x", Files: map[string]gitserver.File{"a": {Content: fmt.Sprint(i)}}}))
		all = append(all, sha)
		f.fetch(t, "main")
		if got := f.read(t, sha, "a"); got != fmt.Sprint(i) {
			t.Errorf("a is %q", got)
		}
	}
	packs := must(filepath.Glob(filepath.Join(f.mirrorDir(t), "objects/pack/*.pack")))
	if len(packs) > 4 || f.processes("repack") == 0 {
		t.Errorf("%d packs after %d repacks", len(packs), f.processes("repack"))
	}
	f.reopen(t)
	f.fetch(t, "main")
	for i, sha := range all {
		if got := f.read(t, sha, "a"); got != fmt.Sprint(i) {
			t.Errorf("old commit %d has %q", i, got)
		}
	}
}

// Whatever a killed git leaves behind is cleared away, and damage is repaired by fetching anew.
func TestMirrorHealsItself(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		ruin    func(t *testing.T, dir string)
		refetch bool
	}{
		{"stale locks", func(t *testing.T, dir string) {
			for _, name := range []string{"config.lock", "packed-refs.lock", "shallow.lock", "HEAD.lock", "refs/evenkeel/refs/x.lock", "objects/info/commit-graph.lock"} {
				writeFile(t, "", dir, name)
			}
			for _, ref := range must(filepath.Glob(filepath.Join(dir, "refs/evenkeel/refs/*"))) {
				writeFile(t, "", ref+".lock")
			}
		}, false},
		{"half a fetch", func(t *testing.T, dir string) {
			writeFile(t, "PACK", dir, "objects/pack/tmp_pack_abc")
			writeFile(t, "PACK", dir, "objects/pack/pack-1234.pack")
			writeFile(t, "PACK", dir, "objects/incoming-abc/pack/tmp_pack_abc")
		}, false},
		{"a ref that did not reach the disk", func(t *testing.T, dir string) {
			for _, ref := range must(filepath.Glob(filepath.Join(dir, "refs/evenkeel/refs/*"))) {
				writeFile(t, "", ref)
			}
		}, false},
		{"half a directory", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "HEAD")); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"no directory", func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"packs cut short", func(t *testing.T, dir string) {
			for _, pack := range must(filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))) {
				if err := errors.Join(os.Chmod(pack, 0o600), os.Truncate(pack, 30)); err != nil {
					t.Fatal(err)
				}
			}
		}, false},
		{"packs gone", func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "objects", "pack")); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			f := newFixture(t, gitserver.Options{})
			first := f.commit(t, map[string]string{"a": "1"})
			f.fetch(t, "main")
			dir := f.mirrorDir(t)
			if err := f.store.Close(); err != nil {
				t.Fatal(err)
			}
			tc.ruin(t, dir)
			f.store = openStore(t, Options{Dir: f.dir})
			second := f.commit(t, map[string]string{"a": "2"})
			f.fetch(t, "main")
			if a, b := f.read(t, first, "a"), f.read(t, second, "a"); a != "1" || b != "2" {
				t.Errorf("a is %q and %q", a, b)
			}
			if n := f.processes("init"); (n == 1) != tc.refetch {
				t.Errorf("%d new mirrors", n)
			}
			if left := must(filepath.Glob(filepath.Join(dir, "*.lock"))); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// The objects vanish while the store is in use.
func TestDamageInUse(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"dir/a": "1"})
	f.fetch(t, "main")
	tree := must(f.store.Tree(t.Context(), f.source, sha))
	m := must(f.store.mirror(f.source))
	m.reader.rest()
	if err := os.RemoveAll(filepath.Join(m.dir, "objects", "pack")); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.ReadFile("dir/a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("reading what is gone: %v", err)
	}
	if got := f.read(t, sha, "dir/a"); got != "1" {
		t.Errorf("a is %q", got)
	}
}
