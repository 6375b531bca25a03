package application

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
)

// render makes sure that the rendering is that of the revision. When it cannot be
// made, the last good one stays in force and nothing is pruned.
func (p *pass) render(ctx context.Context) outcome {
	have := p.s.rendering
	want := inputs{revision: p.revision, spec: p.digest(have)}
	if have != nil && have.spec == want.spec && have.checked == want.revision {
		return p.use(have)
	}
	if p.s.failure != nil && p.s.failed == want {
		return p.unrendered(p.s.failure)
	}
	made, err := p.renew(ctx, have, want)
	if ctx.Err() != nil {
		return wait
	}
	if err != nil {
		if !fault.KindOf(err).Transient() {
			p.s.failure, p.s.failed = err, want
		} else {
			p.passing()
		}
		return p.unrendered(err)
	}
	p.s.failure, p.s.failed = nil, inputs{}
	if made != have {
		p.adopt(made)
	}
	return p.use(made)
}

func (p *pass) use(r *rendering) outcome {
	p.conditions = append(p.conditions, r.conditions...)
	return proceed
}

// unrendered tells why, and goes on with the last good rendering if there is one.
func (p *pass) unrendered(err error) outcome {
	p.condition(fault.KindOf(err).Condition(), "revision "+short(p.revision)+": "+err.Error())
	p.broken = true
	if p.s.rendering == nil {
		return halt
	}
	return proceed
}

// adopt puts a new rendering in force.
func (p *pass) adopt(r *rendering) {
	p.s.rendering = r
	for _, other := range p.c.claims.set(p.s.instance, r.claims) {
		p.c.wakeInstance(other)
	}
	p.c.setKinds(p.s, r)
	p.c.o.View.TreeChanged(p.key.Namespace, p.key.Name)
}

// renew is the rendering for want: the one there is, if nothing that it read has
// changed, else a new one.
func (p *pass) renew(ctx context.Context, have *rendering, want inputs) (*rendering, error) {
	tree, err := p.c.o.Trees.Tree(ctx, p.repo, want.revision)
	if err != nil {
		return nil, err
	}
	if have != nil && have.spec == want.spec {
		same, err := have.reads.StillHolds(tree)
		if err == nil && same {
			have.checked = want.revision
			return have, nil
		}
	}
	made, err := p.make(ctx, tree, want)
	if err != nil {
		return nil, err
	}
	made.checked = want.revision
	if last := p.app.Status.Sync.Revision; have == nil && last != "" && last != want.revision {
		// After a restart: the revision shown is the last that changed something.
		if old, err := p.c.o.Trees.Tree(ctx, p.repo, last); err == nil {
			if same, err := made.reads.StillHolds(old); err == nil && same {
				made.revision = last
			}
		}
	}
	return made, nil
}

// make renders a tree.
func (p *pass) make(ctx context.Context, tree trace.Tree, want inputs) (*rendering, error) {
	select {
	case p.c.renders <- struct{}{}:
		defer func() { <-p.c.renders }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	traced := trace.New(tree)
	out, err := render.Render(ctx, p.request(traced, want.revision))
	if err != nil {
		return nil, err
	}
	reads, err := traced.ReadSet()
	if err != nil {
		return nil, err
	}
	r := &rendering{inputs: want, reads: reads, sourceType: out.SourceType}
	for _, field := range out.Unsupported {
		r.conditions = append(r.conditions, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ConditionUnsupportedFieldWarning, Message: field,
		})
	}
	for _, w := range out.Warnings {
		r.conditions = append(r.conditions, v1alpha1.ApplicationCondition{Type: v1alpha1.ConditionExcludedResourceWarning, Message: w})
	}
	state, err := p.desire(out)
	if err != nil {
		return nil, err
	}
	r.conditions = append(r.conditions, state.Conditions...)
	if n := len(state.Hooks); n > 0 {
		r.conditions = append(r.conditions, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ConditionUnsupportedFieldWarning, Message: hooksMessage(state.Hooks),
		})
	}
	respect := p.options()["RespectIgnoreDifferences"] == "true"
	for _, o := range state.Objects {
		pointers := diff.Pointers(p.app.Spec.IgnoreDifferences, o.Key)
		pointers = append(pointers, diff.Pointers(p.settings.IgnoreDifferences, o.Key)...)
		r.claims = append(r.claims, newClaim(p.s.instance, o, pointers, respect))
	}
	r.spec = p.digest(r)
	return r, nil
}

