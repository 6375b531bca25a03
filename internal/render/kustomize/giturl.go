package kustomize

import (
	"net/url"
	"regexp"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// gitURL is what Kustomize takes for a directory of a Git repository.
type gitURL struct {
	// repo is for git to clone.
	repo string
	// dir is the tree path of the directory.
	dir string
	// ref is a branch, a tag or a commit; empty for the default branch.
	ref string
}

// errNoRepo is what is wrong with a URL that is merely too short for a repository's.
var errNoRepo = fault.New(fault.Invalid, "no repository is named")

// username is what Kustomize takes for the user of an address, as in git@host:path.
var username = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// parseGitURL reads the grammar of Kustomize's own parser (api/internal/git/repospec.go),
// which go-getter's once was: [git::]scheme://host/repo[//dir][?ref=…], user@host:repo,
// github.com/org/repo, with _git/, //, .git or else the second segment as the end of the
// repository's name. The query's timeout and submodules are the Fetcher's business.
func parseGitURL(written string) (gitURL, error) {
	if strings.ContainsFunc(written, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return gitURL{}, fault.New(fault.Invalid, "control characters in a URL")
	}
	address, query, _ := strings.Cut(written, "?")
	host, rest, err := splitHost(address)
	if err != nil {
		return gitURL{}, err
	}
	name, dir, ok := splitRepo(rest)
	if !ok || name == "" {
		return gitURL{}, errNoRepo
	}
	if dir, err = tree.Resolve("the directory", ".", strings.TrimPrefix(dir, "/")); err != nil {
		return gitURL{}, err
	}
	u := gitURL{repo: host + name, dir: dir}
	if values, err := url.ParseQuery(query); err == nil {
		if u.ref = values.Get("ref"); u.ref == "" {
			u.ref = values.Get("version")
		}
	}
	// git would take these for options (CVE-2017-1000117, CVE-2018-17456).
	_, afterUser, found := strings.Cut(host, "@")
	if !found {
		afterUser = host[strings.LastIndex(host[:len(host)-1], "/")+1:]
	}
	if strings.HasPrefix(u.ref, "-") || strings.HasPrefix(afterUser, "-") || strings.HasPrefix(name, "-") {
		return gitURL{}, fault.New(fault.Invalid, "a host, a repository and a ref do not begin with a dash")
	}
	return u, nil
}

// splitHost is the host of an address with all that stands before it and the
// separator behind it, and the rest.
func splitHost(address string) (host, rest string, err error) {
	address, _ = cutPrefixFold(address, "git::")
	var scheme string
	for _, s := range [...]string{"ssh://", "https://", "http://", "file://"} {
		if after, ok := cutPrefixFold(address, s); ok {
			scheme, address = s, after
			break
		}
	}
	if scheme == "file://" {
		return "", "", fault.New(fault.Invalid, "file:// is a repository of this machine")
	}
	user := username.FindString(address)
	address = address[len(user):]
	lower := strings.ToLower(address)
	github := strings.HasPrefix(lower, "github.com/") || strings.HasPrefix(lower, "github.com:")
	scp := scheme == "" && (user != "" || github)
	if scheme == "" && !scp {
		return "", "", fault.New(fault.Invalid, "only https, http and ssh can be fetched")
	}
	end := strings.IndexByte(address, '/')
	if colon := strings.IndexByte(address, ':'); scp && colon > 0 && (end < 0 || colon < end) {
		end = colon
	}
	if end <= 0 {
		return "", "", fault.New(fault.Invalid, "no host is named")
	}
	host, rest = address[:end+1], address[end+1:]
	switch {
	case !github:
		return scheme + user + host, rest, nil
	case user != "":
		return user + "github.com:", rest, nil
	case scheme == "ssh://":
		return "ssh://github.com/", rest, nil
	}
	return "https://github.com/", rest, nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// splitRepo tells a repository's name from the directory in it.
func splitRepo(p string) (name, dir string, ok bool) {
	const azure = "_git/" // one above the repository's own name
	if i := strings.Index(p, azure); i >= 0 {
		name, dir, _ = strings.Cut(p[i+len(azure):], "/")
		return p[:i+len(azure)] + name, dir, true
	}
	if name, dir, ok = strings.Cut(p, "//"); ok {
		return name, dir, true
	}
	if i := strings.Index(p, ".git"); i >= 0 {
		return p[:i+len(".git")], p[i+len(".git"):], true
	}
	parts := strings.SplitN(p, "/", 3)
	if len(parts) < 2 {
		return "", "", false
	}
	return parts[0] + "/" + parts[1], strings.Join(parts[2:], ""), true
}
