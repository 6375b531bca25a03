package oracle_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/version"

	"evenkeel.dev/api/v1alpha1"
)

// TestHelm compares with helm template.
func TestHelm(t *testing.T) {
	t.Parallel()
	bin := program(t, "helm")
	testCases(t, "helm", 40, func(t *testing.T, r request, home, repo string) ([]*unstructured.Unstructured, error) {
		return helmTemplate(t, bin, r, home, repo)
	})
}

func helmTemplate(t *testing.T, bin string, r request, home, repo string) ([]*unstructured.Unstructured, error) {
	t.Helper()
	chart := filepath.Join(repo, r.Source.Path)
	args := helmArgs(t, r, home, repo)
	out, err := run(t.Context(), home, chart, bin, args...)
	if err != nil && strings.Contains(err.Error(), "missing in charts/ directory") {
		if _, err := run(t.Context(), home, chart, bin, "dependency", "build"); err != nil {
			return nil, err
		}
		out, err = run(t.Context(), home, chart, bin, args...)
	}
	if err != nil {
		return nil, err
	}
	return decode(out)
}

// helmArgs are the arguments that Argo CD gives (Cmd.template).
func helmArgs(t *testing.T, r request, home, repo string) []string {
	t.Helper()
	helm := r.Source.Helm
	if helm == nil {
		helm = &v1alpha1.ApplicationSourceHelm{}
	}
	args := []string{"template", ".", "--name-template", or(helm.ReleaseName, r.AppName)}
	flag := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name, value)
		}
	}
	flag("namespace", or(helm.Namespace, r.AppNamespace))
	if v := or(helm.KubeVersion, r.KubeVersion); v != "" {
		generic, err := version.ParseGeneric(v) // as Argo CD: no suffix of a vendor's
		if err != nil {
			t.Fatal(err)
		}
		flag("kube-version", generic.String())
	}
	for _, p := range helm.Parameters {
		flag(map[bool]string{false: "set", true: "set-string"}[p.ForceString], p.Name+"="+commas(p.Value))
	}
	for _, p := range helm.FileParameters {
		flag("set-file", p.Name+"="+commas(p.Path))
	}
	for _, f := range helm.ValueFiles {
		if rooted, ok := strings.CutPrefix(f, "/"); ok {
			f = filepath.Join(repo, rooted)
		}
		flag("values", f)
	}
	if inline := inlineValues(helm); len(inline) > 0 {
		name := filepath.Join(home, "inline.yaml")
		if err := os.WriteFile(name, inline, 0o600); err != nil {
			t.Fatal(err)
		}
		flag("values", name)
	}
	apis := helm.APIVersions
	if len(apis) == 0 {
		apis = r.APIVersions
	}
	for _, a := range apis {
		flag("api-versions", a)
	}
	for name, on := range map[string]bool{
		"--include-crds": !helm.SkipCrds, "--skip-tests": helm.SkipTests, "--skip-schema-validation": helm.SkipSchemaValidation,
	} {
		if on {
			args = append(args, name)
		}
	}
	return args
}

func inlineValues(helm *v1alpha1.ApplicationSourceHelm) []byte {
	if o := helm.ValuesObject; o != nil {
		return o.Raw
	}
	return []byte(helm.Values)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// commas is cleanSetParameters: a value is one value, unless it is a {list}.
func commas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	return strings.ReplaceAll(strings.ReplaceAll(value, `\,`, `,`), `,`, `\,`)
}
