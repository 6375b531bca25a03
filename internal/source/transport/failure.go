package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// maxComplaint is how much of what went wrong becomes part of an error, in bytes.
const maxComplaint = 300

// Failure is an error of a client's Do, or of reading an answer, of what was asked of
// address: with a kind, and without what is secret in any URL. A server that does not
// answer or breaks off is fault.Unavailable.
func Failure(err error, address string) error {
	address = source.RedactURL(address)
	// Its text has the whole URL.
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fault.Wrap(fault.Unavailable, context.Canceled, "%s", address)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return fault.New(fault.Unavailable, "%s: the server took too long", address)
	}
	kind := fault.Unavailable
	if e, ok := errors.AsType[*fault.Error](err); ok {
		kind = e.Kind
	} else if isCertificate(err) {
		kind = fault.Broken
	}
	return fault.New(kind, "%s: %s", address, clean(err.Error()))
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// isCertificate says whether a certificate, ours or theirs, is what is wrong: trying
// again will not help.
func isCertificate(err error) bool {
	_, theirs := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return theirs || alert || header || unknown || strings.Contains(err.Error(), "remote error: tls:")
}

// Refusal is the error that an answer of this status is, to what was asked of
// address; nil for 200.
func Refusal(status int, address string) error {
	address = source.RedactURL(address)
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.New(fault.Broken, "%s: the server refuses the credentials, or wants some (%d)", address, status)
	case status == http.StatusProxyAuthRequired:
		return fault.New(fault.Broken, "%s: the proxy refuses the credentials, or wants some (%d)", address, status)
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.New(fault.NotFound, "%s: not found (%d)", address, status)
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, "%s: the server answers %d %s", address, status, http.StatusText(status))
	}
	return fault.New(fault.Broken, "%s: the server answers %d %s", address, status, http.StatusText(status))
}

var query = regexp.MustCompile(`\?[^\s"']*`)

// clean is text that may quote a server, such as the Location of a redirect.
func clean(text string) string {
	text = query.ReplaceAllString(source.RedactText(text), "")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > maxComplaint {
		text = strings.ToValidUTF8(text[:maxComplaint], "") + "…"
	}
	return text
}
