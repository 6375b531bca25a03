package rendering

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/telemetry"
)

// Inputs identify a Rendering: for equal inputs it need not be made again.
type Inputs struct {
	// Revisions are those of the sources, in their order.
	Revisions []string
	// Spec is a digest of all that is not in the repositories: see Maker.Digest.
	Spec string
}

// Equal says whether two are the same.
func (i Inputs) Equal(j Inputs) bool {
	return i.Spec == j.Spec && slices.Equal(i.Revisions, j.Revisions)
}

// Rendering is what an Application desires at one revision of each of its sources.
type Rendering struct {
	// Origin is what it was made of, Spec the digest of all else: see Maker.Digest.
	Origin resource.Origin
	Spec   string
	// Checked are the newest revisions at which the rendering is known to be the same,
	// because nothing that it read has changed.
	Checked []string
	// Reads are what was read of the sources, in their order; of one with a ref, what the
	// others read of it as well.
	Reads []trace.ReadSet
	// SourceTypes are what the sources were found to be; empty for one that renders
	// nothing.
	SourceTypes []string
	Claims      []*claim.Claim
	// Hooks are the objects that run at points of a sync or of a deletion.
	Hooks      []desired.Object
	Conditions []v1alpha1.ApplicationCondition
	// Wants are what was fetched for it beyond the sources.
	Wants []cache.Wanted
	// OfRevision says of which sources the revision itself is in the rendering, OfAPIs
	// that what the cluster serves is.
	OfRevision []bool
	OfAPIs     bool
}

// Maker makes Renderings. It is safe for concurrent use.
type Maker struct {
	// Kinds is what the cluster serves, KubeVersion its version.
	Kinds       func() *cluster.Kinds
	KubeVersion func() string
	// Cache renders what was not rendered before.
	Cache *cache.Cache
	// Metrics counts what is rendered; nil counts nothing.
	Metrics *telemetry.Metrics

	system ruleCache
}

// Request is the part of a Rendering's inputs that is not in the repository.
type Request struct {
	App *v1alpha1.Application
	// Instance is the Application's name in tracking ids.
	Instance string
	// Origin are the sources, and where one is made the revisions that the trees are of.
	Origin   resource.Origin
	Project  *v1alpha1.AppProject
	Rules    *project.Rules
	Settings settings.Snapshot
	// Fetcher gets what lies beyond the sources; nil gets nothing.
	Fetcher remote.Fetcher
	// Fresh renders also what was rendered before.
	Fresh bool
}

// Make renders the sources' trees, one for each.
func (m *Maker) Make(ctx context.Context, trees []trace.Tree, req Request) (*Rendering, error) {
	if len(trees) != len(req.Origin.Sources) || len(trees) != len(req.Origin.Revisions) {
		return nil, fault.New(fault.Internal, "%d trees and %d revisions of %d sources", len(trees), len(req.Origin.Revisions), len(req.Origin.Sources))
	}
	files := make([]*trace.FS, len(trees))
	for i, tree := range trees {
		files[i] = trace.New(tree)
	}
	out, err := m.renderAll(ctx, files, req)
	if err != nil {
		return nil, err
	}
	state, err := m.desire(out, req)
	if err != nil {
		return nil, err
	}
	if err := readInputs(files, state.Hooks); err != nil {
		return nil, err
	}
	r := &Rendering{
		Origin: req.Origin, Checked: req.Origin.Revisions, SourceTypes: out.types, Hooks: state.Hooks,
		Wants: out.wants, OfRevision: out.ofRevision, OfAPIs: out.ofAPIs,
	}
	for _, f := range files {
		reads, err := f.ReadSet()
		if err != nil {
			return nil, err
		}
		r.Reads = append(r.Reads, reads)
	}
	r.Conditions = append(out.conditions, state.Conditions...)
	rules, wrong := m.rules(req)
	r.Conditions = append(r.Conditions, wrong...)
	chosen := options(req.App)
	for _, o := range state.Objects {
		x := claim.New(req.Instance, o, rules(o), chosen.RespectIgnoreDifferences)
		own := chosen.Override(o.SyncOptions)
		x.NoValidate, x.Force, x.Sensitive = own.NoValidate, own.Force, req.Settings.SensitiveAnnotations
		x.NoMigration, x.MigrationManager = chosen.NoClientSideApplyMigration, req.App.Annotations[v1alpha1.AnnotationMigrationManager]
		r.Claims = append(r.Claims, x)
	}
	r.Spec = m.Digest(req, r)
	return r, nil
}

