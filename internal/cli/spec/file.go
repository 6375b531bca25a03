package spec

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/fault"
)

// Parse reads Applications from a stream of YAML or JSON documents. A field
// that is not an Application's is an error: it would be lost.
func Parse(file string, data []byte) ([]*v1alpha1.Application, error) {
	var apps []*v1alpha1.Application
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for i := 1; ; i++ {
		doc, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s: document %d", file, i)
		}
		if empty, err := isEmpty(doc); err != nil || empty {
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%s: document %d", file, i)
			}
			continue
		}
		app := &v1alpha1.Application{}
		if err := yaml.UnmarshalStrict(doc, app); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s: document %d", file, i)
		}
		if app.Kind != "Application" || app.APIVersion != v1alpha1.GroupVersion.String() {
			return nil, fault.New(fault.Invalid, "%s: document %d is %s %s, want %s Application", file, i, app.APIVersion, app.Kind, v1alpha1.GroupVersion)
		}
		apps = append(apps, app)
	}
	if len(apps) == 0 {
		return nil, fault.New(fault.Invalid, "%s holds no application", file)
	}
	return apps, nil
}

func isEmpty(doc []byte) (bool, error) {
	var v any
	if err := yaml.Unmarshal(doc, &v); err != nil {
		return false, err
	}
	return v == nil, nil
}

// Check fails for what no controller could work with.
func Check(apps []*v1alpha1.Application) error {
	for _, app := range apps {
		n := app.Namespace + "/" + app.Name
		d := app.Spec.Destination
		switch {
		case d.Server != "" && d.Name != "":
			return fault.New(fault.Invalid, "application %s: the destination has a server and a name: give one of --dest-server and --dest-name", n)
		case d.Server == "" && d.Name == "":
			return fault.New(fault.Invalid, "application %s: where to? give --dest-server or --dest-name, as in --dest-server %s", n, v1alpha1.InClusterServer)
		case app.Spec.SourceHydrator == nil && len(describe.Sources(app)) == 0:
			return fault.New(fault.Invalid, "application %s: from where? give --repo, and --path or --helm-chart", n)
		}
		for _, src := range describe.Sources(app) {
			if src.RepoURL == "" {
				return fault.New(fault.Invalid, "application %s: a source has no repository: give --repo", n)
			}
			if src.Path == "" && src.Chart == "" && src.Ref == "" {
				return fault.New(fault.Invalid, "application %s: source %s has neither path nor chart: give --path or --helm-chart", n, src.RepoURL)
			}
		}
	}
	return nil
}

// Pairs reads key=value words.
func Pairs(flag string, words []string) (map[string]string, error) {
	if len(words) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(words))
	for _, w := range words {
		k, v, ok := strings.Cut(w, "=")
		if !ok || k == "" {
			return nil, fault.New(fault.Invalid, "--%s %q: want KEY=VALUE", flag, w)
		}
		if _, twice := out[k]; twice {
			return nil, fault.New(fault.Invalid, "--%s gives %q twice", flag, k)
		}
		out[k] = v
	}
	return out, nil
}
