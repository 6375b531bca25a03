package rendering

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
)

// Inputs identify a Rendering: for equal inputs it need not be made again.
type Inputs struct {
	Revision string
	// Spec is a digest of all that is not in the repository: see Maker.Digest.
	Spec string
}

// Rendering is what an Application desires at a revision.
type Rendering struct {
	Inputs
	// Checked is the newest revision at which the rendering is known to be the same,
	// because nothing that it read has changed.
	Checked    string
	Reads      trace.ReadSet
	SourceType string
	Claims     []*claim.Claim
	// Hooks are the objects that run at points of a sync or of a deletion.
	Hooks      []desired.Object
	Conditions []v1alpha1.ApplicationCondition
}

// Maker makes Renderings. It is safe for concurrent use.
type Maker struct {
	// Kinds is what the cluster serves, KubeVersion its version.
	Kinds       func() *cluster.Kinds
	KubeVersion func() string
	// Render is render.Render, here or in a process of its own.
	Render func(context.Context, render.Request) (render.Result, error)
	// Slots bounds how many renderings are made at once: they take a core each.
	Slots chan struct{}
}

// Request is the part of a Rendering's inputs that is not in the repository.
type Request struct {
	App *v1alpha1.Application
	// Instance is the Application's name in tracking ids.
	Instance string
	Source   v1alpha1.ApplicationSource
	Project  *v1alpha1.AppProject
	Rules    *project.Rules
	Settings settings.Snapshot
}

