package project

import (
	"regexp"
	"strings"

	"evenkeel.dev/internal/resource"
)

// sshURL is Argo CD's idea of a repository that is reached by SSH.
var sshURL = regexp.MustCompile(`^(ssh://)?[^/:]*@[^@]+$`)

// dotSegment is a path segment that whoever fetches the URL resolves away, so
// that a glob for one place would permit another.
var dotSegment = regexp.MustCompile(`(?i)(^|/)(\.|%2e){1,2}(/|\?|#|$)`)

// CheckSource says whether the project permits a repository. In the globs of
// sourceRepos "*" stands for one path segment and "**" for any number, except
// that a lone "*" permits every repository.
func (r *Rules) CheckSource(repoURL string) error {
	repo := normalize(repoURL)
	shown := resource.WithoutCredentials(strings.TrimSpace(repoURL))
	if dotSegment.MatchString(repo) {
		return r.refuse("repository %s has a path segment of dots, behind which every repository of its host could stand", shown)
	}
	permitted := false
	for i, source := range r.sources {
		if source.denies(repo) {
			return r.refuse("repository %s is denied by spec.sourceRepos[%d] (%s)", shown, i, r.spec.SourceRepos[i])
		}
		permitted = permitted || source.matches(repo)
	}
	if !permitted {
		return r.refuse("repository %s is not in spec.sourceRepos", shown)
	}
	return nil
}

func sourcePattern(text string) pattern {
	if body, deny := strings.CutPrefix(text, "!"); deny {
		return newPattern("!"+normalize(body), '/')
	}
	return newPattern(normalize(text), '/')
}

// normalize makes the spellings of one repository equal, as Argo CD does:
// case, ".git", and git@host:path for ssh://git@host/path.
func normalize(repoURL string) string {
	repo := strings.ToLower(strings.TrimSpace(repoURL))
	if sshURL.MatchString(repo) && !strings.HasPrefix(repo, "ssh://") {
		repo = strings.Replace(repo, ":", "/", 1)
	}
	repo = strings.TrimSuffix(repo, ".git")
	return strings.TrimPrefix(repo, "ssh://")
}
