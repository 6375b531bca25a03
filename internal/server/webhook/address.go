package webhook

import (
	"net/url"
	"strings"
)

// address is where a repository is, without what differs between the spellings of
// one: scheme, user, port, ".git" and case (argo-cd.md §5.13).
type address struct{ host, path string }

// parseAddress takes a URL, HOST/PATH, or USER@HOST:PATH as SSH has it. It is text
// of strangers, and nothing in it is a pattern (CVE-2026-44937).
func parseAddress(raw string) (address, bool) {
	if len(raw) > maxAddress {
		return address{}, false
	}
	rest := strings.ToLower(strings.TrimSpace(raw))
	_, after, hasScheme := strings.Cut(rest, "://")
	if hasScheme {
		rest = after
	}
	authority, path, _ := strings.Cut(rest, "/")
	user := strings.LastIndexByte(authority, '@')
	host, tail := splitHost(authority[user+1:])
	// What comes after a colon is a port if it can be; in git@host:path it never is.
	if tail != "" && (!digits(tail) || !hasScheme && user >= 0) {
		path = strings.TrimSuffix(tail+"/"+path, "/")
	}
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = strings.ToLower(plain)
	}
	path = strings.Trim(strings.TrimSuffix(strings.Trim(path, "/"), ".git"), "/")
	return address{host, path}, host != "" && path != ""
}

// splitHost cuts a host from what comes after its colon.
func splitHost(s string) (host, tail string) {
	if strings.HasPrefix(s, "[") { // an IPv6 address has colons of its own
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[:end+1], strings.TrimPrefix(s[end+1:], ":")
		}
	}
	host, tail, _ = strings.Cut(s, ":")
	return host, tail
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// is says whether a repository's own address means the one that an event has told.
// Some servers have SSH on a host of its own.
func (told address) is(repo address) bool { return told.path == repo.path && told.onHostOf(repo) }

// isBelow says whether what an event has told of is below a repository: a chart in
// a registry is at the repository's address and its own name.
func (told address) isBelow(repo address) bool {
	return strings.HasPrefix(told.path, repo.path+"/") && told.onHostOf(repo)
}

func (told address) onHostOf(repo address) bool {
	return told.host == repo.host || repo.host == "ssh."+told.host || repo.host == "altssh."+told.host
}
