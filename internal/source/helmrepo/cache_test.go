package helmrepo

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// TestDisk: the directory stays within its bound, is one Store's, and is not believed.
func TestDisk(t *testing.T) {
	web := newServer(t, false)
	var index bytes.Buffer
	index.WriteString("apiVersion: v1\nentries:\n  app:\n")
	for i := range 5 {
		data := chartOf(t, "app/Chart.yaml", random(10_000+i))
		web.write(fmt.Sprintf("%d.tgz", i), data)
		fmt.Fprintf(&index, "  - version: 1.0.%d\n    digest: %x\n    urls: [%d.tgz]\n", i, sha256.Sum256(data), i)
	}
	web.write("index.yaml", index.Bytes())
	dir := t.TempDir()
	now := time.Now()
	var log bytes.Buffer
	opts := Options{Dir: dir, MaxDirBytes: 25_000, Now: func() time.Time { now = now.Add(time.Second); return now }, Log: slog.New(slog.NewTextHandler(&log, nil))}
	s := open(t, opts)
	repo := source.Repository{URL: web.URL}
	x := must(s.Index(t.Context(), repo))
	get := func(i int) {
		t.Helper()
		if _, err := x.pull(t.Context(), s, fmt.Sprintf("1.0.%d", i), false); err != nil {
			t.Fatal(err)
		}
	}
	web.take()
	for _, i := range []int{0, 1, 0, 2, 0, 1} {
		get(i)
	}
	// Of three only two have room; 1 was longest unused when 2 came.
	if got := web.take(); got != "/0.tgz, /1.tgz, /2.tgz, /1.tgz" {
		t.Error(got)
	}
	if _, err := Open(opts); fault.KindOf(err) != fault.Conflict {
		t.Error(err)
	}
	list := must(os.ReadDir(filepath.Join(dir, "charts")))
	for _, e := range list {
		if err := os.WriteFile(filepath.Join(dir, "charts", e.Name()), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	get(0)
	if got := web.take(); got != "/0.tgz" || len(list) != 2 || !strings.Contains(log.String(), "damaged") {
		t.Error(got, list, log.String())
	}
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, "charts", unfinished+"1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	opts.MaxDirBytes = 1
	s = open(t, opts)
	if list := must(os.ReadDir(filepath.Join(dir, "charts"))); len(list) != 0 {
		t.Error(list)
	}
	assertPrivate(t, dir)
	if _, err := Open(Options{}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// TestForget: what is remembered stays within its bound.
func TestForget(t *testing.T) {
	s := newShelf[int](10, func(v int64) int64 { return v })
	s.maxCount = 3
	has := func() string {
		var b strings.Builder
		for k := range 10 {
			if v, ok := s.get(k); ok {
				fmt.Fprintf(&b, "%d:%d ", k, v.value)
			}
		}
		return b.String()
	}
	for _, tc := range []struct {
		key    int
		weight int64
		want   string
	}{
		{1, 4, "1:4 "}, {2, 4, "1:4 2:4 "}, {1, 5, "1:5 2:4 "}, {3, 4, "1:5 3:4 "}, {4, 20, "4:20 "}, {5, 1, "5:1 "}, {6, 1, "5:1 6:1 "}, {7, 1, "5:1 6:1 7:1 "}, {8, 1, "6:1 7:1 8:1 "},
	} {
		s.put(tc.key, known[int64]{value: tc.weight})
		if got := has(); got != tc.want {
			t.Errorf("%d: %s", tc.key, got)
		}
	}
	if s.total != 3 {
		t.Error(s.total)
	}
}
