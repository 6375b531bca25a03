package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server/rest"
	"evenkeel.dev/internal/settings"
)

// Push is an event whose sender was admitted. Its functions are pure and may be
// called from any goroutine.
type Push struct {
	// Repository says whether it is about the repository of a URL.
	Repository func(url string) bool
	// Target says whether a target revision may have moved.
	Target func(target string) bool
	// Signed: the sender has proven that it knows the secret. Otherwise it is anybody,
	// and how often it is listened to has to be bounded.
	Signed bool
}

// Receiver is what events are for.
type Receiver interface {
	// Settings are the current ones; false while they are not known yet.
	Settings() (settings.Webhooks, bool)
	// Pushed looks for what a push has brought, without waiting for it, and returns how
	// many repositories are looked at.
	Pushed(p Push) int
}

const (
	// ordinary is the size, in bytes, that nearly all events are below.
	ordinary = 1 << 20
	// maxLarge is how many events above that are held in memory at once.
	maxLarge = 2
)

// Handler takes in events.
type Handler struct {
	to        Receiver
	log       *slog.Logger
	providers []provider
	large     chan struct{}
}

// New makes a Handler. Log gets what was done, and who was refused.
func New(to Receiver, log *slog.Logger) *Handler {
	return &Handler{to: to, log: log, providers: providers(), large: make(chan struct{}, maxLarge)}
}

// ServeHTTP answers 200 for an event that was taken or has nothing to do, 401 for one
// that is not proven, 400 for one that makes no sense.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, answer, err := h.take(w, r)
	if err != nil {
		h.log.InfoContext(r.Context(), "a webhook is refused", "provider", from, "err", err)
		rest.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, answer)
}

// take does what an event asks for. It returns whose it is, and what to answer.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) (from, answer string, err error) {
	s, known := h.to.Settings()
	if !known {
		return "", "", fault.New(fault.Unavailable, "the secrets of webhooks are not read yet")
	}
	p, ok := h.find(r.Header, s)
	if !ok {
		return "", "", fault.New(fault.Invalid,
			"no header says whose event this is; Harbor's needs its auth header, and the same value in key webhook.harbor.secret of argocd-secret")
	}
	proof := p.proof(r.Header, s)
	if proof.refused() {
		return p.name, "", unproven(p)
	}
	body, done, err := h.body(w, r, s.MaxPayload)
	if err != nil {
		return p.name, "", err
	}
	defer done()
	if !proof.fits(body) {
		return p.name, "", unproven(p)
	}
	e, err := p.parse(r.Header, body)
	if err != nil {
		return p.name, "", fault.Keep(fault.Invalid, err, "%s event", p.name)
	}
	return p.name, h.pass(r, p, e, proof.needed), nil
}

// pass hands an event on. What is answered to somebody who has proven nothing says
// nothing of what is here.
func (h *Handler) pass(r *http.Request, p provider, e event, signed bool) string {
	if e.ignored != "" {
		return "nothing to do: " + e.ignored
	}
	n := h.to.Pushed(Push{Repository: e.isAbout, Target: e.concerns, Signed: signed})
	level := slog.LevelDebug
	if signed {
		level = slog.LevelInfo
	}
	h.log.Log(r.Context(), level, "a webhook tells of a push",
		"provider", p.name, "repo", e.repos[0].host+"/"+e.repos[0].path, "refs", len(e.refs), "looking", n, "signed", signed)
	if !signed {
		return "accepted"
	}
	return fmt.Sprintf("accepted; repositories that are looked at: %d", n)
}

func (h *Handler) find(header http.Header, s settings.Webhooks) (provider, bool) {
	for _, p := range h.providers {
		if p.sent(header, s) {
			return p, true
		}
	}
	return provider{}, false
}

// unproven answers an event without the proof that its provider needs.
func unproven(p provider) error {
	return rest.Refuse(http.StatusUnauthorized, "%s event: its signature, token or password is missing or wrong", p.name)
}

// body reads up to limit bytes. Large ones wait for nobody: beyond a few at once they
// are refused, so that strangers cannot fill the memory. The caller calls done.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, done func(), err error) {
	tooLarge := rest.Refuse(http.StatusRequestEntityTooLarge, "the event is larger than %d bytes (key webhook.maxPayloadSizeMB of argocd-cm)", limit)
	if r.ContentLength > limit {
		return nil, nil, tooLarge
	}
	from := http.MaxBytesReader(w, r.Body, limit)
	var read bytes.Buffer
	n, err := io.CopyN(&read, from, ordinary)
	done = func() {}
	if err == nil && n == ordinary {
		select {
		case h.large <- struct{}{}:
			done = func() { <-h.large }
		default:
			return nil, nil, fault.New(fault.Unavailable, "too many large events at once")
		}
		_, err = io.Copy(&read, from)
	}
	if err == nil || errors.Is(err, io.EOF) {
		return read.Bytes(), done, nil
	}
	done()
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, nil, tooLarge
	}
	return nil, nil, fault.Wrap(fault.Invalid, err, "read the event")
}
