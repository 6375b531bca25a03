package badinput

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kyaml "sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git"
	"evenkeel.dev/test/gitserver"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// canary is in files as the value of secrets. No error and no warning may hold it.
const canary = "hunter2"

// application is one case: an Application, and what comes of it.
type application struct {
	Reason string    `yaml:"reason"`
	App    string    `yaml:"app,omitempty"`
	Source yaml.Node `yaml:"source"`
	// Options are render.Options.
	Options yaml.Node `yaml:"options,omitempty"`
	outcome `yaml:",inline"`
}

type outcome struct {
	Error string `yaml:"error,omitempty"`
	// Objects are keys, with data if there is any.
	Objects  []string `yaml:"objects,omitempty"`
	Warnings []string `yaml:"warnings,omitempty"`
}

// section reads a file of an archive that belongs to the repository: repo/NAME as
// it stands, "repo/NAME -> TARGET" a symbolic link, "repo/NAME @ COMMIT" a
// submodule, and quoted/NAME Go strings, one a line, each with "* N" N times.
func section(f txtar.File) (name string, file gitserver.File, ok bool, err error) {
	if name, ok := strings.CutPrefix(f.Name, "quoted/"); ok {
		content, err := unquoted(string(f.Data))
		return name, gitserver.File{Content: content}, true, err
	}
	name, ok = strings.CutPrefix(f.Name, "repo/")
	if link, target, is := strings.Cut(name, " -> "); is {
		return link, gitserver.File{Content: target, Mode: gitserver.Symlink}, ok, nil
	}
	if module, commit, is := strings.Cut(name, " @ "); is {
		return module, gitserver.File{Content: commit, Mode: gitserver.Submodule}, ok, nil
	}
	return name, gitserver.File{Content: string(f.Data)}, ok, nil
}

func unquoted(text string) (string, error) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		prefix, err := strconv.QuotedPrefix(line)
		if err != nil {
			return "", fmt.Errorf("%q: %w", line, err)
		}
		s, err := strconv.Unquote(prefix)
		if err != nil {
			return "", fmt.Errorf("%q: %w", line, err)
		}
		n := 1
		if times, ok := strings.CutPrefix(strings.TrimSpace(line[len(prefix):]), "* "); ok {
			if n, err = strconv.Atoi(times); err != nil {
				return "", fmt.Errorf("%q: %w", line, err)
			}
		}
		b.WriteString(strings.Repeat(s, n))
	}
	return b.String(), nil
}

func TestBadInput(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	server, err := gitserver.New(t.Context(), gitserver.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	repo, err := server.Repo(t.Context(), "repo")
	if err != nil {
		t.Fatal(err)
	}
	store, err := git.Open(t.Context(), git.Options{Dir: t.TempDir(), Local: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	setTraps(t)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree, cases := commit(t, repo, store, archive)
			for i := range cases {
				t.Run(cases[i].Reason, func(t *testing.T) { cases[i].outcome = cases[i].check(t, tree) })
			}
			if *update && !t.Failed() {
				write(t, name, archive, cases)
			}
		})
	}
}

// setTraps sees to it that rendering starts no program and asks nobody. Git is
// found already.
func setTraps(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	mark := filepath.Join(dir, "sprung")
	for _, program := range []string{"git", "helm", "kustomize", "sh", "ssh", "curl"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\necho \"$0 $*\" >> "+mark+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	transport := http.DefaultTransport
	http.DefaultTransport = trap{t}
	t.Cleanup(func() {
		http.DefaultTransport = transport
		if started, err := os.ReadFile(mark); err == nil {
			t.Errorf("started:\n%s", started)
		}
	})
}

type trap struct{ t *testing.T }

func (r trap) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("asked for %s", req.URL)
	return nil, errors.ErrUnsupported
}

