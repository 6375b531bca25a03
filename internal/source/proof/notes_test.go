package proof

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestNotesAreBounded: those that were made longest ago go, when there are too many and when
// too many are found.
func TestNotesAreBounded(t *testing.T) {
	const most = 20
	n := notes{dir: t.TempDir(), max: most}
	start := time.Now().Add(-time.Hour)
	note := func(i int) string { return filepath.Join(n.dir, fmt.Sprintf("%02d", i)) }
	for i := range most {
		if err := n.write(note(i), "x"); err != nil {
			t.Fatal(err)
		}
		made := start.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(note(i), made, made); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.write(note(0), "x"); err != nil { // said again, it is the newest
		t.Fatal(err)
	}
	expect := func(reason string, want ...int) {
		t.Helper()
		files, err := os.ReadDir(n.dir)
		if err != nil || len(files) != len(want) {
			t.Fatalf("%s: %d notes, %v", reason, len(files), err)
		}
		for at, i := range want {
			if files[at].Name() != filepath.Base(note(i)) {
				t.Errorf("%s: %s, want %d", reason, files[at].Name(), i)
			}
		}
	}
	if err := n.write(note(most), "x"); err != nil {
		t.Fatal(err)
	}
	expect("one too many", 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
	n = notes{dir: n.dir, max: 5}
	if err := n.open(start); err != nil {
		t.Fatal(err)
	}
	expect("too many are found", 0, 17, 18, 19, 20)
	if err := n.write(note(1), string(make([]byte, maxSaid+1))); err == nil {
		t.Error("a note that is too long is kept")
	}
	if err := n.open(start.Add(maxAge + 18*time.Minute)); err != nil {
		t.Fatal(err)
	}
	expect("too old", 0, 19, 20)
}