// StillHolds says whether the rendering is that of other trees of its sources too, which
// are of these revisions, because nothing that it read has changed.
func (r *Rendering) StillHolds(trees []trace.Tree, revisions []string) (bool, error) {
	if len(trees) != len(r.Reads) || len(trees) != len(revisions) {
		return false, nil
	}
	for i, reads := range r.Reads {
		if r.OfRevision[i] && revisions[i] != r.Origin.Revisions[i] {
			return false, nil
		}
		if same, err := reads.StillHolds(trees[i]); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// readInputs reads the files that hooks which run once per input name, so that a
// commit which changes one of them changes the rendering. They are of the source that
// the hook is from.
func readInputs(files []*trace.FS, hooks []desired.Object) error {
	readers := make([]inputs, len(files))
	for i, f := range files {
		readers[i] = inputs{f, map[string]struct{}{}}
	}
	for _, o := range hooks {
		if !bytes.Contains(o.JSON, []byte(v1alpha1.AnnotationInputs)) {
			continue
		}
		hook, err := o.Body()
		if err != nil {
			return err
		}
		patterns, err := once.Patterns(hook)
		if err != nil {
			return err
		}
		for _, pattern := range patterns {
			if err := readers[o.Source].read(pattern); err != nil {
				return fault.Wrap(fault.Broken, err, "%s: annotation %s: %q", o.Key.Human(), v1alpha1.AnnotationInputs, pattern)
			}
		}
	}
	return nil
}

// inputs reads files of a tree, each once however often it is named.
type inputs struct {
	files fs.FS
	seen  map[string]struct{}
}

func (in inputs) read(pattern string) error {
	return doublestar.GlobWalk(in.files, pattern, func(name string, _ fs.DirEntry) error {
		return fs.WalkDir(in.files, name, in.visit)
	})
}

func (in inputs) visit(path string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if _, again := in.seen[path]; again {
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	in.seen[path] = struct{}{}
	if d.IsDir() {
		return nil
	}
	_, err = fs.ReadFile(in.files, path)
	return err
}

func (m *Maker) desire(out rendered, req Request) (desired.State, error) {
	kinds := m.Kinds()
	state, err := desired.Build(desired.Input{
		Objects: out.objects, Sources: out.sources, App: req.Instance, Installation: req.Settings.InstallationID, Namespace: req.App.Spec.Destination.Namespace, Self: Self(req.App),
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

// Target is what a source wants of its repository: at revision, or where that is empty
// at its own target revision.
func Target(s v1alpha1.ApplicationSource, revision string) source.Target {
	return source.Target{Revision: cmp.Or(revision, s.TargetRevision), TagPrefix: s.TagPrefix, Chart: s.Chart, PassCredentials: s.Helm != nil && s.Helm.PassCredentials}
}

func options(app *v1alpha1.Application) resource.SyncOptions {
	if app.Spec.SyncPolicy == nil {
		return resource.SyncOptions{}
	}
	return resource.ReadSyncOptions(app.Spec.SyncPolicy.SyncOptions...)
}

// Digest identifies everything but the repository's content that a rendering
// depends on. Few but charts and plugins look at what the cluster serves, so a new kind renders
// no plain directory anew, unless objects of it are among have's; have may be nil.
func (m *Maker) Digest(req Request, have *Rendering) string {
	r := m.request(req)
	if have != nil && !have.OfAPIs {
		r.APIVersions = m.scopes(have)
	}
	rules := req.Project.Spec // of which these say nothing about objects
	rules.Roles, rules.SyncWindows = nil, nil
	h := sha256.New()
	for _, part := range []any{
		req.Origin.At(nil), req.App.Spec.IgnoreDifferences, options(req.App), req.App.Spec.Destination, rules,
		r.AppName, r.Project, r.KubeVersion, strings.Join(r.APIVersions, " "), r.Options, r.GeneratePaths, comparingOf(req.Settings), req.Settings.SensitiveAnnotations, req.Settings.InstallationID,
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
