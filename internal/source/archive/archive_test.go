package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"evenkeel.dev/internal/fault"
)

type packed struct {
	Name    string `yaml:"name"`
	Type    string `yaml:"type"`
	Link    string `yaml:"link"`
	Content string `yaml:"content"`
	Fill    int    `yaml:"fill"`
	Mode    int64  `yaml:"mode"`
}

var typeflags = map[string]byte{
	"": tar.TypeReg, "dir": tar.TypeDir, "symlink": tar.TypeSymlink, "hardlink": tar.TypeLink,
	"device": tar.TypeChar, "fifo": tar.TypeFifo, "global": tar.TypeXGlobalHeader,
}

func pack(t rapid.TB, entries []packed) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		content := e.Content + strings.Repeat("x", e.Fill)
		h := &tar.Header{Name: e.Name, Typeflag: typeflags[e.Type], Linkname: e.Link, Size: int64(len(content)), Mode: e.Mode}
		if e.Type == "global" {
			h = &tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "abc"}}
		}
		if h.Typeflag != tar.TypeReg {
			h.Size, content = 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// show lists all of a tree but directories that are not empty.
func show(t rapid.TB, tree *Tree) []string {
	t.Helper()
	lines := []string{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		content := func() string {
			data, err := fs.ReadFile(tree, name)
			if failed, ok := errors.AsType[*fs.PathError](err); ok {
				err = failed.Err
			}
			if err != nil {
				return strings.TrimPrefix(err.Error(), "is a ")
			}
			return string(data)
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		switch i.Mode() {
		case fs.ModeDir | 0o755:
			if list, err := tree.ReadDir(name); err != nil || len(list) > 0 {
				return err
			}
			lines = append(lines, name+" directory")
		case fs.ModeSymlink | 0o777:
			target, err := tree.ReadLink(name)
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("%s link to %s: %s", name, target, content()))
		case 0o755:
			lines = append(lines, name+" executable: "+content())
		case 0o644:
			lines = append(lines, name+" file: "+content())
		default:
			t.Errorf("%s: mode %v", name, i.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestRead(t *testing.T) {
	data, err := os.ReadFile("testdata/read.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Reason  string   `yaml:"reason"`
		Strip   int      `yaml:"strip"`
		Bytes   int64    `yaml:"bytes"`
		Files   int      `yaml:"files"`
		Entries []packed `yaml:"entries"`
		Want    []string `yaml:"want"`
		Error   string   `yaml:"error"`
	}
	if err := yaml.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		plain := pack(t, tc.Entries)
		for _, data := range [][]byte{plain, zip(plain)} {
			tree, err := Read(t.Context(), bytes.NewReader(data), Options{MaxBytes: tc.Bytes, MaxFiles: tc.Files, StripComponents: tc.Strip})
			if tc.Error != "" {
				if err == nil || err.Error() != tc.Error || fault.KindOf(err) != fault.Broken {
					t.Errorf("%s: %v (%v)", tc.Reason, err, fault.KindOf(err))
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", tc.Reason, err)
				continue
			}
			if diff := cmp.Diff(tc.Want, show(t, tree)); diff != "" {
				t.Errorf("%s:\n%s", tc.Reason, diff)
			}
		}
	}
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// endless repeats a block after a beginning.
type endless struct{ head, block, left []byte }

func (e *endless) Read(p []byte) (int, error) {
	if e.head != nil {
		e.left, e.head = e.head, nil
	}
	if len(e.left) == 0 {
		e.left = e.block
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

// TestBombs: what never ends, and what is small and becomes large, is given up at
// the bound without reading on.
func TestBombs(t *testing.T) {
	const limit = 1 << 20
	gzipHead := zip(nil)[:10]
	file := pack(t, []packed{{Name: "a", Content: "x"}})[:1024]
	for name, r := range map[string]io.Reader{
		"a gzip that goes on without saying anything": &endless{head: gzipHead, block: []byte{0, 0, 0, 0xff, 0xff}},
		"a gzip of ever more gzips":                   &endless{block: zip(nil)},
		"a tar of ever more files":                    &endless{block: file},
		"a tar that ends, and then goes on":           bytes.NewReader(zip(make([]byte, 16<<20))),
		"a gzipped file of zeros":                     bytes.NewReader(zip(pack(t, []packed{{Name: "a", Fill: 16 << 20}}))),
		"zeros that are no tar":                       &endless{block: make([]byte, 512), head: []byte("x")},
		"a name without an end": &endless{
			head:  pack(t, []packed{{Name: strings.Repeat("n", 200), Content: "x"}})[:512],
			block: []byte("1 a=b\n"),
		},
	} {
		in := &counted{Reader: r}
		_, err := Read(t.Context(), in, Options{MaxBytes: limit, MaxFiles: 10_000})
		if err == nil || fault.KindOf(err) != fault.Broken {
			t.Errorf("%s: %v", name, err)
		}
		if in.n > limit+1 {
			t.Errorf("%s: %d bytes were read", name, in.n)
		}
	}
}

// TestAnnounced: the size that a header announces sets no memory aside.
func TestAnnounced(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 200 << 20}); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(t.Context(), bytes.NewReader(b.Bytes()), Options{}); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4<<20 {
		t.Errorf("%d bytes", allocated)
	}
	if _, err := Read(t.Context(), bytes.NewReader(b.Bytes()), Options{MaxBytes: 100 << 20}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}

func TestDamaged(t *testing.T) {
	whole := zip(pack(t, []packed{{Name: "a", Content: strings.Repeat("abc", 5000)}}))
	wrong := slices.Clone(whole)
	wrong[len(wrong)-6]++ // the checksum
	cut := errors.New("connection reset")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		reason string
		ctx    context.Context
		from   io.Reader
		kind   fault.Kind
	}{
		{"nothing", t.Context(), strings.NewReader(""), fault.Broken},
		{"an error page", t.Context(), strings.NewReader("<html>" + strings.Repeat(" ", 1024)), fault.Broken},
		{"cut off", t.Context(), bytes.NewReader(whole[:len(whole)-9]), fault.Broken},
		{"a wrong checksum", t.Context(), bytes.NewReader(wrong), fault.Broken},
		{"the connection breaks", t.Context(), io.MultiReader(bytes.NewReader(whole[:30]), iotest.ErrReader(cut)), fault.Unavailable},
		{"canceled", canceled, bytes.NewReader(whole), fault.Unavailable},
	} {
		if tree, err := Read(tc.ctx, tc.from, Options{}); err == nil || fault.KindOf(err) != tc.kind || tree != nil {
			t.Errorf("%s: %v (%v)", tc.reason, err, fault.KindOf(err))
		}
	}
}

func TestFS(t *testing.T) {
	tree, err := Read(t.Context(), bytes.NewReader(pack(t, []packed{
		{Name: "a/b/c", Content: "x"}, {Name: "d", Content: "y"}, {Name: "e/", Type: "dir"}, {Name: "l", Type: "symlink", Link: "a/b"},
	})), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(tree, "a/b/c", "d", "e", "l"); err != nil {
		t.Error(err)
	}
	c, _, _, _ := tree.Lookup("a/b/c")
	through, mode, ok, err := tree.Lookup("l/c")
	if through != c || mode != 0o644 || !ok || err != nil || c != "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" {
		t.Error(c, through, mode, ok, err)
	}
	if _, _, ok, err := tree.Lookup("l/nothing"); ok || err != nil {
		t.Error(ok, err)
	}
	if got := tree.Size(); got != 2+int64(len("a/b")) {
		t.Error(got)
	}
}

func TestSingle(t *testing.T) {
	tree, err := Single("content", []byte("a: 1"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"content file: a: 1"}, show(t, tree)); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "a\x00", "\xff"} {
		if _, err := Single(name, nil); err == nil {
			t.Errorf("%q", name)
		}
	}
}

var names = rapid.SampledFrom([]string{"a", "b", "Chart.yaml", "values.yaml", "ü", "~", "..x", strings.Repeat("long", 40)})

// TestRoundTrip: a tree that is packed and read is that tree, in whatever order it
// was packed, and any change of it changes its digest.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := map[string]packed{}
		dirs := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "files") {
			path := strings.Join(rapid.SliceOfN(names, 1, 4).Draw(t, "path"), "/")
			if _, taken := files[path]; taken || dirs[path] || under(files, path) {
				continue
			}
			e := packed{Name: path, Content: rapid.StringN(0, 2000, -1).Draw(t, "content")}
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				e = packed{Name: path, Type: "symlink", Link: strings.Join(rapid.SliceOfN(names, 1, 3).Draw(t, "target"), "/")}
			case 1:
				e.Mode = 0o755
			}
			files[path] = e
			for i := range path {
				if path[i] == '/' {
					dirs[path[:i]] = true
				}
			}
		}
		top := rapid.SampledFrom([]string{"", "top/"}).Draw(t, "top")
		read := func() *Tree {
			var entries []packed
			for _, path := range rapid.Permutation(slices.Sorted(maps.Keys(files))).Draw(t, "order") {
				e := files[path]
				e.Name = top + e.Name
				entries = append(entries, e)
			}
			data := pack(t, entries)
			if rapid.Bool().Draw(t, "gzip") {
				data = zip(data)
			}
			tree, err := Read(context.Background(), iotest.HalfReader(bytes.NewReader(data)), Options{StripComponents: strings.Count(top, "/")})
			if err != nil {
				t.Fatal(err)
			}
			return tree
		}
		tree := read()
		for path, e := range files {
			i, err := tree.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if e.Type == "symlink" {
				if target, err := tree.ReadLink(path); err != nil || target != e.Link {
					t.Fatalf("%s: %q, %v", path, target, err)
				}
				continue
			}
			data, err := tree.ReadFile(path)
			if err != nil || string(data) != e.Content || (i.Mode() == 0o755) != (e.Mode == 0o755) {
				t.Fatalf("%s: %v, %v, %q", path, err, i.Mode(), data)
			}
		}
		if got := len(show(t, tree)); got != len(files) {
			t.Fatalf("%d instead of %d", got, len(files))
		}
		if read().Digest() != tree.Digest() {
			t.Fatal("the order changes the digest")
		}
		changed := rapid.SampledFrom(slices.Sorted(maps.Keys(files))).Draw(t, "changed")
		e := files[changed]
		e.Content, e.Link = e.Content+"x", e.Link+"x"
		files[changed] = e
		if read().Digest() == tree.Digest() {
			t.Fatal("a change does not change the digest")
		}
	})
}

// under says whether path lies below a file.
func under(files map[string]packed, path string) bool {
	for name := range files {
		if strings.HasPrefix(path, name+"/") {
			return true
		}
	}
	return false
}

// FuzzRead: whatever is read, no path of it leads outside, all of it is within the
// bounds, and reading it again gives the same.
func FuzzRead(f *testing.F) {
	for _, entries := range [][]packed{
		{{Name: "a/Chart.yaml", Content: "x"}, {Name: "a/l", Type: "symlink", Link: "../x"}, {Name: "a/h", Type: "hardlink", Link: "a/Chart.yaml"}},
		{{Name: "../x", Content: "x"}},
		{{Name: strings.Repeat("n", 300), Content: "x"}, {Name: "d/", Type: "dir"}},
	} {
		f.Add(pack(f, entries), 0)
		f.Add(zip(pack(f, entries)), 1)
	}
	f.Fuzz(func(t *testing.T, data []byte, strip int) {
		opts := Options{MaxBytes: 1 << 20, MaxFiles: 100, StripComponents: strip & 3}
		tree, err := Read(t.Context(), bytes.NewReader(data), opts)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Broken {
				t.Fatal(kind, err)
			}
			return
		}
		if tree.Size() > 2*opts.MaxBytes {
			t.Fatal(tree.Size())
		}
		count := 0
		err = fs.WalkDir(tree, ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !fs.ValidPath(name) || strings.Contains(name, `\`) {
				t.Fatalf("%q: %v", name, err)
			}
			count++
			tree.Lookup(name)
			tree.ReadFile(name)
			return nil
		})
		if err != nil || count > opts.MaxFiles+1 {
			t.Fatal(count, err)
		}
		again, err := Read(t.Context(), bytes.NewReader(data), opts)
		if err != nil || again.Digest() != tree.Digest() {
			t.Fatal(err)
		}
	})
}
