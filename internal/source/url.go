package source

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"evenkeel.dev/internal/resource"
)

// scpLike is Argo CD's test for SSH URLs, with and without ssh://; the user is
// what makes one (argo-cd.md §1.17).
var scpLike = regexp.MustCompile(`^(ssh://)?([^/:]*?)@[^@]+$`)

// NormalizeURL is the form in which repository URLs are compared, as Argo CD
// has it: lower case, without surrounding space, ".git" and "ssh://", and
// git@host:path written as git@host/path. What is no URL stays as it is.
//
// The result is for comparing only: lower case may not exist on the server.
func NormalizeURL(repo string) string {
	u, err := url.Parse(strings.TrimSuffix(withScheme(strings.ToLower(strings.TrimSpace(repo))), ".git"))
	if err != nil {
		return repo
	}
	normal := u.String()
	if normal == "" {
		return repo
	}
	return strings.TrimPrefix(normal, "ssh://")
}

// withScheme writes git@host:path as ssh://git@host/path.
func withScheme(repo string) string {
	if strings.HasPrefix(repo, "ssh://") || !scpLike.MatchString(repo) {
		return repo
	}
	return "ssh://" + strings.Replace(repo, ":", "/", 1)
}

// Host is the host that a repository URL names, in lower case and without port;
// empty when it names none. Registries are written without a scheme.
func Host(repo string) string {
	repo = withScheme(strings.TrimSpace(repo))
	if !strings.Contains(repo, "://") {
		repo = "//" + repo
	}
	u, err := url.Parse(repo)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

var query = regexp.MustCompile(`[?#].*$`)

// RedactURL is a URL without anything that may be a credential: its password
// and user (an SSH user without password stays, it is part of the address) and
// its query.
func RedactURL(repo string) string {
	if u, err := url.Parse(repo); err == nil && u.Scheme == "ssh" && u.User != nil {
		if _, has := u.User.Password(); !has {
			return query.ReplaceAllString(repo, "")
		}
	}
	return query.ReplaceAllString(RedactText(repo), "")
}

// RedactText is text without the user and password of any URL in it.
func RedactText(text string) string { return resource.WithoutCredentials(text) }

// Lines are those of a foreign text that are not empty, without the user and password of
// any URL, and without control characters.
func Lines(text string) []string {
	var lines []string
	for line := range strings.Lines(RedactText(text)) {
		line = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, strings.TrimSpace(line))
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
