package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/test/gitserver"
)

func link(target string) gitserver.File {
	return gitserver.File{Content: target, Mode: gitserver.Symlink}
}

// tree commits files and is the tree of the commit.
func (f *fixture) tree(t testing.TB, files map[string]gitserver.File) *Tree {
	t.Helper()
	sha, err := f.repo.Apply(t.Context(), gitserver.Change{Orphan: true, Message: "tree", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := f.store.Tree(t.Context(), f.source, sha)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestTreeIsAFileSystem(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	tree := f.tree(t, map[string]gitserver.File{
		"a.yaml":          {Content: "a: 1\n"},
		"empty":           {},
		"dir/b.yaml":      {Content: "b: 1\n"},
		"dir.yaml":        {Content: "sorts before dir/ in Git's order"},
		"dir/sub/c":       {Content: strings.Repeat("c", 200_000)},
		"run":             {Content: "#!/bin/sh\n", Mode: gitserver.Executable},
		"to-file":         link("dir/b.yaml"),
		"dir/to-parent":   link("../a.yaml"),
		"to-dir":          link("dir/sub"),
		"Ünï cöde\t\"q\"": {Content: "x"},
	})
	if err := fstest.TestFS(tree, "a.yaml", "empty", "dir/b.yaml", "dir/sub/c", "run", "to-file"); err != nil {
		t.Error(err)
	}
	type stat struct {
		Mode fs.FileMode
		Size int64
	}
	for name, want := range map[string]stat{
		".": {fs.ModeDir | 0o555, 0}, "a.yaml": {0o444, 5}, "run": {0o555, 10}, "dir": {fs.ModeDir | 0o555, 0}, "to-file": {0o444, 5}, "to-dir": {fs.ModeDir | 0o555, 0},
	} {
		info := must(tree.Stat(name))
		if diff := cmp.Diff(want, stat{info.Mode(), info.Size()}); diff != "" || !info.ModTime().IsZero() {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := must(tree.Lstat("to-file")).Mode().Type(); got != fs.ModeSymlink {
		t.Errorf("a link is %v", got)
	}
	for _, name := range []string{"nope", "a.yaml/x", "dir/nope", "nope/x"} {
		if _, err := tree.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, ok, err := tree.Lookup(name); ok || err != nil {
			t.Errorf("Lookup %s: %v, %v", name, ok, err)
		}
	}
	for _, name := range []string{"", "/a.yaml", "../a.yaml", "dir/../a.yaml", "./a.yaml", "dir/", "a.yaml\xff"} {
		if _, err := tree.ReadFile(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := tree.ReadFile("dir"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading a directory: %v", err)
	}
	if _, err := tree.ReadDir("a.yaml"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("listing a file: %v", err)
	}
	if len(tree.Revision()) != 40 {
		t.Errorf("revision %q", tree.Revision())
	}
}

func TestLookup(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	files := map[string]gitserver.File{"dir/a": {Content: "1"}, "b": {Content: "2"}, "to-a": link("dir/a"), "to-dir": link("dir")}
	before := f.tree(t, files)
	files["b"] = gitserver.File{Content: "3"}
	after := f.tree(t, files)
	oidOf := func(tree *Tree, name string) string {
		id, _, ok, err := tree.Lookup(name)
		if !ok || err != nil {
			t.Fatalf("%s: %v, %v", name, ok, err)
		}
		return id
	}
	for name, same := range map[string]bool{".": false, "b": false, "dir": true, "dir/a": true, "to-a": true, "to-dir/a": true} {
		if got := oidOf(before, name) == oidOf(after, name); got != same {
			t.Errorf("%s: same is %v, want %v", name, got, same)
		}
	}
	if oidOf(before, "to-a") != oidOf(before, "dir/a") || oidOf(before, "to-dir") != oidOf(before, "dir") {
		t.Error("a link has not the id of what it leads to")
	}
}

func TestSymlinks(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	files := map[string]gitserver.File{
		"target":            {Content: "here"},
		"dir/target":        {Content: "in dir"},
		"absolute":          link("/etc/passwd"),
		"out":               link("../target"),
		"far-out":           link("../../../../etc/passwd"),
		"dir/out":           link("../../target"),
		"out-and-in":        link("dir/../../app/target"),
		"dir/up":            link("../target"),
		"dir/deep/up":       link("../../target"),
		"chain":             link("dir/up"),
		"long/chain":        link("../chain"),
		"to-dir":            link("dir"),
		"to-root":           link("."),
		"dir/to-root":       link("./.."),
		"up-from-link":      link("to-root/../target"),
		"up-through-dir":    link("deep-link/../target"),
		"deep-link":         link("dir/deep"),
		"self":              link("self"),
		"ping":              link("pong"),
		"pong":              link("ping"),
		"dangling":          link("nope"),
		"dangling-out":      link("nope/../../x"),
		"empty-target":      link(""),
		"double-slash":      link("dir//target"),
		"nul":               link("target\x00/../../x"),
		"endless":           link(strings.Repeat("a/", 4000)),
		"home":              link("~/x"),
		"through/file":      link("../target/x"),
		"grow":              link("grow/grow"),
		"dir/deep/backward": link(`..\..\target`),
	}
	tree := f.tree(t, files)
	for _, tc := range []struct{ reason, name, content, refused string }{
		{"up, inside", "dir/up", "here", ""},
		{"up twice, inside", "dir/deep/up", "here", ""},
		{"chain", "chain", "here", ""},
		{"longer chain", "long/chain", "here", ""},
		{"linked directory", "to-dir/target", "in dir", ""},
		{"link to the root", "to-root/target", "here", ""},
		{"link to the root and around again", "to-root/dir/to-root/to-root/target", "here", ""},
		{"up is relative to where a link has led", "up-through-dir", "in dir", ""},
		{"double slash", "double-slash", "in dir", ""},
		{"absolute", "absolute", "", "symbolic link absolute leads to the absolute path \"/etc/passwd\""},
		{"out", "out", "", "symbolic link out leads out of the repository"},
		{"far out", "far-out", "", "symbolic link far-out leads out of the repository"},
		{"out of a directory", "dir/out", "", "symbolic link dir/out leads out of the repository"},
		{"out and in again", "out-and-in", "", "symbolic link out-and-in leads out of the repository"},
		{"out through a link to the root", "up-from-link", "", "symbolic link up-from-link leads out of the repository"},
		{"by way of a directory", "to-dir/out", "", "symbolic link dir/out leads out of the repository"},
		{"itself", "self", "", "too many links, or a circle of them"},
		{"a circle", "ping", "", "too many links, or a circle of them"},
		{"a circle that grows", "grow", "", "too many links, or a circle of them"},
		{"no target", "empty-target", "", "no valid target"},
		{"NUL", "nul", "", "no valid target"},
		{"endless target", "endless", "", "no valid target"},
		{"dangling", "dangling", "", "not exist"},
		{"dangling before it gets out", "dangling-out", "", "not exist"},
		{"home", "home", "", "not exist"},
		{"through a file", "through/file", "", "not exist"},
		{"backslashes are a name", "dir/deep/backward", "", "not exist"},
	} {
		for how, read := range map[string]func(string) ([]byte, error){
			"ReadFile": tree.ReadFile,
			"Open": func(name string) ([]byte, error) {
				file, err := tree.Open(name)
				if err != nil {
					return nil, err
				}
				return io.ReadAll(file)
			},
			"Stat": func(name string) ([]byte, error) {
				_, err := tree.Stat(name)
				return []byte(tc.content), err
			},
		} {
			got, err := read(tc.name)
			if tc.refused == "" {
				if err != nil || string(got) != tc.content {
					t.Errorf("%s: %s: %q, %v", tc.reason, how, got, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), tc.refused) {
				t.Errorf("%s: %s: %q, %v", tc.reason, how, got, err)
			}
			if !errors.Is(err, fs.ErrNotExist) && fault.KindOf(err) != fault.Broken {
				t.Errorf("%s: %s: kind %v", tc.reason, how, fault.KindOf(err))
			}
		}
	}
	if got := must(tree.ReadLink("far-out")); got != "../../../../etc/passwd" {
		t.Errorf("ReadLink: %q", got)
	}
	if entries := must(tree.ReadDir(".")); len(entries) == 0 {
		t.Error("a bad link hides its directory")
	}
}

func TestLargeFilesAreRefused(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	f.store = openStore(t, Options{Dir: t.TempDir(), MaxBlobSize: 1000})
	tree := f.tree(t, map[string]gitserver.File{"large": {Content: strings.Repeat("x", 1001)}, "fits": {Content: strings.Repeat("x", 1000)}})
	for range 2 {
		_, err := tree.ReadFile("large")
		if fault.KindOf(err) != fault.Broken || !strings.Contains(err.Error(), "read large: the file is 1001 bytes large, more than the 1000") {
			t.Errorf("large: %v", err)
		}
		if got, err := tree.ReadFile("fits"); err != nil || len(got) != 1000 {
			t.Errorf("fits: %d, %v", len(got), err)
		}
	}
}

func TestReaderIsReplacedAndRests(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1", "b": "2", "c": "3"})
	f.fetch(t, "main")
	f.read(t, sha, "a")
	m := must(f.store.mirror(f.source))

	first := m.reader.proc
	if err := syscall.Kill(first.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.done
	if got := f.read(t, sha, "b"); got != "2" {
		t.Errorf("after it was killed: %q", got)
	}
	second := m.reader.proc
	if n := f.processes("cat-file"); n != 2 || second == first {
		t.Errorf("%d processes", n)
	}

	m.reader.timer.Reset(time.Nanosecond)
	<-second.done
	if got := f.read(t, sha, "c"); got != "3" {
		t.Errorf("after a rest: %q", got)
	}
	if n := f.processes("cat-file"); n != 3 {
		t.Errorf("%d processes", n)
	}

	third := m.reader.proc
	f.store.Close()
	<-third.done
	if _, err := m.reader.info(t.Context(), sha); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("after Close: %v", err)
	}
}

// TestSmallFilesAreReadOnce: what many Applications have in common is asked for once, and
// who gets it may do with it what he likes.
func TestSmallFilesAreReadOnce(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1", "dir/same": "1", "large": strings.Repeat("x", maxKeptBlob+1)})
	tree := must(f.store.Tree(t.Context(), f.source, sha))
	must(tree.ReadDir("dir"))
	for _, name := range []string{"a", "large"} {
		must(tree.ReadFile(name))[0] = 'y'
	}
	must(f.store.mirror(f.source)).reader.rest() // whoever asks starts another process
	for _, name := range []string{"a", "dir/same"} {
		content := must(tree.ReadFile(name))
		if info := must(tree.Stat(name)); string(content) != "1" || info.Size() != 1 {
			t.Errorf("%s: %q, %d bytes", name, content, info.Size())
		}
		content[0] = 'y'
	}
	if n := f.processes("cat-file"); n != 1 {
		t.Errorf("%d processes have read, want one", n)
	}
	if got := f.read(t, sha, "large"); got[0] != 'x' {
		t.Errorf("%.5q…", got)
	}
	if n := f.processes("cat-file"); n != 2 {
		t.Errorf("%d processes have read, want another for what is large", n)
	}
}

// TestTreesOfOneCommitAskOnce: all Applications of a repository open the tree of a
// new commit, of which only the first has to be asked for.
func TestTreesOfOneCommitAskOnce(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1", "dir/b": "2"})
	first := must(f.store.Tree(t.Context(), f.source, sha))
	m := must(f.store.mirror(f.source))
	m.reader.rest() // whoever asks starts another process
	second := must(f.store.Tree(t.Context(), f.source, sha))
	for _, name := range []string{"a", "dir", "no"} {
		id, mode, ok, err := first.Lookup(name)
		id2, mode2, ok2, err2 := second.Lookup(name)
		if id != id2 || mode != mode2 || ok != ok2 || err != nil || err2 != nil {
			t.Errorf("%s: %s %s %t %v and %s %s %t %v", name, id, mode, ok, err, id2, mode2, ok2, err2)
		}
	}
	if n := f.processes("cat-file"); n != 1 {
		t.Errorf("%d processes have read, want one", n)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1", "dir/b": "2"})
	ctx, cancel := context.WithCancel(t.Context())
	tree := must(f.store.Tree(ctx, f.source, sha))
	m := must(f.store.mirror(f.source))
	// The process does not answer any more.
	if err := syscall.Kill(m.reader.proc.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := tree.ReadFile("a")
		failed <- err
	}()
	waitFor(t, func() bool { return len(m.reader.turn) == 1 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	if _, err := tree.ReadDir("."); !errors.Is(err, context.Canceled) {
		t.Errorf("listing: %v", err)
	}
	if got := f.read(t, sha, "dir/b"); got != "2" {
		t.Errorf("another reader: %q", got)
	}
}

func TestConcurrentReaders(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("d%d/f%d", i%7, i)] = strings.Repeat(fmt.Sprint(i), i*100)
	}
	sha := f.commit(t, files)
	tree := must(f.store.Tree(t.Context(), f.source, sha))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for name, want := range files {
				if got, err := tree.ReadFile(name); err != nil || string(got) != want {
					t.Errorf("%s: %d bytes, %v", name, len(got), err)
				}
				if entries, err := tree.ReadDir(path.Dir(name)); err != nil || len(entries) < 7 {
					t.Errorf("%s: %d entries, %v", path.Dir(name), len(entries), err)
				}
			}
		})
	}
	all.Wait()
	if n := f.processes("cat-file"); n != 1 {
		t.Errorf("%d processes", n)
	}
}

func TestParseTreeRefusesImpossibleNames(t *testing.T) {
	id := strings.Repeat("\x01", 20)
	for _, bad := range []string{
		"100644 ..\x00" + id, "100644 .\x00" + id, "100644 \x00" + id, "100644 a/b\x00" + id, "100644 ../x\x00" + id, "40000 a\x00short",
		"100644 a", "999999 a\x00" + id, "abc a\x00" + id, "020000 a\x00" + id, "100644 a\x00" + id + "100644 a\x00" + id,
	} {
		if _, err := parseTree([]byte(bad)); fault.KindOf(err) != fault.Broken {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00" + strings.Repeat("\x01", 20) + "40000 dir\x00" + strings.Repeat("\x02", 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parseTree(data)
		if err != nil {
			return
		}
		for i, e := range d.entries {
			if strings.ContainsAny(e.name, "/\x00") || e.name == ".." || e.name == "." || e.name == "" {
				t.Errorf("name %q", e.name)
			}
			if got, ok := d.find(e.name); !ok || got != e {
				t.Errorf("entry %d, %q, is not found", i, e.name)
			}
		}
	})
}
