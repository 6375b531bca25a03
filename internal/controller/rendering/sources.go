package rendering

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/telemetry"
)

// rendered is what came of all sources together.
type rendered struct {
	objects []*unstructured.Unstructured
	// sources are the positions of the sources that objects are from.
	sources    []int
	types      []string
	conditions []v1alpha1.ApplicationCondition
	// wants are what was fetched, ofRevision the sources whose revision is in what they
	// made, ofAPIs says that the cluster's APIs are in it.
	wants      []cache.Wanted
	ofRevision []bool
	ofAPIs     bool
}

// renderAll renders one source after the other. Their objects follow each other in the
// order of the sources, so that of two with one key that of the later source wins, as
// in Argo CD. One that fails fails all: a part would prune the rest.
func (m *Maker) renderAll(ctx context.Context, files []*trace.FS, req Request) (rendered, error) {
	refs := refsOf(files, req.Origin)
	var all rendered
	for i := range req.Origin.Sources {
		source := &req.Origin.Sources[i]
		if req.Origin.Listed && resource.RendersNothing(source) {
			all.types, all.ofRevision = append(all.types, ""), append(all.ofRevision, false)
			continue
		}
		r := m.request(req)
		r.Source, r.Revision, r.Fetcher = source, req.Origin.Revisions[i], req.Fetcher
		out, err := m.Cache.Render(ctx, cache.Trees{Main: files[i], Refs: refs}, r, req.Fresh)
		m.Metrics.Rendered(resultOf(out), 1)
		if err != nil {
			return rendered{}, inSource(req.Origin, i, err)
		}
		all.objects = append(all.objects, out.Objects...)
		all.sources = append(all.sources, slices.Repeat([]int{i}, len(out.Objects))...)
		all.types, all.ofRevision = append(all.types, out.SourceType), append(all.ofRevision, out.OfRevision)
		all.wants, all.ofAPIs = append(all.wants, out.Wants...), all.ofAPIs || out.OfAPIVersions
		for _, field := range out.Unsupported {
			all.warn(v1alpha1.ConditionUnsupportedFieldWarning, prefix(req.Origin, i)+field)
		}
		for _, w := range out.Warnings {
			all.warn(v1alpha1.ConditionExcludedResourceWarning, prefix(req.Origin, i)+w)
		}
	}
	return all, nil
}

// resultOf says whether it was rendered now, with success or not.
func resultOf(m cache.Made) string {
	if m.Known {
		return telemetry.RenderKnown
	}
	return telemetry.RenderRendered
}

func (r *rendered) warn(t v1alpha1.ConditionType, message string) {
	r.conditions = append(r.conditions, v1alpha1.ApplicationCondition{Type: t, Message: message})
}

// refsOf are the trees that value files may lie in by $ref/path. A chart lends none:
// admission refuses whoever wants one.
func refsOf(files []*trace.FS, o resource.Origin) map[string]*trace.FS {
	if !o.Listed {
		return nil
	}
	refs := map[string]*trace.FS{}
	for i, s := range o.Sources {
		if s.Ref != "" && s.Chart == "" {
			refs[s.Ref] = files[i]
		}
	}
	return refs
}

func inSource(o resource.Origin, i int, err error) error {
	if len(o.Sources) == 1 {
		return err
	}
	return fault.Keep(fault.Broken, err, "%s", SourceName(o, i))
}

func prefix(o resource.Origin, i int) string {
	if len(o.Sources) == 1 {
		return ""
	}
	return SourceName(o, i) + ": "
}

// SourceName is how a message calls one of several sources: by its name, or by its
// position from 1, as Argo CD's flags count.
func SourceName(o resource.Origin, i int) string {
	if name := o.Sources[i].Name; name != "" {
		return "source " + name
	}
	return fmt.Sprintf("source %d of %d", i+1, len(o.Sources))
}

// request is the part of the rendering requests that all sources have in common.
func (m *Maker) request(req Request) render.Request {
	s := req.Settings
	r := render.Request{
		AppName: req.Instance, AppNamespace: req.App.Spec.Destination.Namespace, Project: ProjectOf(req.App),
		KubeVersion: m.KubeVersion(), APIVersions: m.Kinds().APIVersions(),
		Options: render.Options{
			MaxCombinedManifestsSize: s.MaxCombinedDirectoryManifestsSize,
			HelmDisabled:             !s.HelmEnabled,
			KustomizeDisabled:        !s.KustomizeEnabled,
			JsonnetDisabled:          !s.JsonnetEnabled,
			KustomizeBuildOptions:    s.KustomizeBuildOptions,
			KustomizeVersionOptions:  s.KustomizeVersionOptions,
			HelmValuesFileSchemes:    s.HelmValuesFileSchemes,
			Plugins:                  s.Plugins,
		},
	}
	if s.PluginsUseGeneratePaths {
		r.GeneratePaths = req.App.Annotations[v1alpha1.AnnotationManifestGeneratePaths]
	}
	return r
}
