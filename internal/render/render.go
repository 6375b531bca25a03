package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/helm"
	"evenkeel.dev/internal/render/kustomize"
	"evenkeel.dev/internal/render/plain"
	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

// DefaultMaxCombinedManifestsSize is Argo CD's limit for a directory, in bytes.
const DefaultMaxCombinedManifestsSize = 10 << 20

// Options are what an installation sets for all renderings. The zero value is
// Argo CD's default.
type Options struct {
	// MaxCombinedManifestsSize bounds a plain directory, in bytes; 0 means
	// DefaultMaxCombinedManifestsSize and less than 0 no bound.
	MaxCombinedManifestsSize int64
	// MaxReadBytes bounds what one rendering reads at all; 0 means tree.DefaultBudget.
	MaxReadBytes int64
	// HelmDisabled and KustomizeDisabled make sources of that kind plain
	// directories (helm.enable and kustomize.enable in argocd-cm).
	HelmDisabled      bool
	KustomizeDisabled bool
	// JsonnetDisabled passes over Jsonnet files (jsonnet.enable).
	JsonnetDisabled bool
	// KustomizeBuildOptions are the flags of kustomize.buildOptions.
	KustomizeBuildOptions string
	// KustomizeVersionOptions are the flags of kustomize.buildOptions.<version>, which
	// for a source that names the version replace those.
	KustomizeVersionOptions map[string]string
	// HelmValuesFileSchemes are the URL schemes that value files may have;
	// empty means http and https.
	HelmValuesFileSchemes []string
	// Plugins are the config management plugins that are declared.
	Plugins []v1alpha1.ConfigManagementPlugin
}

// Request is everything that a rendering depends on.
type Request struct {
	// FS is the repository's root at one revision. Symbolic links are its business.
	FS fs.FS
	// Source says where in FS and how; it is not changed.
	Source *v1alpha1.ApplicationSource
	// Refs are the trees of the Application's other sources by their ref, for
	// $ref/… value files.
	Refs map[string]fs.FS
	// Fetcher gets what is not in these trees; nil means that nothing can be had.
	Fetcher remote.Fetcher
	// Runner runs plugins; nil means that none can be run.
	Runner plugin.Runner `json:"-"`
	// GeneratePaths is the annotation manifest-generate-paths if it bounds what a
	// plugin gets of the tree; empty means all.
	GeneratePaths string
	// AppName is the Application's name, <namespace>_<name> outside the control
	// namespace (resource.AppInstance).
	AppName string
	// AppNamespace is the destination's namespace.
	AppNamespace string
	Project      string
	// Revision is the commit that FS shows.
	Revision string
	// KubeVersion and APIVersions are the target cluster's; empty means Helm's
	// own defaults.
	KubeVersion string
	APIVersions []string
	Options     Options
}

// Result is what was rendered.
type Result struct {
	// Objects in the order of the files or of the tool's output.
	Objects    []*unstructured.Unstructured
	SourceType string // one of v1alpha1.SourceType…
	// Warnings are for people: what was left out or is doubtful.
	Warnings []string
	// Unsupported are the options of the source that had no effect.
	Unsupported []string
	// OfRevision says that the revision itself is in the result, OfAPIVersions that the
	// cluster's APIs are: it is another one for others, whatever the files say.
	OfRevision    bool
	OfAPIVersions bool
}

// Render renders r.Source. On error the Result is empty: a half rendering must
// never be mistaken for a desired state.
func Render(ctx context.Context, r Request) (result Result, err error) {
	if r.Source == nil || r.FS == nil {
		return Result{}, fault.New(fault.Internal, "render: a request needs a source and a tree")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Broken, "%s in %q: the renderer panicked: %s", cmp.Or(result.SourceType, "rendering"), r.Source.Path, tree.Clip(fmt.Sprint(p)))
			result = Result{}
		}
	}()
	found, err := find(ctx, r)
	if err == nil {
		result.SourceType = found.sourceType // for the error if the tool panics
		result, err = found.run(ctx)
	}
	if err != nil {
		return Result{}, bounded(ctx, err)
	}
	result.SourceType = found.sourceType
	result.OfRevision, result.OfAPIVersions = found.uses.revision, found.uses.apis || found.sourceType == v1alpha1.SourceTypeHelm
	result.Warnings = firstOf(result.Warnings)
	return result, nil
}

// maxWarnings is how many warnings anyone would read.
const maxWarnings = 50

func firstOf(warnings []string) []string {
	if len(warnings) <= maxWarnings {
		return warnings
	}
	return append(slices.Clip(warnings[:maxWarnings]), fmt.Sprintf("and %d more", len(warnings)-maxWarnings))
}

