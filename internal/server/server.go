package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server/rest"
	"evenkeel.dev/internal/server/static"
	"evenkeel.dev/internal/server/stream"
	"evenkeel.dev/internal/server/webhook"
	"evenkeel.dev/internal/view"
)

// What the server needs from others; see rest and webhook for their contracts.
type (
	// Applications reads Applications from the controller's cache.
	Applications = rest.Applications
	// Projects reads AppProjects likewise.
	Projects = rest.Projects
	// Commands changes Applications.
	Commands = rest.Commands
	// Inspector looks at an Application's objects one at a time.
	Inspector = rest.Inspector
	// Actions knows what can be done to objects, and does it.
	Actions = rest.Actions
	// Right is what somebody wants to do to an Application.
	Right = rest.Right
	// Planner says what a sync would do.
	Planner = rest.Planner
	// Webhooks is whom events of Git servers and registries are for.
	Webhooks = webhook.Receiver
	// Push is what such an event tells.
	Push = webhook.Push
	// Version is what GET /api/version answers.
	Version = rest.Version
)

// Options of the server. What is nil is answered 501, except for View, Commands
// and Apps, which must be there.
type Options struct {
	View     *view.Store
	Commands Commands
	Apps     Applications
	Projects Projects
	Inspect  Inspector
	Plans    Planner
	Actions  Actions
	Webhooks Webhooks
	// May says whether somebody may do something; nil permits everything, as long as
	// there is no login.
	May func(context.Context, Right) error
	// Namespace is the control namespace; empty means "argocd".
	Namespace string
	// UI is the built web app, or nil.
	UI      fs.FS
	Version Version
	// Ready says why the process cannot serve yet; nil means that it always can.
	Ready func() error
	// Now is the clock that sync windows go by; nil means the real one.
	Now func() time.Time
	// Metrics serves /metrics, or nil.
	Metrics http.Handler
	// Log gets defects and, at debug level, every change asked for; nil discards.
	Log *slog.Logger
}

// New is the handler of the whole server. It may only be served on a listener
// that CheckListen allows, as Serve does.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	api := http.NewServeMux()
	rest.Register(api, rest.Options{
		View: o.View, Commands: o.Commands, Apps: o.Apps, Projects: o.Projects, Inspect: o.Inspect, Plans: o.Plans,
		Actions: o.Actions, May: o.May,
		Namespace: o.Namespace, Version: o.Version, Now: o.Now, Log: o.Log,
	})
	api.Handle("GET /api/ui/v1/stream", stream.New(stream.Options{Store: o.View, Fail: rest.Fail}))
	api.Handle("POST "+webhookPath, webhooks(o))

	mux := http.NewServeMux()
	mux.Handle("/api/", guardAPI(api))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.Handle("GET /readyz", ready(o.Ready))
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
	}
	mux.Handle("/", static.New(o.UI))
	return guard(mux)
}

// webhookPath is where Argo CD has it.
const webhookPath = "/api/webhook"

func webhooks(o Options) http.Handler {
	if o.Webhooks != nil {
		return webhook.New(o.Webhooks, o.Log)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest.Fail(w, r, fault.New(fault.Unsupported, "POST %s is not served yet", webhookPath))
	})
}

func ready(check func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if check == nil {
			plain(w, http.StatusOK, "ok\n")
			return
		}
		if err := check(); err != nil {
			plain(w, http.StatusServiceUnavailable, err.Error()+"\n")
			return
		}
		plain(w, http.StatusOK, "ok\n")
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client is gone if this fails
}