// commit makes the archive's repository a commit and reads it back.
func commit(t *testing.T, repo *gitserver.Repo, store *git.Store, archive *txtar.Archive) (trace.Tree, []application) {
	t.Helper()
	var cases []application
	files := map[string]gitserver.File{}
	for _, f := range archive.Files {
		if f.Name == "applications.yaml" {
			if err := yaml.Unmarshal(f.Data, &cases); err != nil {
				t.Fatal(err)
			}
			continue
		}
		name, file, ok, err := section(f)
		if err != nil || !ok {
			t.Fatalf("section %s: %v", f.Name, err)
		}
		files[name] = file
	}
	sha, err := repo.Apply(t.Context(), gitserver.Change{Orphan: true, Message: "bad", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := store.Tree(t.Context(), source.Repository{URL: "file://" + repo.Dir}, sha)
	if err != nil {
		t.Fatal(err)
	}
	return tree, cases
}

func write(t *testing.T, name string, archive *txtar.Archive, cases []application) {
	t.Helper()
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(cases); err != nil {
		t.Fatal(err)
	}
	for i := range archive.Files {
		if archive.Files[i].Name == "applications.yaml" {
			archive.Files[i].Data = b.Bytes()
		}
	}
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (a application) check(t *testing.T, tree trace.Tree) outcome {
	got := a.road(t, tree)
	for _, text := range append(got.Warnings, got.Error) {
		if strings.Contains(text, canary) {
			t.Errorf("a secret is shown: %s", text)
		}
		if len(text) > 2000 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			t.Errorf("a text for nobody: %d bytes, %q", len(text), text)
		}
	}
	if got.Error != "" && got.Objects != nil {
		t.Errorf("objects beside an error: %s", got.Objects)
	}
	if *update {
		return got
	}
	if diff := cmp.Diff(a.outcome, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	return got
}

// road is what the controller does with a commit.
func (a application) road(t *testing.T, tree trace.Tree) outcome {
	t.Helper()
	var src v1alpha1.ApplicationSource
	var options render.Options
	into(t, a.Source, &src)
	into(t, a.Options, &options)
	app := a.App
	if app == "" {
		app = "web"
	}
	traced := trace.New(tree)
	result, err := render.Render(t.Context(), render.Request{FS: traced, Source: &src, AppName: app, AppNamespace: "prod", Options: options})
	if err != nil {
		if result.Objects != nil {
			t.Error("a failed rendering has objects")
		}
		return outcome{Error: fault.KindOf(err).String() + ": " + err.Error()}
	}
	reads, err := traced.ReadSet()
	if err != nil {
		t.Errorf("a rendering that succeeded cannot be remembered: %v", err)
	}
	if same, err := reads.StillHolds(tree); !same || err != nil {
		t.Errorf("what was read is not what is there: %v", err)
	}
	state, err := desired.Build(desired.Input{Objects: result.Objects, App: app, Namespace: "prod", Scope: scope})
	if err != nil {
		return outcome{Error: fault.KindOf(err).String() + ": " + err.Error()}
	}
	out := outcome{Warnings: result.Warnings}
	for _, list := range [][]desired.Object{state.Objects, state.Hooks} {
		for _, o := range list {
			out.Objects = append(out.Objects, shown(t, o))
		}
	}
	for _, c := range state.Conditions {
		out.Warnings = append(out.Warnings, string(c.Type)+": "+c.Message)
	}
	return out
}

func into(t *testing.T, node yaml.Node, v any) {
	t.Helper()
	if node.IsZero() {
		return
	}
	b, err := yaml.Marshal(&node)
	if err == nil {
		err = kyaml.UnmarshalStrict(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// scope knows a few kinds.
func scope(gk schema.GroupKind) (namespaced, known bool) {
	switch gk {
	case schema.GroupKind{Kind: "ConfigMap"}, schema.GroupKind{Kind: "Secret"}, schema.GroupKind{Group: "batch", Kind: "Job"}:
		return true, true
	case schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"},
		schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:
		return false, true
	}
	return false, false
}

func shown(t *testing.T, o desired.Object) string {
	t.Helper()
	var body struct {
		Data map[string]any `json:"data"`
	}
	d := json.NewDecoder(bytes.NewReader(o.JSON))
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		t.Fatal(err)
	}
	s := o.Key.Human()
	if !o.ScopeKnown {
		s += " (unknown kind)"
	}
	if body.Data != nil {
		b, err := json.Marshal(body.Data)
		if err != nil {
			t.Fatal(err)
		}
		s += " " + string(b)
	}
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return s
}
