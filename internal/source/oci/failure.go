package oci

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// maxComplaint is how much of a registry's words becomes part of an error, in bytes.
const maxComplaint = 400

// failure is r.failure. Whoever is refused once has to be shown everything anew.
func (s *Store) failure(r *remote, what string, err error) error {
	if e, ok := errors.AsType[*errcode.ErrorResponse](err); ok && isRefusal(e.StatusCode) {
		s.remotes.Remove(r.key)
	}
	return r.failure(what, err)
}

func isRefusal(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// failure says what went wrong at a registry when what was to be done.
func (r *remote) failure(what string, err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return fault.New(e.Kind, "%s: %s: %s", r.name, what, r.scrub(e.Error()))
	}
	if e, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		kind, said := r.answered(e)
		return fault.New(kind, "%s: %s: %s", r.name, what, said)
	}
	for cause, kind := range map[error]fault.Kind{
		errdef.ErrNotFound: fault.NotFound, errdef.ErrTooManyPages: fault.Broken, errdef.ErrSizeExceedsLimit: fault.Broken,
	} {
		if errors.Is(err, cause) {
			return fault.New(kind, "%s: %s: %s", r.name, what, cause)
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fault.Wrap(fault.Unavailable, context.Canceled, "%s: %s", r.name, what)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, context.DeadlineExceeded, "%s: %s", r.name, what)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return fault.New(fault.Broken, "%s: %s: the registry wants user and password, and there are none", r.name, what)
	case isCertificate(err):
		return fault.New(fault.Broken, "%s: %s: %s", r.name, what, r.scrub(inner(err)))
	}
	return fault.New(fault.Unavailable, "%s: %s: %s", r.name, what, r.scrub(inner(err)))
}

// answered is what an answer with an error status means.
func (r *remote) answered(e *errcode.ErrorResponse) (fault.Kind, string) {
	said := http.StatusText(e.StatusCode)
	if len(e.Errors) > 0 {
		said = e.Errors.Error()
	}
	said = r.scrub(said)
	switch {
	case isRefusal(e.StatusCode):
		return fault.Broken, "the registry refuses the credentials, or wants some: " + said
	case e.StatusCode == http.StatusNotFound:
		return fault.NotFound, said
	case e.StatusCode == http.StatusTooManyRequests:
		return fault.Unavailable, "the registry wants fewer requests: " + said
	case e.StatusCode >= 500 || e.StatusCode == http.StatusRequestTimeout:
		return fault.Unavailable, said
	}
	return fault.Broken, said
}

// isCertificate says whether trying again would help as little as with a wrong password.
func isCertificate(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.AlertError](err)
	return ok
}

// inner is an error's text without the URL that net/http puts before it, which may
// be a signed one.
func inner(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

var links = regexp.MustCompile(`(?i)https?://[^\s"'<>]+`)

// scrub is text in one line without credentials, queries of URLs and control characters.
func (r *remote) scrub(text string) string {
	for _, s := range r.secrets {
		text = strings.ReplaceAll(text, s, "[redacted]")
	}
	text = links.ReplaceAllStringFunc(source.RedactText(text), source.RedactURL)
	text = strings.ToValidUTF8(strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c) || unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, text), "�")
	if len(text) > maxComplaint {
		text = strings.ToValidUTF8(text[:maxComplaint], "") + "…"
	}
	return text
}
