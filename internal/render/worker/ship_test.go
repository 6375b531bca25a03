package worker

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/test/memtree"
)

// far is a tree of which reading may fetch something.
type far struct{ memtree.Tree }

func (far) Distant() bool { return true }

// TestShipments: what comes without being asked for saves questions, is bounded, and counts
// as read only when it is used.
func TestShipments(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"app/a.yaml": "a", "app/README.md": "r", "app/sub/b.yaml": "b", "app/large.yaml": strings.Repeat("l", maxShippedFile+1),
	}
	for i := range maxShippedNames + 1 {
		files[fmt.Sprintf("many/%d.yaml", i)] = "m"
	}
	app := func(t *testing.T, tree fs.FS) {
		t.Helper()
		for name, want := range map[string]string{"app/a.yaml": "a", "app/sub/b.yaml": "b"} {
			if i, err := fs.Stat(tree, name); err != nil || i.Size() != 1 || i.Mode() != 0o644 {
				t.Errorf("%s: %v, %v", name, i, err)
			}
			if got, err := fs.ReadFile(tree, name); string(got) != want || err != nil {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		if _, err := fs.Stat(tree, "app/none"); err == nil {
			t.Error("app/none is there")
		}
	}
	read := []string{"app/a.yaml content", "app/a.yaml type", "app/none type", "app/sub/b.yaml content", "app/sub/b.yaml type"}
	tests := []struct {
		name  string
		tree  trace.Tree
		first string // is what comes with the job
		helm  *v1alpha1.ApplicationSourceHelm
		do    func(t *testing.T, tree fs.FS)
		asked int
		reads []string
	}{
		{"a directory", memtree.New(files), "app", nil, app, 0, read},
		{"one that is asked for", memtree.New(files), "none", nil, func(t *testing.T, tree fs.FS) {
			t.Helper()
			_, _ = fs.Stat(tree, "app")
			app(t, tree)
		}, 1, append([]string{"app type"}, read...)},
		{"files that are asked for", memtree.New(files), "none", nil, app, 3, read},
		{"of a tree that would have to fetch, nothing", far{memtree.New(files)}, "app", nil, app, 5, read},
		{"a file that is not small", memtree.New(files), "app", nil, func(t *testing.T, tree fs.FS) {
			t.Helper()
			if got, err := fs.ReadFile(tree, "app/large.yaml"); len(got) != maxShippedFile+1 || err != nil {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}, 1, []string{"app/large.yaml content"}},
		{"more than comes along", memtree.New(files), "many", nil, func(t *testing.T, tree fs.FS) {
			t.Helper()
			if entries, err := fs.ReadDir(tree, "many"); len(entries) != maxShippedNames+1 || err != nil {
				t.Errorf("%d entries, %v", len(entries), err)
			}
		}, 1, []string{"many listing"}},
		{"a name that no tree opens", memtree.New(map[string]string{"app/\xff": "x"}), "app", nil, func(t *testing.T, tree fs.FS) {
			t.Helper()
			if entries, err := fs.ReadDir(tree, "app"); len(entries) != 1 || entries[0].Name() != "\xff" || err != nil {
				t.Errorf("%v, %v", entries, err)
			}
			if _, err := fs.Stat(tree, "app/\xff"); !errors.Is(err, fs.ErrInvalid) {
				t.Error(err)
			}
			if _, err := fs.ReadFile(tree, "app/\xff"); !errors.Is(err, fs.ErrInvalid) {
				t.Error(err)
			}
		}, 0, []string{"app listing"}},
		{"value files", memtree.New(files), "many", &v1alpha1.ApplicationSourceHelm{
			ValueFiles: []string{"/app/a.yaml", "$ref/app/a.yaml", "../app/sub/b.yaml", "../../x", "https://x/y"},
		}, app, 1, read},
		{"a link", linked(files), "app", nil, func(t *testing.T, tree fs.FS) {
			t.Helper()
			entries, err := fs.ReadDir(tree, "app")
			if err != nil || entries[3].Type() != fs.ModeSymlink {
				t.Errorf("%v, %v", entries, err)
			}
			if i, err := fs.Stat(tree, "app/link"); err != nil || i.Mode() != 0o644 {
				t.Errorf("%v, %v", i, err)
			}
			if again, _ := fs.ReadDir(tree, "app"); len(again) != len(entries) {
				t.Errorf("%v after %v", again, entries)
			}
		}, 1, []string{"app listing", "app/link type"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			traced := trace.New(tt.tree)
			asked, used := converse(t, traced, v1alpha1.ApplicationSource{Path: tt.first, Helm: tt.helm}, func(tree fs.FS) { tt.do(t, tree) })
			if asked != tt.asked {
				t.Errorf("%d questions, want %d", asked, tt.asked)
			}
			s := session{trees: []fs.FS{traced}}
			if err := s.record(used); err != nil {
				t.Fatal(err)
			}
			set, err := traced.ReadSet()
			if err != nil {
				t.Fatal(err)
			}
			var reads []string
			for _, e := range set {
				reads = append(reads, e.Path+" "+string(e.Question))
			}
			if diff := cmp.Diff(tt.reads, reads); diff != "" {
				t.Errorf("reads (-want +got):\n%s", diff)
			}
		})
	}
}

// linked has a link in it.
func linked(files map[string]string) memtree.Tree {
	m := memtree.New(files)
	m.MapFS["app/link"] = &fstest.MapFile{Data: []byte("a.yaml"), Mode: fs.ModeSymlink | 0o777}
	return m
}

// converse has do look at a tree from the child's side. It is how many questions that took,
// and what of the shipments was used.
func converse(t *testing.T, from fs.FS, source v1alpha1.ApplicationSource, do func(fs.FS)) (asked int, used []use) {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := session{pipe: newPipe(theirs, theirs, maxFrame), trees: []fs.FS{from}}
		if s.pipe.send(ships, s.first(from, &source)) != nil {
			return
		}
		for {
			_, payload, err := s.pipe.receive()
			if err != nil || s.answer(payload) != nil {
				return
			}
			asked++
		}
	}()
	c := &caller{pipe: newPipe(ours, ours, maxFrame)}
	tree := newTreeFS(c, 0)
	if err := tree.expect(); err != nil {
		t.Fatal(err)
	}
	do(tree)
	_ = ours.Close()
	<-done
	return asked, c.used
}

// TestUsed: a child cannot have used what nobody could ask for.
func TestUsed(t *testing.T) {
	t.Parallel()
	s := session{trees: []fs.FS{memtree.New(nil)}}
	for _, u := range []use{
		{Tree: 1, Name: "a", Question: trace.Type},
		{Tree: -1, Name: "a", Question: trace.Type},
		{Name: "../a", Question: trace.Type},
		{Name: "a", Question: "color"},
	} {
		if err := s.record([]use{u}); err == nil {
			t.Errorf("%+v is believed", u)
		}
	}
}

// FuzzUnpack: what is unpacked is what was packed, and anything else an error.
func FuzzUnpack(f *testing.F) {
	var p packer
	p.put(item{name: "a", mode: 0o644, known: true, whole: true, content: []byte("x")})
	p.put(item{name: "b", mode: fs.ModeDir | 0o755})
	f.Add(p.out)
	f.Add([]byte{1, 'a', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		items, err := unpack(b)
		if err != nil {
			return
		}
		var p packer
		for _, i := range items {
			p.put(i)
		}
		again, err := unpack(p.out)
		if diff := cmp.Diff(items, again, cmp.AllowUnexported(item{}), cmp.Comparer(bytes.Equal)); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}
