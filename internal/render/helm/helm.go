package helm

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"helm.sh/helm/v4/pkg/chart/common"
	valuesutil "helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/version"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

// maxReleaseName is Helm's limit, in bytes.
const maxReleaseName = 53

// Input is what to render.
type Input struct {
	Files *tree.Reader
	// Dir is the chart's tree path.
	Dir  string
	Helm v1alpha1.ApplicationSourceHelm
	// NameTemplate, if set, is a template whose output is the release's name.
	NameTemplate string
	// BaseValues are files of values that count less than all that Helm says, each
	// more than those before it.
	BaseValues [][]byte
	// SkipHooks leaves hooks out.
	SkipHooks bool
	// Refs are the trees that $name/… value files come from.
	Refs map[string]fs.FS
	// AppName is the release's name if Helm sets none.
	AppName string
	// Namespace is the release's namespace if Helm sets none.
	Namespace string
	// KubeVersion is the cluster's version if Helm sets none; empty for Helm's default.
	KubeVersion string
	// APIVersions are the cluster's if Helm sets none; Helm's own come on top.
	APIVersions []string
	// Fetcher gets charts that it depends on, and value files at a URL.
	Fetcher remote.Fetcher
	// URLSchemes are those that value files may have; empty for http and https.
	URLSchemes []string
	Env        buildenv.Env
}

// Output is what was rendered.
type Output struct {
	Objects     []*unstructured.Unstructured
	Warnings    []string
	Unsupported []string
}

// Render renders the chart in in.Dir: custom resource definitions first, then
// the manifests in Helm's order of installation, then the hooks.
func Render(ctx context.Context, in Input) (Output, error) {
	r := &renderer{Input: in, ctx: ctx}
	if r.Fetcher == nil {
		r.Fetcher = remote.Nothing{}
	}
	if err := r.prepare(); err != nil {
		return Output{}, err
	}
	values, err := r.values()
	if err != nil {
		return Output{}, err
	}
	if err := r.load(); err != nil {
		return Output{}, err
	}
	files, err := r.template(values)
	if err != nil {
		return Output{}, err
	}
	if err := r.decode(files); err != nil {
		return Output{}, err
	}
	return r.out, nil
}

type renderer struct {
	Input
	ctx     context.Context //nolint:containedctx // a renderer is one rendering
	release common.ReleaseOptions
	caps    *common.Capabilities
	chart   *chart.Chart
	out     Output
	// way are the directories of the charts that are being loaded, each a dependency of
	// the one before.
	way []string
}

// prepare settles what the chart will see as .Release and .Capabilities.
func (r *renderer) prepare() error {
	name, err := r.templatedName()
	if err != nil {
		return err
	}
	if name = firstOf(name, r.Helm.ReleaseName); name == "" {
		name = r.AppName
		if _, bare, qualified := strings.Cut(name, "_"); qualified {
			name = bare
		}
	}
	if len(name) > maxReleaseName {
		return fault.New(fault.Invalid, "the release name %q has %d characters, Helm allows %d; set helm.releaseName", name, len(name), maxReleaseName)
	}
	if err := chartutil.ValidateReleaseName(name); err != nil {
		return fault.Wrap(fault.Invalid, err, "release name %q", name)
	}
	namespace := firstOf(r.Helm.Namespace, r.Namespace, "default")
	r.release = common.ReleaseOptions{Name: name, Namespace: namespace, Revision: 1, IsInstall: true}
	return r.capabilities()
}

// templatedName is the output of NameTemplate, made by the engine that charts get: Helm
// would let it read the environment.
func (r *renderer) templatedName() (string, error) {
	if r.NameTemplate == "" {
		return "", nil
	}
	const name = "nameTemplate"
	c := &chart.Chart{Metadata: &chart.Metadata{Name: name}, Templates: []*common.File{{Name: name, Data: []byte(r.NameTemplate)}}}
	out, err := engine.Engine{}.RenderWithContext(r.ctx, c, common.Values{"Values": common.Values{}})
	if err != nil {
		return "", fault.New(fault.Broken, "%s", withoutTemplateText(err.Error()))
	}
	return out[name+"/"+name], nil
}

