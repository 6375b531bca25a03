package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/view"
)

// TestPlans: what was kept is found, the oldest of too many is not, and a broken file
// is none.
func TestPlans(t *testing.T) {
	p := plans{dir: filepath.Join(t.TempDir(), "plans")}
	if _, ok := p.Find("0000000000000000"); ok {
		t.Error("found a plan that nobody kept")
	}
	hash := func(n int) string { return fmt.Sprintf("%016x", n) }
	for n := range mostPlans + 1 {
		if err := p.Keep(view.Plan{Hash: hash(n), Revision: "a"}); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1000+n), 0)
		if err := os.Chtimes(p.file(hash(n)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Keep(view.Plan{Hash: hash(99)}); err != nil { // the first two are the oldest now
		t.Fatal(err)
	}
	for n, want := range map[int]bool{0: false, 1: false, 2: true, mostPlans: true, 99: true} {
		if got, ok := p.Find(hash(n)); ok != want || ok && got.Hash != hash(n) {
			t.Errorf("plan %d: %v, %v", n, got, ok)
		}
	}
	if err := os.WriteFile(p.file(hash(2)), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Find(hash(2)); ok {
		t.Error("a broken file became a plan")
	}
	kept, _ := p.Find(hash(3))
	if diff := cmp.Diff(view.Plan{Hash: hash(3), Revision: "a"}, kept); diff != "" {
		t.Error(diff)
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil || len(entries) != mostPlans {
		t.Errorf("%d files, %v", len(entries), err)
	}
}
