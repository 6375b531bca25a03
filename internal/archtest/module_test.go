package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// module is the source of a Go module as far as the rules look at it.
type module struct {
	path     string
	files    fs.FS
	set      *token.FileSet
	packages map[string]*pkg // directory -> package
}

// pkg is one package without its tests and generated files.
type pkg struct {
	dir   string
	files map[string]*ast.File // file name with its directory -> syntax
}

// load reads every package of the module in fsys. Directories that are modules
// of their own are other people's business.
func load(t *testing.T, fsys fs.FS) *module {
	t.Helper()
	m := &module{files: fsys, set: token.NewFileSet(), packages: map[string]*pkg{}}
	gomod := m.read(t, "go.mod")
	first, _, _ := strings.Cut(gomod, "\n")
	m.path = strings.TrimSpace(strings.TrimPrefix(first, "module "))
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped(fsys, name) {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			m.parse(t, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func skipped(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if dir == "." {
		return false
	}
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

func (m *module) read(t *testing.T, name string) string {
	t.Helper()
	b, err := fs.ReadFile(m.files, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (m *module) parse(t *testing.T, name string) {
	t.Helper()
	file, err := parser.ParseFile(m.set, name, m.read(t, name), parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	dir := path.Dir(name)
	if m.packages[dir] == nil {
		m.packages[dir] = &pkg{dir: dir, files: map[string]*ast.File{}}
	}
	if !ast.IsGenerated(file) {
		m.packages[dir].files[name] = file
	}
}

// imports are the import paths of a package, sorted, each once.
func (p *pkg) imports() []string {
	var out []string
	for _, f := range p.files {
		for _, i := range f.Imports {
			out = append(out, importPath(i))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func importPath(i *ast.ImportSpec) string {
	// The parser has checked the literal.
	p, _ := strconv.Unquote(i.Path.Value)
	return p
}

// local is the directory of an import path of this module.
func (m *module) local(importPath string) (dir string, ok bool) {
	return strings.CutPrefix(importPath, m.path+"/")
}

// each calls f for every package in the order of directories.
func (m *module) each(f func(*pkg)) {
	dirs := make([]string, 0, len(m.packages))
	for dir := range m.packages {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		f(m.packages[dir])
	}
}

func (m *module) position(n ast.Node) string {
	p := m.set.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// lines is how many lines a node spans.
func (m *module) lines(n ast.Node) int {
	return m.set.Position(n.End()).Line - m.set.Position(n.Pos()).Line + 1
}

// rules are all rules of this package: each yields a sentence per breach.
var rules = map[string]func(*testing.T, *module) []string{
	"imports":      importRule,
	"purity":       purityRule,
	"size":         sizeRule,
	"documented":   documentRule,
	"names":        nameRule,
	"habits":       habitRule,
	"dependencies": dependencyRule,
}

// TestRules tries each rule on this module.
func TestRules(t *testing.T) {
	m := load(t, os.DirFS(root()))
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, breach := range rule(t, m) {
				t.Error(breach)
			}
		})
	}
}

// root is this module's, or that of another checkout of it.
func root() string {
	if dir := os.Getenv("ARCHTEST_ROOT"); dir != "" {
		return dir
	}
	return "../.."
}

// TestRulesFindBreaches tries each rule on the modules in testdata: every
// testdata/RULE*.txtar holds a module and, in the file "want", the breaches.
func TestRulesFindBreaches(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, file := range files {
		base := strings.TrimSuffix(filepath.Base(file), ".txtar")
		name, _, _ := strings.Cut(base, "-")
		tried[name] = true
		t.Run(base, func(t *testing.T) {
			rule := rules[name]
			if rule == nil {
				t.Fatalf("no rule %q", name)
			}
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys, want := fstest.MapFS{}, ""
			for _, f := range ar.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				fsys[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			got := ""
			for _, breach := range rule(t, load(t, fsys)) {
				got += breach + "\n"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s(-want +got):\n%s", ar.Comment, diff)
			}
		})
	}
	for name := range rules {
		if !tried[name] {
			t.Errorf("rule %s is tried on nothing", name)
		}
	}
}
