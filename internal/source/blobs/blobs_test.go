package blobs

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"evenkeel.dev/internal/fault"
)

func sum(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }

func open(t *testing.T, opts Options) *Store {
	t.Helper()
	s, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t rapid.TB, s *Store, space, content string) string {
	t.Helper()
	d := sum(content)
	if err := s.Add(space, d, int64(len(content)), strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	return d
}

// files lists the regular files below a directory.
func files(t rapid.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAddRefuses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	endless := strings.NewReader(strings.Repeat("x", 1<<20))
	for _, tc := range []struct {
		reason, space, digest string
		size                  int64
		from                  interface{ Read([]byte) (int, error) }
		kind                  fault.Kind
		says                  string
	}{
		{"another content", "a", sum("x"), 1, strings.NewReader("y"), fault.Broken, "has the digest " + sum("y")},
		{"less than announced is a broken connection", "a", sum("xyz"), 3, strings.NewReader("xy"), fault.Unavailable, "ends after 2 of 3 bytes"},
		{"more than announced", "a", sum("x"), 1, endless, fault.Broken, "larger than the 1 bytes"},
		{"a connection that breaks", "a", sum("x"), 1, iotest.ErrReader(errors.New("reset")), fault.Unavailable, "reset"},
		{"an error keeps its kind", "a", sum("x"), 1, iotest.ErrReader(fault.New(fault.Denied, "no")), fault.Denied, "no"},
		{"a digest that is a path", "a", "sha256:../../../../etc/passwd", 1, strings.NewReader("x"), fault.Invalid, "no digest"},
		{"a digest in capitals", "a", strings.ToUpper(sum("x")), 1, strings.NewReader("x"), fault.Invalid, "no digest"},
		{"a digest that anybody can forge", "a", "md5:9dd4e461268c8034f5c8564e155c67a6", 1, strings.NewReader("x"), fault.Invalid, "no digest"},
		{"a space that is a path", "..", sum("x"), 1, strings.NewReader("x"), fault.Invalid, "no digest"},
		{"the space of temporary files", "tmp", sum("x"), 1, strings.NewReader("x"), fault.Invalid, "no digest"},
	} {
		err := s.Add(tc.space, tc.digest, tc.size, tc.from)
		if err == nil || fault.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v (%v)", tc.reason, err, fault.KindOf(err))
		}
		if left := files(t, dir); len(left) != 0 {
			t.Errorf("%s: left %v", tc.reason, left)
		}
	}
	if endless.Len() < 1<<19 {
		t.Errorf("only %d bytes are left of what is endless", endless.Len())
	}
}

func TestWhatComesOutIsWhatTheDigestSays(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	d := add(t, s, "a", "content")
	if _, ok := s.Read("b", d); ok {
		t.Error("another space has it")
	}
	if got, ok := s.Read("a", d); !ok || string(got) != "content" {
		t.Errorf("%q, %v", got, ok)
	}
	big := fmt.Sprintf("sha512:%x", sha512.Sum512([]byte("y")))
	if err := s.Add("a", big, 1, strings.NewReader("y")); err != nil {
		t.Error(err)
	}
	if got, ok := s.Read("a", big); !ok || string(got) != "y" {
		t.Errorf("sha512: %q, %v", got, ok)
	}
	path := filepath.Join(dir, "a", "sha256", d[len("sha256:"):])
	if err := os.WriteFile(path, []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Read("a", d); ok {
		t.Error("a damaged file is believed")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a damaged file stays:", err)
	}
	add(t, s, "a", "content")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Read("a", d); ok {
		t.Error("what was deleted is there")
	}
	add(t, s, "a", "content")
	if _, ok := s.Read("a", d); !ok {
		t.Error("nothing can be kept after the directory was deleted")
	}
}

func TestOnlyWeCanLook(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	add(t, open(t, Options{Dir: dir}), "a", "content")
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestBound: the bytes on disk stay within the bound, what was used last stays, and
// another process finds what the last one left.
func TestBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "blobs") //nolint:usetesting // rapid's T has none
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		const bound = 20
		s, err := Open(Options{Dir: dir, MaxBytes: bound})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rapid.IntRange(1, 15).Draw(t, "steps") {
			content := strings.Repeat(string(rune('a'+i)), rapid.IntRange(1, bound).Draw(t, "size"))
			d := add(t, s, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "space"), content)
			if rapid.Bool().Draw(t, "restart") {
				if s, err = Open(Options{Dir: dir, MaxBytes: bound}); err != nil {
					t.Fatal(err)
				}
			}
			var total int64
			newest := false
			for _, f := range files(t, dir) {
				info, err := os.Stat(f)
				if err != nil {
					t.Fatal(err)
				}
				total += info.Size()
				newest = newest || filepath.Base(f) == d[len("sha256:"):]
			}
			if total > bound || total != s.total || !newest {
				t.Fatalf("%d bytes, %d known, the newest is there: %v", total, s.total, newest)
			}
		}
	})
}

func TestLargerThanTheBound(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir(), MaxBytes: 3})
	d := add(t, s, "a", "larger")
	if _, ok := s.Open("a", d); !ok {
		t.Error("the newest is not there")
	}
	add(t, s, "a", "next")
	if _, ok := s.Open("a", d); ok {
		t.Error("it stays although there is a newer one")
	}
}

// TestForeignFiles: a directory that was named by mistake loses nothing.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "a", "sha256", "notes")
	if err := os.MkdirAll(filepath.Dir(foreign), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(foreign, bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Dir: dir, MaxBytes: 3})
	add(t, s, "a", "larger")
	add(t, s, "a", "next")
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

func TestACrashLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	if err := os.WriteFile(filepath.Join(dir, temporary, "half"), bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir})
	if left := files(t, dir); len(left) != 0 {
		t.Error(left)
	}
}
