package signature

import (
	"evenkeel.dev/internal/fault"
)

const (
	// maxProblems is how many problems are told, as in Argo CD.
	maxProblems = 10
	// maxHistory is how many commits are looked at. Whoever has more has them sealed.
	maxHistory = 100_000
)

// history judges a commit and those before it. A commit with a good signature of an
// allowed key and the trailer Argocd-gpg-seal approves of everything before it.
//
// Argo CD looks for seals in the whole history first, on every comparison. Here
// the walk stops at them: it sees all that Argo CD judges, and more only where a way
// leads around a seal to what the seal approves of. So a history that has no
// problem on the way has none, and the rest is looked at only for one that has.
func (c *checker) history(head string) error {
	seen := map[string]bool{}
	var suspects []suspect
	var seals []string
	err := c.walk([]string{head}, seen, func(sha string, o object) bool {
		r := o.verify(c.keys, c.now)
		if why := c.policy.against(r); why != "" {
			suspects = append(suspects, suspect{sha, r})
		} else if o.seal {
			seals = append(seals, o.parents...)
			return false
		}
		return true
	})
	if err != nil || len(suspects) == 0 {
		return err
	}
	approved := map[string]bool{}
	if err := c.walk(seals, approved, func(string, object) bool { return true }); err != nil {
		return err
	}
	for _, s := range suspects {
		if !approved[s.sha] {
			c.judge("commit "+s.sha, s.result)
		}
	}
	return nil
}

// suspect is a commit that may be a problem.
type suspect struct {
	sha    string
	result Result
}

// walk visits commits once each, nearest first; those before one for which visit
// says false are left out.
func (c *checker) walk(from []string, seen map[string]bool, visit func(string, object) bool) error {
	queue := from
	for len(queue) > 0 {
		sha := queue[0]
		queue = queue[1:]
		if seen[sha] {
			continue
		}
		if len(seen) >= maxHistory {
			return fault.New(fault.Denied, "the history of %s has more than %d commits that nobody has sealed; make a signed commit with the trailer Argocd-gpg-seal", from[0], maxHistory)
		}
		seen[sha] = true
		o, err := c.commit(sha)
		if err != nil {
			return err
		}
		if visit(sha, o) {
			queue = append(queue, o.parents...)
		}
	}
	return nil
}
