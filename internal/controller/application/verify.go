package application

import (
	"context"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/integrity"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// demands is why it is not clear what the project demands of the Application's
// sources, if so. Then nothing is rendered.
func (p *pass) demands() error {
	for _, s := range p.origin.Sources {
		repo := source.Repository{URL: s.RepoURL}.For(rendering.Target(s, ""))
		if err := (integrity.Question{Project: p.project, Repo: repo}).Clear(); err != nil {
			return err
		}
	}
	return nil
}

// verify asks whether the rendering in force is signed as the project demands. If not
// it is compared and shown all the same, as in Argo CD, and nothing of it is applied:
// see refusal.
func (p *pass) verify(ctx context.Context) outcome {
	p.against, p.unread = p.inForceSigned(ctx)
	if p.unread != nil {
		p.condition(v1alpha1.ConditionComparisonError, p.unread.Error())
		if fault.KindOf(p.unread).Transient() {
			p.passing()
		}
	}
	for _, problem := range p.against {
		p.condition(v1alpha1.ConditionComparisonError, problem)
	}
	p.c.mu.Lock() // for Plan, which is no pass
	p.s.against = p.against
	if p.unread != nil {
		p.s.against = []string{p.unread.Error()}
	}
	p.c.mu.Unlock()
	return proceed
}

// inForceSigned is what speaks against the commits that were looked at last: the
// rendering's own may be older ones with the same content.
func (p *pass) inForceSigned(ctx context.Context) ([]string, error) {
	r, repos := p.s.rendering, p.repos
	if !integrity.Demands(p.project) {
		return nil, nil
	}
	if !r.Origin.SameSources(p.origin) {
		var err error
		if repos, err = p.repositories(r.Origin); err != nil {
			return nil, err
		}
	}
	tags := make([]repository.Tag, len(repos))
	for i := range repos {
		if i < len(r.Checked) {
			tags[i] = p.tag(i, r.Checked[i])
		}
	}
	return p.signed(ctx, r.Checked, repos, tags)
}

// tag is the annotated tag that a commit of the i-th source was found under. It is known
// of what the target names now. Any other commit has to be signed itself, as in
// Argo CD.
func (p *pass) tag(i int, commit string) repository.Tag {
	if i < len(p.targets) && p.targets[i].Revision == commit {
		return p.targets[i].Tag
	}
	return repository.Tag{}
}

// signed is what speaks against commits of these repositories, by the project.
func (p *pass) signed(ctx context.Context, commits []string, repos []source.Repository, tags []repository.Tag) ([]string, error) {
	if len(commits) != len(repos) {
		return nil, fault.New(fault.Internal, "%d revisions of %d repositories", len(commits), len(repos))
	}
	var all []string
	for i, repo := range repos {
		problems, err := p.c.checker.Check(ctx, integrity.Question{
			Project: p.project, Repo: repo, Commit: commits[i], Tag: tags[i], Keys: p.settings.SignatureKeys,
		})
		if err != nil {
			return nil, err
		}
		for _, problem := range problems {
			if !slices.Contains(all, problem) {
				all = append(all, problem)
			}
		}
	}
	return all, nil
}

const refusedBecause = "refused by the project's rules for signatures: "

// refused is a refusal in words.
func refused(problems []string) string { return refusedBecause + strings.Join(problems, "; ") }

// refusal is why nothing of the rendering in force may be applied, empty if it may: what
// speaks against it, or that this cannot be found out.
func (p *pass) refusal() string {
	switch {
	case p.unread != nil:
		return refused([]string{p.unread.Error()})
	case len(p.against) > 0:
		return refused(p.against)
	}
	return ""
}

// attempt is the last operation, unless it was refused: what was never tried is to be
// tried when the project or the keys permit it.
func (p *pass) attempt() *v1alpha1.OperationState {
	if last := p.operation; last != nil && last.Phase == v1alpha1.OperationFailed && strings.HasPrefix(last.Message, refusedBecause) {
		return nil
	}
	return p.operation
}
