package render_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what the data files want from what is got")

// request is a data file's request.yaml.
type request struct {
	Source       v1alpha1.ApplicationSource `json:"source"`
	AppName      string                     `json:"appName"`
	AppNamespace string                     `json:"appNamespace"`
	Project      string                     `json:"project"`
	Revision     string                     `json:"revision"`
	KubeVersion  string                     `json:"kubeVersion"`
	APIVersions  []string                   `json:"apiVersions"`
	Options      render.Options             `json:"options"`
}

// answer is what a data file's fetch.yaml, a list, gives for a want: the files below
// fetch/TREE/, at a version.
type answer struct {
	Want    remote.Want `json:"want"`
	Tree    string      `json:"tree"`
	Version string      `json:"version"`
}

// shelf has what can be fetched.
type shelf struct {
	answers []answer
	trees   map[string]fstest.MapFS
}

func (s *shelf) Fetch(_ context.Context, w remote.Want) (remote.Got, error) {
	for _, a := range s.answers {
		if a.Want == w {
			return remote.Got{FS: s.trees[a.Tree], Digest: "digest of " + a.Tree, Version: a.Version}, nil
		}
	}
	return remote.Got{}, fault.New(fault.NotFound, "%s %s %s %s: there is none", w.Kind, resource.WithoutCredentials(w.URL), w.Name, w.Version)
}

// expectations are the files of a data file that are not part of the repository.
var expectations = []string{"request.yaml", "want.yaml", "want-error", "want-error-whole", "want-warnings", "want-unsupported"}

// TestData renders each testdata/*/*.txtar: a comment that says what it shows,
// request.yaml, the repository's files below repo/, what can be fetched (answer), and
// what is wanted.
func TestData(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no data files: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(name), "testdata/"), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testDataFile(t, name)
		})
	}
}

func testDataFile(t *testing.T, name string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	req, wanted := parseArchive(t, archive)
	result, err := render.Render(t.Context(), req)
	got := outcome(t, result, err)
	if err == nil {
		again, err2 := render.Render(t.Context(), req)
		if diff := cmp.Diff(got, outcome(t, again, err2)); diff != "" {
			t.Errorf("two renderings of one input differ (-first +second):\n%s", diff)
		}
	}
	if *update {
		writeOutcome(t, name, archive, got)
		return
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func parseArchive(t *testing.T, archive *txtar.Archive) (render.Request, map[string]string) {
	t.Helper()
	var r request
	repo, wanted := fstest.MapFS{}, map[string]string{}
	fetched := &shelf{trees: map[string]fstest.MapFS{}}
	for _, f := range archive.Files {
		if rest, ok := strings.CutPrefix(f.Name, "repo/"); ok {
			repo[rest] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			continue
		}
		if rest, ok := strings.CutPrefix(f.Name, "fetch/"); ok {
			label, name, _ := strings.Cut(rest, "/")
			if fetched.trees[label] == nil {
				fetched.trees[label] = fstest.MapFS{}
			}
			fetched.trees[label][name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			continue
		}
		if into := map[string]any{"request.yaml": &r, "fetch.yaml": &fetched.answers}[f.Name]; into != nil {
			if err := yaml.UnmarshalStrict(f.Data, into); err != nil {
				t.Fatal(err)
			}
			continue
		}
		wanted[f.Name] = string(f.Data)
	}
	return render.Request{
		FS: repo, Source: &r.Source, AppName: r.AppName, AppNamespace: r.AppNamespace, Project: r.Project,
		Revision: r.Revision, KubeVersion: r.KubeVersion, APIVersions: r.APIVersions, Options: r.Options, Fetcher: fetched,
	}, wanted
}

// outcome is a rendering as the wanted files of an archive spell it.
func outcome(t *testing.T, result render.Result, err error) map[string]string {
	t.Helper()
	got := map[string]string{}
	if err != nil {
		got["want-error"] = fault.KindOf(err).String() + ": " + err.Error() + "\n"
		if whole := fault.Whole(err); whole != err.Error() {
			got["want-error-whole"] = whole + "\n"
		}
		if result.Objects != nil {
			t.Error("objects beside an error")
		}
		return got
	}
	var b bytes.Buffer
	b.WriteString("# " + result.SourceType + "\n")
	for _, obj := range result.Objects {
		data, err := yaml.Marshal(obj.Object)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n")
		b.Write(data)
	}
	got["want.yaml"] = b.String()
	for name, lines := range map[string][]string{"want-warnings": result.Warnings, "want-unsupported": result.Unsupported} {
		if len(lines) > 0 {
			got[name] = strings.Join(lines, "\n") + "\n"
		}
	}
	return got
}

func writeOutcome(t *testing.T, name string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	var files []txtar.File
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "want") {
			files = append(files, f)
		}
	}
	for _, n := range expectations {
		if data, ok := got[n]; ok {
			files = append(files, txtar.File{Name: n, Data: []byte(data)})
		}
	}
	archive.Files = files
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
