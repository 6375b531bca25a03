package credential

import (
	"strconv"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// decode reads a repository or repo-creds Secret. Its repo has a URL whenever
// the Secret has one, so that the error reaches those who need the repository.
func decode(s Secret) entry {
	e := entry{secret: s.Name}
	text := func(field string) string { return string(s.Data[field]) }
	secret := func(field string) source.Secret { return source.NewSecret(text(field)) }
	e.repo = source.Repository{
		URL:               strings.TrimSpace(text("url")),
		Type:              source.Type(text("type")),
		Name:              text("name"),
		Project:           text("project"),
		Username:          text("username"),
		Password:          secret("password"),
		BearerToken:       secret("bearerToken"),
		SSHPrivateKey:     secret("sshPrivateKey"),
		TLSClientCertData: text("tlsClientCertData"),
		TLSClientCertKey:  secret("tlsClientCertKey"),
		Proxy:             secret("proxy"),
		NoProxy:           text("noProxy"),
	}
	if e.repo.URL == "" {
		e.err = fault.New(fault.Invalid, "secret %s: url is missing", s.Name)
		return e
	}
	e.normal = source.NormalizeURL(e.repo.URL)
	e.err = decodeFlags(s, &e.repo)
	if e.err == nil {
		e.repo.Token, e.err = decodeToken(s)
	}
	if e.err == nil {
		e.err = check(s, e.repo)
	}
	return e
}

func decodeFlags(s Secret, r *source.Repository) error {
	for field, to := range map[string]*bool{
		"insecure":              &r.Insecure,
		"insecureIgnoreHostKey": &r.InsecureIgnoreHostKey,
		"forceHttpBasicAuth":    &r.ForceHTTPBasicAuth,
		"enableLfs":             &r.EnableLFS,
		"enableOCI":             &r.EnableOCI,
		"insecureOCIForceHttp":  &r.InsecureOCIForceHTTP,
	} {
		if len(s.Data[field]) == 0 {
			continue
		}
		v, err := strconv.ParseBool(string(s.Data[field]))
		if err != nil {
			return fault.New(fault.Invalid, "secret %s: %s is neither true nor false", s.Name, field)
		}
		*to = v
	}
	if len(s.Data["depth"]) == 0 {
		return nil
	}
	depth, err := strconv.ParseInt(string(s.Data["depth"]), 10, 32)
	if err != nil || depth < 0 {
		return fault.New(fault.Invalid, "secret %s: depth is not a number of commits", s.Name)
	}
	r.Depth = depth
	return nil
}

func check(s Secret, r source.Repository) error {
	switch r.Type {
	case "", source.Git, source.Helm, source.OCI:
	default:
		return fault.New(fault.Invalid, "secret %s: type is none of git, helm and oci", s.Name)
	}
	return checkToken(s, r)
}