// find settles what is to be rendered, and by what.
func find(ctx context.Context, r Request) (rendering, error) {
	f := rendering{Request: r, uses: &uses{}, files: tree.NewReader(ctx, r.FS, cmp.Or(r.Options.MaxReadBytes, tree.DefaultBudget))}
	var err error
	if f.dir, err = sourceDir(f.files, r.Source.Path); err != nil {
		return f, err
	}
	if f.source, err = withOverrides(f.files, f.dir, r.AppName, r.Source); err != nil {
		return f, err
	}
	if f.plugin, err = f.findPlugin(ctx); err != nil {
		return f, err
	}
	if f.plugin != "" {
		f.sourceType = v1alpha1.SourceTypePlugin
		return f, nil
	}
	f.sourceType, err = detect(f.files, f.dir, f.source, r.Options)
	return f, err
}

// rendering is a request whose source has been found and merged.
type rendering struct {
	Request
	files      *tree.Reader
	dir        string
	source     *v1alpha1.ApplicationSource
	sourceType string
	uses       *uses
	// plugin is the full name of the one that renders the source, if one does.
	plugin string
}

// uses is what a rendering looked at that is in no file.
type uses struct{ revision, apis bool }

func (u *uses) asked(variable string) {
	switch variable {
	case "ARGOCD_APP_REVISION", "ARGOCD_APP_REVISION_SHORT", "ARGOCD_APP_REVISION_SHORT_8":
		u.revision = true
	case "KUBE_API_VERSIONS":
		u.apis = true
	}
}

func (r rendering) run(ctx context.Context) (Result, error) {
	switch r.sourceType {
	case v1alpha1.SourceTypeHelm:
		return r.helm(ctx)
	case v1alpha1.SourceTypeKustomize:
		return r.kustomize(ctx)
	case v1alpha1.SourceTypePlugin:
		return r.generate(ctx)
	}
	return r.plain()
}

func (r rendering) plain() (Result, error) {
	in := plain.Input{
		Files: r.files, Dir: r.dir, MaxBytes: r.Options.MaxCombinedManifestsSize,
		JsonnetDisabled: r.Options.JsonnetDisabled, Env: r.env(),
	}
	if in.MaxBytes == 0 {
		in.MaxBytes = DefaultMaxCombinedManifestsSize
	}
	if r.source.Directory != nil {
		in.Directory = *r.source.Directory
	}
	out, err := plain.Render(in)
	return Result{Objects: out.Objects, Warnings: out.Warnings}, err
}

func (r rendering) kustomize(ctx context.Context) (Result, error) {
	in := kustomize.Input{
		Files:        r.files,
		Dir:          r.dir,
		BuildOptions: r.Options.KustomizeBuildOptions,
		Env:          r.env(),
		Fetcher:      r.Fetcher,
		Chart:        r.chart,
	}
	if r.source.Kustomize != nil {
		in.Kustomize = *r.source.Kustomize
		if own, ok := r.Options.KustomizeVersionOptions[in.Kustomize.Version]; ok {
			in.BuildOptions = own
		}
	}
	out, err := kustomize.Render(ctx, in)
	return Result{Objects: out.Objects, Warnings: out.Warnings, Unsupported: out.Unsupported}, err
}

func (r rendering) helm(ctx context.Context) (Result, error) {
	in := helm.Input{
		Files:       r.files,
		Dir:         r.dir,
		Refs:        r.Refs,
		AppName:     r.AppName,
		Namespace:   r.AppNamespace,
		KubeVersion: r.KubeVersion,
		APIVersions: r.APIVersions,
		Fetcher:     r.Fetcher,
		URLSchemes:  r.Options.HelmValuesFileSchemes,
		Env:         r.env(),
	}
	if r.source.Helm != nil {
		in.Helm = *r.source.Helm
	}
	out, err := helm.Render(ctx, in)
	return Result{Objects: out.Objects, Warnings: out.Warnings, Unsupported: out.Unsupported}, err
}

func (r rendering) env() buildenv.Env {
	return buildenv.Env{
		AppName:              r.AppName,
		AppNamespace:         r.AppNamespace,
		ProjectName:          r.Project,
		Revision:             r.Revision,
		SourceRepoURL:        r.source.RepoURL,
		SourcePath:           r.source.Path,
		SourceTargetRevision: r.source.TargetRevision,
		KubeVersion:          r.KubeVersion,
		KubeAPIVersions:      r.APIVersions,
		Asked:                r.uses.asked,
	}
}

// bounded gives err a kind if it has none, and a text that fits a condition beside the
// whole one.
func bounded(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fault.Wrap(fault.Unavailable, cause, "rendering stopped")
	}
	kind := fault.Broken
	if known, ok := errors.AsType[*fault.Error](err); ok {
		kind = known.Kind
	}
	return tree.Failure(kind, fault.Whole(err))
}