// Make renders a tree.
func (m *Maker) Make(ctx context.Context, tree trace.Tree, req Request, revision string) (*Rendering, error) {
	select {
	case m.Slots <- struct{}{}:
		defer func() { <-m.Slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	traced := trace.New(tree)
	out, err := m.Render(ctx, m.request(traced, req, revision))
	if err != nil {
		return nil, err
	}
	state, err := m.desire(out, req)
	if err != nil {
		return nil, err
	}
	if err := readInputs(traced, state.Hooks); err != nil {
		return nil, err
	}
	reads, err := traced.ReadSet()
	if err != nil {
		return nil, err
	}
	r := &Rendering{
		Inputs: Inputs{Revision: revision}, Checked: revision, Reads: reads, SourceType: out.SourceType, Hooks: state.Hooks,
	}
	for _, field := range out.Unsupported {
		r.warn(v1alpha1.ConditionUnsupportedFieldWarning, field)
	}
	for _, w := range out.Warnings {
		r.warn(v1alpha1.ConditionExcludedResourceWarning, w)
	}
	r.Conditions = append(r.Conditions, state.Conditions...)
	chosen := options(req.App)
	for _, o := range state.Objects {
		ignored := diff.Pointers(req.App.Spec.IgnoreDifferences, o.Key)
		ignored = append(ignored, diff.Pointers(req.Settings.IgnoreDifferences, o.Key)...)
		x := claim.New(req.Instance, o, ignored, chosen.RespectIgnoreDifferences)
		x.NoValidate = chosen.Override(o.SyncOptions).NoValidate
		r.Claims = append(r.Claims, x)
	}
	r.Spec = m.Digest(req, r)
	return r, nil
}

// readInputs reads the files that hooks which run once per input name, so that a
// commit which changes one of them changes the rendering.
func readInputs(files *trace.FS, hooks []desired.Object) error {
	for _, o := range hooks {
		if !bytes.Contains(o.JSON, []byte(v1alpha1.AnnotationInputs)) {
			continue
		}
		hook := &unstructured.Unstructured{}
		if err := utiljson.Unmarshal(o.JSON, &hook.Object); err != nil {
			return err
		}
		patterns, err := once.Patterns(hook)
		if err != nil {
			return err
		}
		for _, pattern := range patterns {
			if err := readMatches(files, pattern); err != nil {
				return fault.Wrap(fault.Broken, err, "%s: annotation %s: %q", o.Key.Human(), v1alpha1.AnnotationInputs, pattern)
			}
		}
	}
	return nil
}

func readMatches(files fs.FS, pattern string) error {
	names, err := doublestar.Glob(files, pattern)
	if err != nil {
		return err
	}
	for _, name := range names {
		err := fs.WalkDir(files, name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			_, err = fs.ReadFile(files, path)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Rendering) warn(t v1alpha1.ConditionType, message string) {
	r.Conditions = append(r.Conditions, v1alpha1.ApplicationCondition{Type: t, Message: message})
}

func (m *Maker) desire(out render.Result, req Request) (desired.State, error) {
	kinds := m.Kinds()
	state, err := desired.Build(desired.Input{
		Objects: out.Objects, App: req.Instance, Installation: req.Settings.InstallationID, Namespace: req.App.Spec.Destination.Namespace, Self: Self(req.App),
		Scope: func(gk schema.GroupKind) (bool, bool) {
			kind, ok := kinds.Preferred(gk)
			return kind.Namespaced, ok
		},
		Excluded: func(gk schema.GroupKind) bool { return Excluded(req.Settings, gk) },
	})
	if err != nil {
		return desired.State{}, err
	}
	for _, list := range [...][]desired.Object{state.Objects, state.Hooks} {
		for _, o := range list {
			object := project.Object{Kind: o.Key.GroupKind(), Name: o.Key.Name, Namespace: o.Key.Namespace}
			if err := req.Rules.CheckObject(object, req.App.Spec.Destination); err != nil {
				return desired.State{}, err
			}
		}
	}
	return state, nil
}

// Self is the key of an Application itself, which may be among its own objects.
func Self(app *v1alpha1.Application) resource.Key {
	return resource.Key{Group: v1alpha1.GroupVersion.Group, Kind: "Application", Namespace: app.Namespace, Name: app.Name}
}

// Excluded says whether the settings exclude a kind from the cluster.
func Excluded(s settings.Snapshot, gk schema.GroupKind) bool {
	return s.Resources.Excluded(gk.Group, gk.Kind, v1alpha1.InClusterServer)
}

// ProjectOf is the name of an Application's project.
func ProjectOf(app *v1alpha1.Application) string {
	if app.Spec.Project == "" {
		return v1alpha1.DefaultProject
	}
	return app.Spec.Project
}

func options(app *v1alpha1.Application) resource.SyncOptions {
	if app.Spec.SyncPolicy == nil {
		return resource.SyncOptions{}
	}
	return resource.ReadSyncOptions(app.Spec.SyncPolicy.SyncOptions...)
}

// request is the rendering request at a revision.
func (m *Maker) request(tree fs.FS, req Request, revision string) render.Request {
	s := req.Settings
	return render.Request{
		FS: tree, Source: &req.Source, AppName: req.Instance, AppNamespace: req.App.Spec.Destination.Namespace,
		Project: ProjectOf(req.App), Revision: revision,
		KubeVersion: m.KubeVersion(), APIVersions: m.Kinds().APIVersions(),
		Options: render.Options{
			MaxCombinedManifestsSize: s.MaxCombinedDirectoryManifestsSize,
			HelmDisabled:             !s.HelmEnabled,
			KustomizeDisabled:        !s.KustomizeEnabled,
			JsonnetDisabled:          !s.JsonnetEnabled,
			KustomizeBuildOptions:    s.KustomizeBuildOptions,
			HelmValuesFileSchemes:    s.HelmValuesFileSchemes,
		},
	}
}

// Digest identifies everything but the repository's content that a rendering
// depends on. Only charts look at what the cluster serves, so a new kind renders
// no plain directory anew, unless objects of it are among have's; have may be nil.
func (m *Maker) Digest(req Request, have *Rendering) string {
	r := m.request(nil, req, "")
	if have != nil && have.SourceType != v1alpha1.SourceTypeHelm {
		r.APIVersions = m.scopes(have)
	}
	rules := req.Project.Spec // of which these say nothing about objects
	rules.Roles, rules.SyncWindows = nil, nil
	h := sha256.New()
	for _, part := range []any{
		req.Source, req.App.Spec.IgnoreDifferences, options(req.App), req.App.Spec.Destination, rules,
		r.AppName, r.Project, r.KubeVersion, strings.Join(r.APIVersions, " "), r.Options, req.Settings.IgnoreDifferences, req.Settings.InstallationID,
	} {
		b, err := json.Marshal(part)
		if err != nil {
			b = fmt.Append(nil, err)
		}
		_, _ = h.Write(b) // a hash takes every byte
	}
	return hex.EncodeToString(h.Sum(nil))
}

// scopes are the kinds whose scope was not known when have was made, and is now.
func (m *Maker) scopes(have *Rendering) []string {
	var out []string
	for _, x := range have.Claims {
		if x.Object.ScopeKnown {
			continue
		}
		if kind, ok := m.Kinds().Preferred(x.Object.Key.GroupKind()); ok {
			out = append(out, kind.GVK.String())
		}
	}
	return out
}
