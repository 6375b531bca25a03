package application

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/integrity"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/pin"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
)

// unsignedObjects is a store of objects of which none is signed. It notes what it was asked for.
type unsignedObjects struct {
	err   error
	asked []string
}

func (u *unsignedObjects) RawCommit(_ context.Context, repo source.Repository, sha string) ([]byte, error) {
	u.asked = append(u.asked, repo.URL+"@"+sha)
	return []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n"), u.err
}

func (u *unsignedObjects) RawTag(_ context.Context, repo source.Repository, tag, _, _ string) ([]byte, error) {
	u.asked = append(u.asked, repo.URL+"@"+tag)
	return []byte("object 763c8365da696a1d722570256232c8a84b473747\ntype commit\ntag v\ntagger A <a@b> 1 +0000\n\nm\n"), u.err
}

// verifying is a pass of an Application with a Git source a, whose tag v leads to a1, a
// chart b and values c, all rendered at commits that were looked at later.
func verifying(objects *unsignedObjects, project v1alpha1.AppProjectSpec) *pass {
	c := &Controller{checker: integrity.New(integrity.Options{Objects: objects, Log: slog.New(slog.DiscardHandler)})}
	c.o.Credentials = func(_ settings.Snapshot, url, _ string) (source.Repository, error) {
		if url == "locked" {
			return source.Repository{}, fault.New(fault.Unavailable, "no credentials")
		}
		return source.Repository{URL: url}, nil
	}
	app := &v1alpha1.Application{}
	app.Spec.Sources = []v1alpha1.ApplicationSource{{RepoURL: "a"}, {RepoURL: "https://b", Chart: "b"}, {RepoURL: "c", Ref: "values"}}
	p := &pass{c: c, s: &appState{}, app: app, origin: resource.OriginOf(&app.Spec), project: &v1alpha1.AppProject{Spec: project}}
	p.repos, _ = p.repositories(p.origin)
	p.s.rendering = &rendering.Rendering{Origin: p.origin.At([]string{"a0", "1.0.0", "c0"}), Checked: []string{"a1", "1.0.0", "c1"}}
	p.targets = []repository.State{{Revision: "a1", Tag: repository.Tag{ID: "v", Ref: "refs/tags/v"}}, {Revision: "1.0.0"}, {Revision: "c2"}}
	return p
}

var demanding = v1alpha1.AppProjectSpec{SignatureKeys: []v1alpha1.SignatureKey{{KeyID: "0123456789ABCDEF"}}} //nolint:gochecknoglobals // never changed

// TestVerify: what is asked for is what was looked at last, a tag before the commit that
// it was found under, values too and charts not.
func TestVerify(t *testing.T) {
	objects := &unsignedObjects{}
	p := verifying(objects, demanding)
	if out := p.verify(t.Context()); out != proceed {
		t.Errorf("outcome %v: what is refused is shown", out)
	}
	if want := []string{"a@v", "c@c1"}; !slices.Equal(objects.asked, want) {
		t.Errorf("asked for %q, want %q", objects.asked, want)
	}
	var told []string
	for _, c := range p.conditions {
		if c.Type == v1alpha1.ConditionComparisonError {
			told = append(told, c.Message)
		}
	}
	want := []string{"source integrity: tag v by A <a@b> is not signed", "source integrity: commit c1 by A <a@b> is not signed"}
	if !slices.Equal(told, want) || !slices.Equal(p.s.against, want) {
		t.Errorf("conditions %q, kept %q, want %q", told, p.s.against, want)
	}
	if got, want := p.refusal(), refusedBecause+strings.Join(want, "; "); got != want {
		t.Errorf("refusal %q, want %q", got, want)
	}
}

func TestVerifyNothing(t *testing.T) {
	objects := &unsignedObjects{}
	p := verifying(objects, v1alpha1.AppProjectSpec{})
	p.s.rendering.Origin.Sources = []v1alpha1.ApplicationSource{{RepoURL: "locked"}}
	if p.verify(t.Context()); p.refusal() != "" || len(p.conditions) > 0 || len(objects.asked) > 0 {
		t.Errorf("a project that demands nothing: refusal %q, conditions %v, asked for %q", p.refusal(), p.conditions, objects.asked)
	}
}

