package settings

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

// TestPlugins reads testdata/plugins: the keys of the config map, the declarations and
// the problems that are wanted.
func TestPlugins(t *testing.T) {
	files, err := filepath.Glob("testdata/plugins/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: ConfigMapPlugins}}
			if err := yaml.UnmarshalStrict(archive.Files[0].Data, &cm.Data); err != nil {
				t.Fatal(err)
			}
			snapshot, problems := Parse([]*corev1.ConfigMap{cm}, nil)
			for i := range snapshot.Plugins {
				snapshot.Plugins[i].TypeMeta = metav1.TypeMeta{}
			}
			got, err := yaml.Marshal(snapshot.Plugins)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), string(got)); diff != "" {
				t.Errorf("plugins (-want +got):\n%s", diff)
			}
			var lines strings.Builder
			for _, p := range problems {
				fmt.Fprintln(&lines, p.Error())
			}
			if diff := cmp.Diff(string(archive.Files[2].Data), lines.String()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzPlugins: whatever stands in the config map, what is declared can be run.
func FuzzPlugins(f *testing.F) {
	f.Add("{kind: ConfigManagementPlugin, metadata: {name: x}, spec: {generate: {command: [x]}}}")
	f.Add("{kind: ConfigManagementPlugin, metadata: {name: x}, spec: {version: 1, discover: {find: {glob: /}}}}")
	f.Fuzz(func(t *testing.T, text string) {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: ConfigMapPlugins}, Data: map[string]string{"a": text, "b": text}}
		s, problems := Parse([]*corev1.ConfigMap{cm}, nil)
		if len(s.Plugins) == 0 && len(problems) == 0 {
			t.Fatal("neither a plugin nor a reason")
		}
		for _, p := range s.Plugins {
			if p.Kind != v1alpha1.KindConfigManagementPlugin || !pluginName.MatchString(p.FullName()) || len(p.Spec.Generate.Command) == 0 {
				t.Errorf("%+v", p)
			}
		}
		if len(s.Plugins) > 1 {
			t.Errorf("two of one name: %+v", s.Plugins)
		}
	})
}
