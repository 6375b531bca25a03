package jsonnet_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	gojsonnet "github.com/google/go-jsonnet"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/jsonnet"
	"evenkeel.dev/internal/render/tree"
)

// What programs evaluate to is tried as data in internal/render/testdata/jsonnet.

const object = "{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: x } }"

// watchedFS notes what it is asked for.
type watchedFS struct {
	fstest.MapFS
	mu    *sync.Mutex
	asked map[string]int
}

func watched(repo fstest.MapFS) watchedFS {
	return watchedFS{repo, new(sync.Mutex), map[string]int{}}
}

func (f watchedFS) note(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[name]++
}

func (f watchedFS) Open(name string) (fs.File, error) {
	f.note(name)
	return f.MapFS.Open(name)
}

func (f watchedFS) Stat(name string) (fs.FileInfo, error) {
	f.note(name)
	return f.MapFS.Stat(name)
}

func (f watchedFS) ReadFile(name string) ([]byte, error) {
	f.note("read " + name)
	return f.MapFS.ReadFile(name)
}

// TestImportsAreReadOnce: a library of megabytes that every program imports is read
// and counted once, and so is the answer that something is not there.
func TestImportsAreReadOnce(t *testing.T) {
	t.Parallel()
	repo := watched(fstest.MapFS{"vendor/x.libsonnet": {Data: []byte("'x'")}})
	e, err := jsonnet.New(jsonnet.Input{
		Files: tree.NewReader(t.Context(), repo, 1<<20), Dir: "app",
		Options: v1alpha1.ApplicationSourceJsonnet{Libs: []string{"vendor"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		objects, err := e.Objects(fmt.Sprintf("app/%d.jsonnet", i), []byte("local x = import 'x.libsonnet';\n"+object))
		if err != nil || len(objects) != 1 {
			t.Fatalf("got %d objects, %v", len(objects), err)
		}
	}
	for _, name := range []string{"app/x.libsonnet", "read vendor/x.libsonnet"} {
		if repo.asked[name] != 1 {
			t.Errorf("%s: asked %d times", name, repo.asked[name])
		}
	}
}

// TestOptionsStayAsTheyAre: they are the Application's, and others read them.
func TestOptionsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	options := v1alpha1.ApplicationSourceJsonnet{TLAs: []v1alpha1.JsonnetVar{{Name: "a", Value: "$X"}}, ExtVars: []v1alpha1.JsonnetVar{{Name: "a", Value: "$X"}}}
	if _, err := jsonnet.New(jsonnet.Input{Files: tree.NewReader(t.Context(), fstest.MapFS{}, 1), Dir: ".", Options: options}); err != nil {
		t.Fatal(err)
	}
	if options.TLAs[0].Value != "$X" || options.ExtVars[0].Value != "$X" {
		t.Errorf("got %v", options)
	}
}

// TestSearchOrder: imports are found where go-jsonnet's own importer finds them, with
// the search paths that Argo CD gives it.
func TestSearchOrder(t *testing.T) {
	t.Parallel()
	places := []string{"x", "app/x", "app/sub/x", "app/sub/sub/x", "first/x", "first/sub/x", "second/x", "second/sub/x"}
	paths := []string{"x", "./x", "../x", "../../x", "sub/x", "../sub/x", "sub/../x", "app/x", "../first/x", "../second/sub/x", "y"}
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "") //nolint:usetesting // one for each of many tries
		if err != nil {
			t.Fatal(err)
		}
		repo := fstest.MapFS{}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(places), rapid.ID).Draw(t, "there") {
			repo[name] = &fstest.MapFile{Data: []byte(name), Mode: 0o644}
		}
		program := "importstr '" + rapid.SampledFrom(paths).Draw(t, "path") + "'"
		repo["app/sub/p.libsonnet"] = &fstest.MapFile{Data: []byte(program), Mode: 0o644}
		repo["app/a.jsonnet"] = &fstest.MapFile{Data: []byte("error import 'sub/p.libsonnet'"), Mode: 0o644}
		if err := os.CopyFS(dir, repo); err != nil {
			t.Fatal(err)
		}
		vm := gojsonnet.MakeVM()
		vm.Importer(&gojsonnet.FileImporter{JPaths: []string{filepath.Join(dir, "app"), filepath.Join(dir, "first"), filepath.Join(dir, "second")}})
		_, want := vm.EvaluateFile(filepath.Join(dir, "app/a.jsonnet"))
		e, err := jsonnet.New(jsonnet.Input{
			Files: tree.NewReader(context.Background(), repo, 1<<20), Dir: "app",
			Options: v1alpha1.ApplicationSourceJsonnet{Libs: []string{"first", "second"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, got := e.Objects("app/a.jsonnet", repo["app/a.jsonnet"].Data)
		line, _, _ := strings.Cut(want.Error(), "\n")
		if found, ok := strings.CutPrefix(line, "RUNTIME ERROR: "); ok && repo[found] != nil {
			if fmt.Sprint(got) != "app/a.jsonnet: line 1: "+found {
				t.Fatalf("got %v, want %s", got, found)
			}
		} else if !strings.Contains(fmt.Sprint(got), "sub/p.libsonnet: line 1: import: ") {
			t.Fatalf("got %v, want %s", got, line)
		}
	})
}

type panicFS struct{ fstest.MapFS }

func (panicFS) ReadFile(string) ([]byte, error) { panic("index out of range") }

// TestPanics: go-jsonnet recovers with a stack in the message, whose addresses would
// make another condition of each try.
func TestPanics(t *testing.T) {
	t.Parallel()
	e, err := jsonnet.New(jsonnet.Input{Files: tree.NewReader(t.Context(), panicFS{fstest.MapFS{"x": {}}}, 1<<20), Dir: "."})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Objects("a.jsonnet", []byte("importstr 'x'"))
	if fault.KindOf(err) != fault.Broken || fmt.Sprint(err) != "a.jsonnet: (CRASH) index out of range" {
		t.Errorf("got %v", err)
	}
}

// TestConcurrent: evaluators share go-jsonnet's standard library and nothing else.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			e, err := jsonnet.New(jsonnet.Input{
				Files: tree.NewReader(t.Context(), fstest.MapFS{}, 1<<20), Dir: ".",
				Options: v1alpha1.ApplicationSourceJsonnet{TLAs: []v1alpha1.JsonnetVar{{Name: "x", Value: fmt.Sprint(i)}}},
			})
			if err != nil {
				t.Error(err)
				return
			}
			for range 10 {
				objects, err := e.Objects("a.jsonnet", []byte("function(x) std.mergePatch("+object+", {})"))
				if err != nil || objects[0].Object["data"].(map[string]any)["x"] != fmt.Sprint(i) {
					t.Errorf("got %v, %v", objects, err)
				}
			}
		})
	}
	group.Wait()
}