// TestVerifyCannot: what cannot be found out is no consent, and is tried again if it may pass.
func TestVerifyCannot(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		change  func(*pass, *unsignedObjects)
		again   bool
		message string
	}{
		{"the mirror does not answer", func(_ *pass, o *unsignedObjects) { o.err = fault.New(fault.Unavailable, "away") }, true, "away"},
		{"it is broken", func(_ *pass, o *unsignedObjects) { o.err = errors.New("damaged") }, false, "damaged"},
		{"no credentials for what is in force", func(p *pass, _ *unsignedObjects) {
			p.s.rendering.Origin.Sources = []v1alpha1.ApplicationSource{{RepoURL: "locked"}, {RepoURL: "https://b", Chart: "b"}, {RepoURL: "c"}}
		}, true, "no credentials"},
		{"nor for the sources", func(p *pass, _ *unsignedObjects) { p.repos = make([]source.Repository, len(p.repos)) }, true, "not known"},
		{"another number of revisions", func(p *pass, _ *unsignedObjects) { p.s.rendering.Checked = []string{"a1"} }, false, "1 revisions of 3"},
	} {
		objects := &unsignedObjects{}
		p := verifying(objects, demanding)
		tc.change(p, objects)
		p.verify(t.Context())
		if !strings.Contains(p.refusal(), tc.message) || len(p.conditions) != 1 || len(p.s.against) != 1 || p.again > 0 != tc.again {
			t.Errorf("%s: refusal %q, conditions %v, again %v", tc.reason, p.refusal(), p.conditions, p.again)
		}
		p.operation = running(p.s.rendering.Origin)
		if !p.isCurrent(p.noted()) {
			continue
		}
		if _, err := p.target(t.Context()); !errors.Is(err, p.unread) {
			t.Errorf("%s: an operation goes on: %v", tc.reason, err)
		}
	}
}

// running is an automated sync to an origin.
func running(o resource.Origin) *v1alpha1.OperationState {
	op := &v1alpha1.OperationState{
		Phase:      v1alpha1.OperationRunning,
		Operation:  v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}, InitiatedBy: v1alpha1.OperationInitiator{Automated: true}},
		SyncResult: &v1alpha1.SyncOperationResult{},
	}
	o.Note(op.SyncResult)
	return op
}

// TestOperationRefused: an operation to what is in force is for what speaks against that.
func TestOperationRefused(t *testing.T) {
	p := verifying(&unsignedObjects{}, demanding)
	p.verify(t.Context())
	p.operation = running(p.s.rendering.Origin)
	if _, err := p.target(t.Context()); err != nil || !slices.Equal(p.againstOp, p.against) || len(p.againstOp) == 0 {
		t.Errorf("against it %q, error %v, want %q", p.againstOp, err, p.against)
	}
}

// TestUnclearDemands: of a project that says two things nothing is rendered.
func TestUnclearDemands(t *testing.T) {
	policy := func(url string) *v1alpha1.SourceIntegrityGitPolicy {
		return &v1alpha1.SourceIntegrityGitPolicy{
			Repos: []v1alpha1.SourceIntegrityGitPolicyRepo{{URL: url}}, GPG: &v1alpha1.SourceIntegrityGitPolicyGPG{Mode: "head"},
		}
	}
	for urls, want := range map[string]bool{"a c": false, "a a": true, "https://b https://b": false} {
		git := &v1alpha1.SourceIntegrityGit{}
		for url := range strings.FieldsSeq(urls) {
			git.Policies = append(git.Policies, policy(url))
		}
		p := verifying(&unsignedObjects{}, v1alpha1.AppProjectSpec{SourceIntegrity: &v1alpha1.SourceIntegrity{Git: git}})
		if err := p.demands(); (err != nil) != want {
			t.Errorf("policies for %s: %v", urls, err)
		}
	}
}

// TestRefusedIsNoReason: what is refused neither supersedes a sync nor moves its retry, and
// changes no finalizer; a sync that was refused was no attempt.
func TestRefusedIsNoReason(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		p := verifying(&unsignedObjects{}, v1alpha1.AppProjectSpec{})
		p.app.Finalizers = []string{v1alpha1.FinalizerPreDelete}
		p.operation = running(p.origin.At([]string{"old", "1.0.0", "c0"}))
		if refuse {
			p.against = []string{"not signed"}
		}
		if got := p.superseded(); got == refuse {
			t.Errorf("refused %t: superseded %t", refuse, got)
		}
		if got := p.hookFinalizers(); (got == nil) != refuse {
			t.Errorf("refused %t: finalizers %q", refuse, got)
		}
		p.operation.Phase, p.operation.Message = v1alpha1.OperationFailed, "boom"
		if refuse {
			p.operation.Message = refused(p.against)
		}
		if got := p.attempt(); (got == nil) != refuse {
			t.Errorf("refused %t: attempt %v", refuse, got)
		}
	}
}

// TestTagOfAPin: a pin to what the target names is found under its tag, another is not.
func TestTagOfAPin(t *testing.T) {
	objects := &unsignedObjects{}
	p := verifying(objects, demanding)
	p.pin = &pin.Pin{Revisions: []string{"a0", "1.0.0", "c0"}}
	p.s.rendering.Checked = p.pin.Revisions
	p.verify(t.Context())
	if want := []string{"a@a0", "c@c0"}; !slices.Equal(objects.asked, want) {
		t.Errorf("asked for %q, want %q", objects.asked, want)
	}
}
