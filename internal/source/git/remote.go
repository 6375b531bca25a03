package git

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// maxURL is the longest repository URL, in bytes.
const maxURL = 2048

// scp is git@host:path. A user is demanded, as by Argo CD; nothing in it can be
// taken for an option or, "::", for a remote helper.
var scp = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._+@-]*@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9._-]*):([^-:/][^:]*|/[^:]*)$`)

var hostname = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*|[0-9A-Fa-f:.]+)$`)

// remote is a repository's address as git may be given it.
type remote struct {
	// url holds no user and password, except for ssh, where the user is part of the address.
	url    string
	scheme string
	// user and password are those that an http URL carried.
	user     string
	password string
}

// parseRemote refuses everything that is not one of the transports that are
// spoken: https, http, ssh (also as user@host:path) and file.
func parseRemote(raw string) (remote, error) {
	raw = strings.TrimSpace(raw)
	shown := source.RedactURL(raw)
	invalid := func(why string) (remote, error) {
		return remote{}, fault.New(fault.Invalid, "repository URL %q: %s", shown, why)
	}
	switch {
	case raw == "":
		return invalid("is empty")
	case len(raw) > maxURL:
		shown = shown[:min(len(shown), 64)] + "…"
		return invalid("is too long")
	case unprintable(raw):
		return invalid("holds a space, a control character or invalid UTF-8")
	}
	scheme, _, isURL := strings.Cut(raw, "://")
	if !isURL {
		if scp.MatchString(raw) {
			return remote{url: raw, scheme: "ssh"}, nil
		}
		return invalid("is neither a URL nor user@host:path")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return invalid("cannot be parsed")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return invalid("has a query or a fragment")
	}
	if strings.ContainsFunc(u.Path, unicode.IsControl) || !utf8.ValidString(u.Path) {
		return invalid("holds an encoded control character or invalid UTF-8")
	}
	switch strings.ToLower(scheme) {
	case "https", "http":
		return parseHTTP(u, invalid)
	case "ssh":
		return parseSSH(u, invalid)
	case "file":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || u.User != nil {
			return invalid("names a host; a file URL has three slashes")
		}
		return remote{url: "file://" + u.EscapedPath(), scheme: "file"}, nil
	}
	return invalid("transport is none of https, http, ssh and file")
}

func parseHTTP(u *url.URL, invalid func(string) (remote, error)) (remote, error) {
	if !hostname.MatchString(u.Hostname()) {
		return invalid("has no valid host")
	}
	r := remote{scheme: u.Scheme}
	if u.User != nil {
		r.user = u.User.Username()
		r.password, _ = u.User.Password()
	}
	u.User = nil
	u.Host = strings.ToLower(u.Host)
	r.url = u.String()
	return r, nil
}

func parseSSH(u *url.URL, invalid func(string) (remote, error)) (remote, error) {
	if !hostname.MatchString(u.Hostname()) {
		return invalid("has no valid host")
	}
	if strings.HasPrefix(u.User.Username(), "-") || unprintable(u.User.Username()) {
		return invalid("has no valid user")
	}
	if _, has := u.User.Password(); has {
		return invalid("has a password, which ssh does not take; use a key")
	}
	if len(u.Path) < 2 || strings.HasPrefix(u.Path, "/-") {
		return invalid("has no valid path")
	}
	u.Host = strings.ToLower(u.Host)
	return remote{url: u.String(), scheme: "ssh"}, nil
}

// key is what tells mirrors apart. The path keeps its case, which servers may
// tell apart, unlike source.NormalizeURL.
func (r remote) key() string { return strings.TrimSuffix(r.url, ".git") }

func unprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsControl(c) || unicode.IsSpace(c) || unicode.Is(unicode.Cf, c)
	})
}
