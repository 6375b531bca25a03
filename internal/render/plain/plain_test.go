package plain

import (
	"strings"
	"testing"
	"testing/fstest"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// The renderings themselves are tried as data in internal/render and test/badinput.

// TestMeant: of a file that cannot be read as a manifest, was it meant to be one?
// If so it is an error, else what was in it would be pruned.
func TestMeant(t *testing.T) {
	for _, tt := range []struct {
		reason, text string
		meant        bool
	}{
		{"a kind says so", "kind: Thing\n", true},
		{"a kind of another sort does not matter", "kind: [a]\n", true},
		{"a kind that is not said", "kind:\nname: x\n", false},
		{"an apiVersion alone is a chart's or a provisioning file's", "apiVersion: v2\nname: x\n", false},
		{"three words, as in Argo CD", "a: {apiVersion: v1, kind: X, metadata: {}}\n", true},
		{"two words, well-formed", "a: {apiVersion: v1, kind: X}\n", false},
		{"two words, cut off", "apiVersion: v1\nkind: X\nfoo", true},
		{"one word, cut off", "apiVersion: v1\nfoo", false},
		{"another language", "name: {{ .Values.name }}\n", false},
		{"a list", "- a\n", false},
		{"JSON", `{"kind": "Thing"}`, true},
		{"JSON that is cut off", `{"apiVersion": "v1", "kind": "Thing", "meta`, true},
		{"other JSON that is cut off", `{"compilerOptions": {`, false},
		{"an object in the second document", "a: b\n---\napiVersion: v1\nkind: X\nmetadata: {name: a}\n", true},
	} {
		repo := fstest.MapFS{"a.yaml": {Data: []byte(tt.text)}}
		out, err := Render(Input{Files: tree.NewReader(t.Context(), repo, 1<<20), Dir: "."})
		if (err != nil) != tt.meant || err == nil && len(out.Warnings) != 1 {
			t.Errorf("%s: got %v, %q", tt.reason, err, out.Warnings)
		}
		if err != nil && (fault.KindOf(err) != fault.Broken || !strings.HasPrefix(err.Error(), "a.yaml: ")) {
			t.Errorf("%s: got %v", tt.reason, err)
		}
	}
}

func TestKustomizationsAreLeftOut(t *testing.T) {
	repo := fstest.MapFS{
		"sub/kustomization.yaml": {Data: []byte("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n")},
		"sub/a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
	}
	in := Input{Files: tree.NewReader(t.Context(), repo, 1<<20), Dir: "."}
	in.Directory.Recurse = true
	out, err := Render(in)
	if err != nil || len(out.Objects) != 1 || len(out.Warnings) != 1 {
		t.Errorf("got %d objects, %q, %v", len(out.Objects), out.Warnings, err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string][2]bool{ // manifest, override
		"a.yaml": {true, false}, "a.yml": {true, false}, "a.json": {true, false}, "a.jsonnet": {true, false}, ".hidden.yaml": {true, false},
		"a.YAML": {false, false}, "yaml": {false, false}, "a.yaml.bak": {false, false}, "a.tpl": {false, false},
		".argocd-source.yaml": {true, true}, ".argocd-source-web.yaml": {true, true}, ".argocd-source-web.yml": {true, false}, "argocd-source.yaml": {true, false},
	} {
		if isManifestName(name) != want[0] || isOverrideName(name) != want[1] {
			t.Errorf("%s: %v, %v", name, isManifestName(name), isOverrideName(name))
		}
	}
}