func (r *renderer) capabilities() error {
	caps := common.DefaultCapabilities.Copy()
	if v := firstOf(r.Helm.KubeVersion, r.KubeVersion); v != "" {
		// As Argo CD: a vendor's suffix does not reach the chart.
		generic, err := version.ParseGeneric(v)
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "Kubernetes version %q", v)
		}
		parsed, err := common.ParseKubeVersion(generic.String())
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "Kubernetes version %q", v)
		}
		caps.KubeVersion = *parsed
	}
	apis := r.Helm.APIVersions
	if len(apis) == 0 {
		apis = r.APIVersions
	}
	// The default set is shared by everyone: never append to it.
	caps.APIVersions = slices.Concat(caps.APIVersions, common.VersionSet(apis))
	r.caps = caps
	return nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// template runs the chart's templates.
func (r *renderer) template(values map[string]any) (map[string]string, error) {
	if err := chartutil.ProcessDependencies(r.chart, values); err != nil {
		return nil, fault.Wrap(fault.Broken, err, "%s: dependencies", r.Dir)
	}
	if want := r.chart.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, r.caps.KubeVersion.String()) {
		return nil, fault.New(fault.Broken, "chart %s requires Kubernetes %s, the cluster is %s", r.chart.Name(), want, r.caps.KubeVersion.Version)
	}
	top, err := valuesutil.ToRenderValuesWithSchemaValidation(r.chart, values, r.release, r.caps, true)
	if err != nil {
		return nil, fault.Wrap(fault.Broken, err, "%s: values", r.Dir)
	}
	if !r.Helm.SkipSchemaValidation {
		if err := r.validate(top["Values"]); err != nil {
			return nil, err
		}
	}
	if err := r.Files.Err(); err != nil {
		return nil, err
	}
	files, err := engine.Engine{}.RenderWithContext(r.ctx, r.chart, top)
	if err != nil {
		return nil, fault.New(fault.Broken, "%s", explain(err.Error()))
	}
	return files, nil
}

// decode turns the engine's output into objects.
func (r *renderer) decode(files map[string]string) error {
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return fault.New(fault.Broken, "%s", explainOutput(err.Error()))
	}
	var docs []document
	if !r.Helm.SkipCrds {
		for _, crd := range r.chart.CRDObjects() {
			docs = append(docs, document{crd.Filename, string(crd.File.Data)})
		}
	}
	for _, m := range manifests {
		docs = append(docs, document{m.Name, m.Content})
	}
	if last := len(docs) - 1; last >= 0 {
		docs[last].content = strings.TrimRightFunc(docs[last].content, unicode.IsSpace)
	}
	for _, h := range hooks {
		if r.SkipHooks || r.Helm.SkipTests && slices.Contains(h.Events, release.HookTest) {
			continue
		}
		docs = append(docs, document{h.Path, h.Manifest})
	}
	for _, d := range docs {
		if utf8.ValidString(d.content) { // a byte more would tear UTF-16 apart
			d.content += "\n"
		}
		if err := r.objects(d.name, d.content); err != nil {
			return err
		}
	}
	return nil
}

// document is what helm template prints in one piece. It adds a line end to each and
// trims all of them up to the hooks, which block texts with |+, and those whose
// template ends without a line end, keep.
type document struct{ name, content string }

func (r *renderer) objects(name, content string) error {
	if err := r.Files.Err(); err != nil {
		return err
	}
	if err := r.Files.Spend(name, int64(len(content))); err != nil {
		return err
	}
	// Duplicate keys are an error to us and none to Helm; charts have them.
	decoder := manifest.Decoder{OnDuplicateKey: func(what string) { r.out.Warnings = append(r.out.Warnings, what) }}
	objects, err := decoder.Decode(name, []byte(content))
	r.out.Objects = append(r.out.Objects, objects...)
	return err
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