func hooksMessage(hooks []desired.Object) string {
	return fmt.Sprintf("hooks are not run yet and were left out: %s, %d in all", hooks[0].Key.Human(), len(hooks))
}

func (p *pass) desire(out render.Result) (desired.State, error) {
	kinds := p.c.kinds()
	state, err := desired.Build(desired.Input{
		Objects: out.Objects, App: p.s.instance, Namespace: p.app.Spec.Destination.Namespace, Self: p.self(),
		Scope: func(gk schema.GroupKind) (bool, bool) {
			kind, ok := kinds.Preferred(gk)
			return kind.Namespaced, ok
		},
		Excluded: func(gk schema.GroupKind) bool { return excluded(p.settings, gk) },
	})
	if err != nil {
		return desired.State{}, err
	}
	for _, o := range state.Objects {
		object := project.Object{Kind: o.Key.GroupKind(), Name: o.Key.Name, Namespace: o.Key.Namespace}
		if err := p.rules.CheckObject(object, p.app.Spec.Destination); err != nil {
			return desired.State{}, err
		}
	}
	return state, nil
}

// self is the key of the Application itself, which may be among its own objects.
func (p *pass) self() resource.Key {
	return resource.Key{Group: v1alpha1.GroupVersion.Group, Kind: "Application", Namespace: p.app.Namespace, Name: p.app.Name}
}

// options are the Application's sync options.
func (p *pass) options() resource.Options {
	if p.app.Spec.SyncPolicy == nil {
		return nil
	}
	return resource.ParseOptions(p.app.Spec.SyncPolicy.SyncOptions...)
}

// request is the rendering request at a revision.
func (p *pass) request(tree fs.FS, revision string) render.Request {
	s := p.settings
	return render.Request{
		FS: tree, Source: &p.source, AppName: p.s.instance, AppNamespace: p.app.Spec.Destination.Namespace,
		Project: projectOf(p.app), Revision: revision,
		KubeVersion: p.c.kube, APIVersions: p.c.kinds().APIVersions(),
		Options: render.Options{
			MaxCombinedManifestsSize: s.MaxCombinedDirectoryManifestsSize,
			HelmDisabled:             !s.HelmEnabled,
			KustomizeDisabled:        !s.KustomizeEnabled,
			KustomizeBuildOptions:    s.KustomizeBuildOptions,
			HelmValuesFileSchemes:    s.HelmValuesFileSchemes,
		},
	}
}

// digest identifies everything but the repository's content that a rendering
// depends on. Only charts look at what the cluster serves, so a new kind renders
// no plain directory anew, unless objects of it are among have's.
func (p *pass) digest(have *rendering) string {
	req := p.request(nil, "")
	if have != nil && have.sourceType != v1alpha1.SourceTypeHelm {
		req.APIVersions = p.scopes(have)
	}
	h := sha256.New()
	for _, part := range []any{
		p.source, p.app.Spec.IgnoreDifferences, p.options(), p.app.Spec.Destination, p.project.Spec,
		req.AppName, req.Project, req.KubeVersion, strings.Join(req.APIVersions, " "), req.Options, p.settings.IgnoreDifferences,
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
func (p *pass) scopes(have *rendering) []string {
	var out []string
	for _, x := range have.claims {
		if x.object.ScopeKnown {
			continue
		}
		if kind, ok := p.c.kinds().Preferred(x.object.Key.GroupKind()); ok {
			out = append(out, kind.GVK.String())
		}
	}
	return out
}