// FuzzImport: whatever a program imports, only names of the tree are asked for.
func FuzzImport(f *testing.F) {
	for _, written := range []string{
		"x", "", ".", "..", "../x", "../../x", "../../../x", "/x", "//x", "/../x", "a/../../x", "a//x", "x/", "./x", "x\x00", `..\x`, "\xff", "x\n", "~/x", "%2e%2e/x", "…/x",
	} {
		f.Add("app/sub", "vendor", written)
	}
	f.Add("..", "../..", "x")
	f.Add("/", "/", "x")
	f.Fuzz(func(t *testing.T, dir, lib, written string) {
		dir, err := tree.Resolve("path", ".", dir)
		if err != nil {
			return
		}
		repo := watched(fstest.MapFS{"x": {Data: []byte("'root'")}, "app/x": {Data: []byte("'app'")}, "vendor/x": {Data: []byte("'vendor'")}})
		e, err := jsonnet.New(jsonnet.Input{
			Files: tree.NewReader(t.Context(), repo, 1<<20), Dir: dir, Options: v1alpha1.ApplicationSourceJsonnet{
				Libs:    []string{lib},
				ExtVars: []v1alpha1.JsonnetVar{{Name: "code", Code: true, Value: "importbin @'" + strings.ReplaceAll(written, "'", "''") + "'"}},
			},
		})
		if err != nil {
			return
		}
		program := "[importstr @'" + strings.ReplaceAll(written, "'", "''") + "', std.extVar('code')]"
		_, err = e.Objects("app/sub/a.jsonnet", []byte(program))
		if err == nil || errors.Is(err, fs.ErrInvalid) || strings.Contains(err.Error(), "CRASH") {
			t.Errorf("%q: %v", written, err)
		}
		for name := range repo.asked {
			if name = strings.TrimPrefix(name, "read "); !fs.ValidPath(name) {
				t.Errorf("%q: asked for %q", written, name)
			}
		}
	})
}
