package oracle_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
)

var update = flag.Bool("update", false, "write into the cases which failures and differences there are")

// request is a case's request.yaml.
type request struct {
	Source       v1alpha1.ApplicationSource `json:"source"`
	AppName      string                     `json:"appName"`
	AppNamespace string                     `json:"appNamespace"`
	KubeVersion  string                     `json:"kubeVersion"`
	APIVersions  []string                   `json:"apiVersions"`
	Options      render.Options             `json:"options"`
}

// oracle is how a program renders a request, in the copy of its repository at repo,
// with home for what else it writes.
type oracle func(t *testing.T, r request, home, repo string) ([]*unstructured.Unstructured, error)

const (
	failureFile     = "want-failure"
	differencesFile = "want-differences"
)

// testCases runs the cases of a directory of testdata. The programs are processes, two
// at a time are enough for the machine, so the cases run in parallel.
func testCases(t *testing.T, dir string, minimum int, o oracle) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(names) < minimum {
		t.Fatalf("%d cases of at least %d: %v", len(names), minimum, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testCase(t, name, o)
		})
	}
}

func testCase(t *testing.T, name string, o oracle) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r request
	repo, want := repository(t, archive), map[string]string{}
	for _, f := range archive.Files {
		switch {
		case strings.HasPrefix(f.Name, "repo/"):
		case f.Name == "request.yaml":
			if err := yaml.UnmarshalStrict(f.Data, &r); err != nil {
				t.Fatal(err)
			}
		case f.Name == failureFile || f.Name == differencesFile:
			want[f.Name] = string(f.Data)
		default:
			t.Fatalf("%s: %s is no file of a case", name, f.Name)
		}
	}
	if len(archive.Comment) == 0 {
		t.Error("the comment has to say what the case pins")
	}
	got := outcome(t, r, repo, o)
	if *update {
		write(t, name, archive, got)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// outcome is how a rendering by us and one by the program differ, as the files of a
// case have it; empty if they do not.
func outcome(t *testing.T, r request, repo fs.FS, o oracle) map[string]string {
	t.Helper()
	ours, ourErr := evenkeel(t, r, repo)
	copied := t.TempDir()
	if err := os.CopyFS(copied, repo); err != nil {
		t.Fatal(err)
	}
	theirs, theirErr := o(t, r, t.TempDir(), copied)
	switch {
	case ourErr != nil && theirErr != nil:
		t.Logf("the program: %v", theirErr)
		return map[string]string{failureFile: fault.KindOf(ourErr).String() + ": " + ourErr.Error() + "\n"}
	case ourErr != nil:
		return map[string]string{differencesFile: "only evenkeel fails: " + ourErr.Error() + "\n"}
	case theirErr != nil:
		t.Logf("the program: %v", theirErr)
		return map[string]string{differencesFile: "only the program fails\n"}
	}
	if found := differences(theirs, ours); len(found) > 0 {
		return map[string]string{differencesFile: strings.Join(found, "\n") + "\n"}
	}
	if len(ours) == 0 {
		return map[string]string{differencesFile: "nothing is rendered by either\n"}
	}
	return map[string]string{}
}

// evenkeel renders r with this module, and decodes it as the output of programs.
func evenkeel(t *testing.T, r request, repo fs.FS) ([]*unstructured.Unstructured, error) {
	t.Helper()
	result, err := render.Render(t.Context(), render.Request{
		FS: repo, Source: &r.Source, AppName: r.AppName, AppNamespace: r.AppNamespace,
		KubeVersion: r.KubeVersion, APIVersions: r.APIVersions, Options: r.Options,
	})
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, obj := range result.Objects {
		data, err := obj.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		// Lists are ours to take apart, so what is one here would show.
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(data); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func write(t *testing.T, name string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	var files []txtar.File
	for _, f := range archive.Files {
		if f.Name != failureFile && f.Name != differencesFile {
			files = append(files, f)
		}
	}
	for _, n := range []string{failureFile, differencesFile} {
		if text, ok := got[n]; ok {
			files = append(files, txtar.File{Name: n, Data: []byte(text)})
		}
	}
	archive.Files = files
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
