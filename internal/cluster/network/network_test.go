package network_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/cluster/network"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// TestOf: each file has a reason, an object, and what is condensed of it.
func TestOf(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 15 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := condense(t, a.Files[0].Data)
			want := string(a.Files[1].Data)
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", a.Comment, diff)
			}
		})
	}
}

func condense(t *testing.T, document []byte) string {
	t.Helper()
	b, err := yaml.YAMLToJSON(document)
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	n := network.Of(obj)
	if n == nil {
		return "nothing\n"
	}
	var out strings.Builder
	line := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			out.WriteString(name + ": " + strings.Join(values, " ") + "\n")
		}
	}
	line("labels", n.Labels)
	line("selector", n.Selector)
	for _, key := range n.Targets {
		line("target", key.String())
	}
	for _, a := range n.Addresses {
		line("address", strings.TrimSpace(a.Hostname+" "+a.IP))
	}
	line("urls", n.URLs...)
	return out.String()
}

// FuzzOf: no body makes it panic, and no URL runs a script.
func FuzzOf(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		if a, err := txtar.ParseFile(file); err == nil {
			f.Add(a.Files[0].Data)
		}
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &obj.Object); err != nil || obj.Object == nil {
			return
		}
		n := network.Of(obj)
		if n == nil {
			return
		}
		for _, u := range n.URLs {
			if _, after, ok := strings.Cut(u, "|"); ok {
				u = after
			}
			if lower := strings.ToLower(u); !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
				t.Errorf("URL %q", u)
			}
		}
	})
}
