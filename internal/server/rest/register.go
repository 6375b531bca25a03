package rest

import (
	"bufio"
	_ "embed"
	"net/http"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
)

// unserved are the methods of Argo CD's API that are not served yet: a line per
// method and path.
//
//go:embed unserved.txt
var unserved string

// endpoint answers a request: with a value that is sent as JSON, or an error.
type endpoint func(*http.Request) (any, error)

// Register adds the API to mux.
func Register(mux *http.ServeMux, o Options) {
	if o.Namespace == "" {
		o.Namespace = "argocd"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &api{Options: o, watches: make(chan struct{}, maxWatches)}
	for pattern, e := range map[string]endpoint{
		"GET /api/v1/applications":                                a.list,
		"POST /api/v1/applications":                               a.create,
		"GET /api/v1/applications/{name}":                         a.get,
		"PATCH /api/v1/applications/{name}":                       a.patch,
		"DELETE /api/v1/applications/{name}":                      a.delete,
		"PUT /api/v1/applications/{name}/spec":                    a.updateSpec,
		"POST /api/v1/applications/{name}/sync":                   a.sync,
		"GET /api/v1/applications/{name}/plan":                    a.plan,
		"POST /api/v1/applications/{name}/plan":                   a.plan,
		"POST /api/v1/applications/{name}/rollback":               a.rollback,
		"PUT /api/v1/applications/{name}/pin":                     a.pin,
		"DELETE /api/v1/applications/{name}/pin":                  a.unpin,
		"DELETE /api/v1/applications/{name}/operation":            a.terminate,
		"GET /api/v1/applications/{name}/resource-tree":           a.resourceTree,
		"GET /api/v1/applications/{name}/managed-resources":       a.managedResources,
		"GET /api/v1/applications/{name}/manifests":               a.manifests,
		"GET /api/v1/applications/{name}/problems":                a.problems,
		"GET /api/v1/applications/{name}/events":                  a.events,
		"GET /api/v1/applications/{name}/syncwindows":             a.syncWindows,
		"GET /api/v1/applications/{name}/resource/actions":        a.listActions,
		"POST /api/v1/applications/{name}/resource/actions":       a.runAction,
		"POST /api/v1/applications/{name}/resource/actions/v2":    a.runActionV2,
		"GET /api/v1/projects":                                    a.projects,
		"GET /api/v1/projects/{name}":                             a.project,
		"GET /api/v1/projects/{name}/syncwindows":                 a.projectWindows,
		"GET /api/v1/settings":                                    a.settings,
		"GET /api/v1/session/userinfo":                            a.userInfo,
		"GET /api/version":                                        a.version,
		"POST /api/ui/v1/applications/{namespace}/{name}/refresh": a.uiRefresh,
		"GET /api/ui/v1/applications/{namespace}/{name}/diff":     a.uiDiff,
		"GET /api/ui/v1/applications/{namespace}/{name}/cause":    a.cause,
		"POST /api/ui/v1/applications/{namespace}/{name}/confirm": a.confirmDeletion,
	} {
		mux.HandleFunc(pattern, a.answer(e))
	}
	mux.HandleFunc("GET /api/v1/stream/applications", a.watch)
	lines := bufio.NewScanner(strings.NewReader(unserved))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			mux.HandleFunc(line, notServed(line))
		}
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		Fail(w, r, fault.New(fault.NotFound, "the API has no %s %s", r.Method, r.URL.Path))
	})
}

func notServed(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		Fail(w, r, fault.New(fault.Unsupported, "%s is not served yet", what))
	}
}

func (a *api) answer(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			a.Log.DebugContext(r.Context(), "change asked for", "method", r.Method, "path", r.URL.Path)
		}
		value, err := e(r)
		if err != nil {
			a.report(r, err)
			Fail(w, r, err)
			return
		}
		write(w, http.StatusOK, value)
	}
}

// report logs what is nobody's fault but ours.
func (a *api) report(r *http.Request, err error) {
	if fault.KindOf(err) == fault.Internal && r.Context().Err() == nil && statusOf(err) == http.StatusInternalServerError {
		a.Log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
}
