package server

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server/rest"
)

const (
	maxBody   = 1 << 20
	maxHeader = 64 << 10
	// answerTime bounds reading a body and writing an answer. Streams set their own.
	answerTime = 90 * time.Second
)

// policy is the Content-Security-Policy: everything from here and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard is what every request passes first: who is asked, and within what bounds.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if !localHost(r.Host) {
			rest.Fail(w, r, fault.New(fault.Denied, "host %q is not this machine: use localhost or a loopback address", r.Host))
			return
		}
		control := http.NewResponseController(w)
		limit := time.Now().Add(answerTime)
		// Neither fails on a connection of net/http; elsewhere there is none to limit.
		_ = control.SetWriteDeadline(limit)
		if r.ContentLength != 0 {
			_ = control.SetReadDeadline(limit)
			if r.URL.Path != webhookPath { // which has a limit of its own
				r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// guardAPI is what every request to the API passes then: who asks.
func guardAPI(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := admit(r); err != nil {
			rest.Fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// admit decides whether a request to the API may go on.
func admit(r *http.Request) error {
	if err := sameOrigin(r); err != nil {
		return err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	return declaredJSON(r)
}

// localHost says whether a Host header names this machine in a way that no DNS
// server has a say in: localhost or a loopback address, with any port.
func localHost(host string) bool {
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil {
		if !decimal(port) {
			return false
		}
		name = strings.TrimSuffix(host, ":"+port)
		if name != h && name != "["+h+"]" {
			return false
		}
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	bare, bracketed := strings.CutPrefix(name, "[")
	if bracketed {
		if bare, bracketed = strings.CutSuffix(bare, "]"); !bracketed {
			return false
		}
	}
	addr, err := netip.ParseAddr(bare)
	return err == nil && addr.Zone() == "" && addr.IsLoopback() && addr.Is6() == bracketed
}

func decimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// sameOrigin refuses what a browser sends on behalf of another site, or of
// another port of this machine. Programs that are no browsers send neither header.
func sameOrigin(r *http.Request) error {
	switch site := r.Header.Values("Sec-Fetch-Site"); {
	case len(site) == 0:
	case len(site) == 1 && (site[0] == "same-origin" || site[0] == "none"):
	default:
		return fault.New(fault.Denied, "a request from another site (Sec-Fetch-Site %q) is not allowed", strings.Join(site, ", "))
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return nil
	}
	if len(origins) == 1 && strings.EqualFold(origins[0], "http://"+r.Host) {
		return nil
	}
	return fault.New(fault.Denied, "a request from origin %q is not allowed", strings.Join(origins, ", "))
}

func declaredJSON(r *http.Request) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return rest.Refuse(http.StatusUnsupportedMediaType, "content encoding %q is not accepted", e)
	}
	types := r.Header.Values("Content-Type")
	if len(types) == 1 {
		if t, _, err := mime.ParseMediaType(types[0]); err == nil && t == "application/json" {
			return nil
		}
	}
	return rest.Refuse(http.StatusUnsupportedMediaType, "content type %q is not accepted: every change needs Content-Type: application/json", strings.Join(types, ", "))
}
