package kustomize

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provenance"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

// FileNames are the names that a kustomization may have, in Kustomize's order.
func FileNames() [3]string {
	return [...]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

// Input is what to build.
type Input struct {
	Files *tree.Reader
	// Dir is the kustomization's tree path.
	Dir       string
	Kustomize v1alpha1.ApplicationSourceKustomize
	// BuildOptions are flags of kustomize build.
	BuildOptions string
	Env          buildenv.Env
	// Fetcher gets what kustomizations name of elsewhere; nil means that nothing can
	// be had.
	Fetcher remote.Fetcher
	// Chart renders the charts that they name; nil means that none can be.
	Chart ChartRenderer
}

// Output is what was built.
type Output struct {
	Objects     []*unstructured.Unstructured
	Warnings    []string
	Unsupported []string
}

// Render builds the kustomization in in.Dir with in.Kustomize applied to it.
func Render(ctx context.Context, in Input) (Output, error) {
	flags, unsupported := parseFlags(in.BuildOptions)
	var warnings []string
	warn := func(w string) { warnings = append(warnings, w) }
	if v := in.Kustomize.Version; v != "" && v != Version {
		unsupported = append(unsupported, "kustomize.version")
		warn(fmt.Sprintf("kustomize.version %s: only %s is here, and rendered this", v, Version))
	}
	overlay, err := edited(in, warn)
	if err != nil {
		return Output{}, err
	}
	view := newView(newMounts(ctx, in.Files, in.Fetcher), overlay)
	view.inspector.warn = warn
	view.inspector.charts = charts{
		enabled: flags.helm, render: in.Chart, anywhere: flags.LoadRestrictions == types.LoadRestrictionsNone,
		// As Argo CD, which appends the Application's to the flags.
		kubeVersion: cmp.Or(in.Kustomize.KubeVersion, in.Env.KubeVersion, flags.helmKubeVersion),
		apiVersions: slices.Concat(flags.helmAPIVersions, firstNonEmpty(in.Kustomize.APIVersions, in.Env.KubeAPIVersions)),
	}
	options := &flags.Options
	result, err := build(ctx, view, options, in.Dir)
	if err != nil {
		return Output{}, err
	}
	objects, err := decode(in, view.mounts, result)
	return Output{Objects: objects, Warnings: warnings, Unsupported: unsupported}, err
}

// maxCopied is how much the copy operations of one JSON patch may add, in bytes.
// It is the API server's bound. Thirty of them that each copy all there is would
// make gigabytes of a line.
const maxCopied = 3 << 20

// building holds a token while Kustomize's global variables are in use.
var building = make(chan struct{}, 1)

func build(ctx context.Context, view *view, options *krusty.Options, dir string) (resmap.ResMap, error) {
	select {
	case building <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() {
		if view.inspector.ownSchema {
			openapi.ResetOpenAPI()
		}
		<-building
	}()
	jsonpatch.AccumulatedCopySizeLimit = maxCopied
	result, err := krusty.MakeKustomizer(options).Run(view, rooted(dir))
	if view.err != nil {
		return nil, view.err
	}
	if err != nil {
		return nil, fault.New(fault.Broken, "%s", explain(dir, view.mounts.named(err.Error())))
	}
	return result, signAsKustomize(result)
}

// signAsKustomize puts Kustomize's version into the label that says what built an
// object. The library takes that of the program it is in: ours, and each of our
// releases would change all objects.
func signAsKustomize(result resmap.ResMap) error {
	const sign = "kustomize-"
	ours := sign + provenance.GetProvenance().Semver()
	for _, r := range result.Resources() {
		labels := r.GetLabels()
		if labels[konfig.ManagedbyLabelKey] != ours {
			continue
		}
		labels[konfig.ManagedbyLabelKey] = sign + Version
		if err := r.SetLabels(labels); err != nil {
			return fault.Wrap(fault.Broken, err, "%s %s: labels", r.GetKind(), r.GetName())
		}
	}
	return nil
}

func decode(in Input, m *mounts, result resmap.ResMap) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, r := range result.Resources() {
		if err := in.Files.Err(); err != nil {
			return nil, err
		}
		name := in.Dir + ": " + r.GetKind() + " " + r.GetName()
		data, err := asJSON(r.YNode())
		if err != nil {
			return nil, fault.Wrap(fault.Broken, err, "%s", name)
		}
		more, err := manifest.Decoder{}.Decode(name, data)
		if err != nil {
			return nil, err
		}
		for _, o := range more {
			if err := m.finish(o); err != nil {
				return nil, err
			}
		}
		objects = append(objects, more...)
	}
	return objects, nil
}

// asJSON is what RNode.MarshalJSON says, without printing the node and parsing that in
// between, which takes four times as long.
func asJSON(node *yaml.Node) ([]byte, error) {
	var object map[string]any
	if err := node.Decode(&object); err != nil {
		return nil, err
	}
	return json.Marshal(object)
}

// contents match the parts of Kustomize's messages that repeat what is in a
// file: a generator's literals and a patch may be secret.
var contents = regexp.MustCompile(strings.Join([]string{
	"(?s)with config: `.*`(?:: |$)",
	`\[patch: "(?:[^"\\]|\\.)*"\]`,
	`(?s)literal sources \[.*\]: `,
	`(?s)invalid literal source .*, expected`,
	`(?s)patch and path can't be set at the same time\n.*`,
	`(?s)has invalid utf8 bytes : .*`,
}, "|"))

func withoutContent(message string) string {
	return contents.ReplaceAllStringFunc(message, func(s string) string {
		switch {
		case strings.HasPrefix(s, "with config"):
			return "with config …: "
		case strings.HasPrefix(s, "[patch"):
			return "[patch …]"
		case strings.HasPrefix(s, "literal sources"):
			return "literal sources …: "
		case strings.HasPrefix(s, "invalid literal"):
			return "invalid literal source …, expected"
		case strings.HasPrefix(s, "patch and path"):
			return "patch and path can't be set at the same time"
		}
		return "has invalid utf8 bytes"
	})
}

func firstNonEmpty(lists ...[]string) []string {
	for _, l := range lists {
		if len(l) > 0 {
			return l
		}
	}
	return nil
}
