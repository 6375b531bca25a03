package remote

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

// Remote is a repository's address as git may be given it.
type Remote struct {
	// URL holds no user and password, except for ssh, where the user is part of the address.
	URL    string
	Scheme string
	// User and Password are those that an http URL carried.
	User     string
	Password string
}

// Parse refuses everything that is not one of the transports that are
// spoken: https, http, ssh (also as user@host:path) and file.
func Parse(raw string) (Remote, error) {
	raw = strings.TrimSpace(raw)
	shown := source.RedactURL(raw)
	invalid := func(why string) (Remote, error) {
		return Remote{}, fault.New(fault.Invalid, "repository URL %q: %s", shown, why)
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
			return Remote{URL: raw, Scheme: "ssh"}, nil
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
		return Remote{URL: "file://" + u.EscapedPath(), Scheme: "file"}, nil
	}
	return invalid("transport is none of https, http, ssh and file")
}

func parseHTTP(u *url.URL, invalid func(string) (Remote, error)) (Remote, error) {
	if !hostname.MatchString(u.Hostname()) {
		return invalid("has no valid host")
	}
	r := Remote{Scheme: u.Scheme}
	if u.User != nil {
		r.User = u.User.Username()
		r.Password, _ = u.User.Password()
	}
	u.User = nil
	u.Host = strings.ToLower(u.Host)
	r.URL = u.String()
	return r, nil
}

func parseSSH(u *url.URL, invalid func(string) (Remote, error)) (Remote, error) {
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
	return Remote{URL: u.String(), Scheme: "ssh"}, nil
}

// OverHTTP says whether it is spoken to by https or http.
func (r Remote) OverHTTP() bool { return r.Scheme == "http" || r.Scheme == "https" }

// Key is what tells mirrors apart. The path keeps its case, which servers may
// tell apart, unlike source.NormalizeURL.
func (r Remote) Key() string { return strings.TrimSuffix(r.URL, ".git") }

// Port is the port, or that of the scheme; empty for a file.
func (r Remote) Port() string { return Port(r.URL, r.Scheme) }

// Server is the scheme, the host and the port. Credentials for one repository of a
// server are good for the others.
func (r Remote) Server() string { return r.Scheme + " " + source.Host(r.URL) + " " + r.Port() }

// Leads says whether a redirect from r to another place stays with the server, or
// leads from its http to its https.
func (r Remote) Leads(to Remote) bool {
	if source.Host(r.URL) != source.Host(to.URL) {
		return false
	}
	return r.Server() == to.Server() || r.Scheme == "http" && to.Scheme == "https"
}

// SSH is what follows the options of ssh to connect to an address of that scheme, and
// the repository's path there.
func (r Remote) SSH() (destination []string, path string) {
	if u, err := url.Parse(r.URL); err == nil && u.Scheme == "ssh" {
		if u.Port() != "" {
			destination = append(destination, "-p", u.Port())
		}
		host := u.Hostname()
		if u.User.Username() != "" {
			host = u.User.Username() + "@" + host
		}
		return append(destination, "--", host), u.Path
	}
	// user@host:path or user@[address]:path
	at := strings.Index(r.URL, "]:") + 1
	at += strings.Index(r.URL[at:], ":")
	return []string{"--", strings.NewReplacer("[", "", "]", "").Replace(r.URL[:at])}, r.URL[at+1:]
}

// ports are those of schemes, of proxies too.
var ports = map[string]string{"http": "80", "https": "443", "ssh": "22", "socks5": "1080", "socks5h": "1080"}

// Port is the port of a URL, or that of a scheme.
func Port(raw, scheme string) string {
	if u, err := url.Parse(raw); err == nil && u.Port() != "" {
		return u.Port()
	}
	return ports[scheme]
}

func unprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsControl(c) || unicode.IsSpace(c) || unicode.Is(unicode.Cf, c)
	})
}
