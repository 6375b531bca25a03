package oracle_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render/kustomize"
)

// TestKustomize compares with kustomize edit and kustomize build.
func TestKustomize(t *testing.T) {
	t.Parallel()
	bin := program(t, "kustomize")
	testCases(t, "kustomize", 40, func(t *testing.T, r request, home, repo string) ([]*unstructured.Unstructured, error) {
		return kustomizeBuild(t, bin, r, home, repo)
	})
}

func kustomizeBuild(t *testing.T, bin string, r request, home, repo string) ([]*unstructured.Unstructured, error) {
	t.Helper()
	dir := filepath.Join(repo, r.Source.Path)
	if o := r.Source.Kustomize; o != nil {
		edit := func(commands [][]string) error {
			for _, args := range commands {
				if _, err := run(t.Context(), home, dir, bin, append([]string{"edit"}, args...)...); err != nil {
					return err
				}
			}
			return nil
		}
		if err := edit(kustomizeEdits(o)); err != nil {
			return nil, err
		}
		if len(o.Patches) > 0 {
			addPatches(t, dir, o.Patches)
		}
		if components := existing(dir, o); len(components) > 0 {
			if err := edit([][]string{append([]string{"add", "component"}, components...)}); err != nil {
				return nil, err
			}
		}
	}
	out, err := run(t.Context(), home, repo, bin, append([]string{"build", dir}, strings.Fields(r.Options.KustomizeBuildOptions)...)...)
	if err != nil {
		return nil, err
	}
	return decode(out)
}

// kustomizeEdits are the commands that Argo CD runs before those for patches and
// components (kustomize.Build).
func kustomizeEdits(o *v1alpha1.ApplicationSourceKustomize) [][]string {
	var commands [][]string
	add := func(args ...string) { commands = append(commands, args) }
	if o.NamePrefix != "" {
		add("set", "nameprefix", "--", o.NamePrefix)
	}
	if o.NameSuffix != "" {
		add("set", "namesuffix", "--", o.NameSuffix)
	}
	if len(o.Images) > 0 {
		args := []string{"set", "image"}
		for _, i := range o.Images {
			args = append(args, string(i))
		}
		add(args...)
	}
	if len(o.Replicas) > 0 {
		args := []string{"set", "replicas"}
		for _, r := range o.Replicas {
			args = append(args, r.Name+"="+r.Count.String())
		}
		add(args...)
	}
	if len(o.CommonLabels) > 0 {
		args := []string{"add", "label"}
		for _, f := range []struct {
			name string
			on   bool
		}{{"--force", o.ForceCommonLabels}, {"--without-selector", o.LabelWithoutSelector}, {"--include-templates", o.LabelIncludeTemplates}} {
			if f.on {
				args = append(args, f.name)
			}
		}
		add(append(args, pairs(o.CommonLabels)...)...)
	}
	if len(o.CommonAnnotations) > 0 {
		args := []string{"add", "annotation"}
		if o.ForceCommonAnnotations {
			args = append(args, "--force")
		}
		add(append(args, pairs(o.CommonAnnotations)...)...)
	}
	if o.Namespace != "" {
		add("set", "namespace", "--", o.Namespace)
	}
	return commands
}

func pairs(m map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s:%s", k, m[k]))
	}
	return out
}

// addPatches edits the file itself, for which there is no command.
func addPatches(t *testing.T, dir string, patches []v1alpha1.KustomizePatch) {
	t.Helper()
	for _, base := range kustomize.FileNames() {
		name := filepath.Join(dir, base)
		data, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue
		}
		k := map[string]any{}
		if err == nil {
			err = yaml.Unmarshal(data, &k)
		}
		if err != nil {
			t.Fatal(err)
		}
		list, _ := k["patches"].([]any)
		for _, p := range patches {
			list = append(list, p)
		}
		k["patches"] = list
		if data, err = yaml.Marshal(k); err == nil {
			err = os.WriteFile(name, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

func existing(dir string, o *v1alpha1.ApplicationSourceKustomize) []string {
	if !o.IgnoreMissingComponents {
		return o.Components
	}
	return slices.DeleteFunc(slices.Clone(o.Components), func(c string) bool {
		_, err := os.Stat(filepath.Join(dir, c))
		return err != nil
	})
}
