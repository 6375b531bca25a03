package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/fault"
)

// apiServer answers requests in the order of a script: each answer is for one
// request, whose URL it records.
type apiServer struct {
	mu       sync.Mutex
	answers  []func(http.ResponseWriter, *http.Request)
	requests []string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path+"?"+r.URL.Query().Encode())
	if len(s.answers) == 0 {
		s.mu.Unlock()
		status(http.StatusTeapot, "Unexpected", "the script has no more answers", "x")(w, r)
		return
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	s.mu.Unlock()
	answer(w, r)
}

func serve(t *testing.T, answers ...func(http.ResponseWriter, *http.Request)) (*Client, *apiServer) {
	t.Helper()
	s := &apiServer{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

func answer(body any) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
}

// status is an error of the API server's; name is empty when it is not about an object.
func status(code int, reason metav1.StatusReason, message, name string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(statusBody(code, reason, message, name))
	}
}

func statusBody(code int, reason metav1.StatusReason, message, name string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
		Details: &metav1.StatusDetails{Name: name},
	}
}

func object(name, version string) map[string]any {
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"namespace": "argocd", "name": name, "resourceVersion": version, "uid": "uid-" + name},
		"spec":     map[string]any{"project": "p" + version},
	}
}

func list(version, next string, items ...map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList",
		"metadata": map[string]any{"resourceVersion": version, "continue": next}, "items": items,
	}
}

func TestList(t *testing.T) {
	const path = "GET /apis/argoproj.io/v1alpha1/namespaces/argocd/applications?"
	for _, tc := range []struct {
		reason   string
		answers  []func(http.ResponseWriter, *http.Request)
		want     []string
		requests []string
	}{
		{
			"one page, put in order",
			[]func(http.ResponseWriter, *http.Request){answer(list("9", "", object("b", "1"), object("a", "2")))},
			[]string{"a", "b"},
			[]string{path + "labelSelector=x%3Dy&limit=500"},
		},
		{
			"pages",
			[]func(http.ResponseWriter, *http.Request){answer(list("9", "more", object("a", "1"))), answer(list("9", "", object("b", "2")))},
			[]string{"a", "b"},
			[]string{path + "labelSelector=x%3Dy&limit=500", path + "continue=more&labelSelector=x%3Dy&limit=500"},
		},
		{
			"pages that expire are read anew, whole",
			[]func(http.ResponseWriter, *http.Request){
				answer(list("9", "more", object("a", "1"))), status(http.StatusGone, metav1.StatusReasonExpired, "too old", ""), answer(list("9", "", object("a", "1"), object("c", "3"))),
			},
			[]string{"a", "c"},
			[]string{path + "labelSelector=x%3Dy&limit=500", path + "continue=more&labelSelector=x%3Dy&limit=500", path + "labelSelector=x%3Dy"},
		},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			c, s := serve(t, tc.answers...)
			apps, err := c.List(t.Context(), "argocd", "x=y")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range apps {
				got = append(got, a.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.requests, s.requests); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		reason string
		answer func(http.ResponseWriter, *http.Request)
		kind   fault.Kind
		says   string
	}{
		{"no such application", status(404, metav1.StatusReasonNotFound, `applications "a" not found`, "a"), fault.NotFound, "get application argocd/a"},
		{"no such kind", status(404, metav1.StatusReasonNotFound, "the server could not find the requested resource", ""), fault.Unavailable, "install Evenkeel's CRDs"},
		{"not permitted", status(403, metav1.StatusReasonForbidden, "no", "a"), fault.Denied, ""},
		{"not known", status(401, metav1.StatusReasonUnauthorized, "no", "a"), fault.Denied, ""},
		{"out of order", status(500, metav1.StatusReasonInternalError, "etcd", "a"), fault.Unavailable, ""},
		{"too busy", status(503, metav1.StatusReasonServiceUnavailable, "busy", "a"), fault.Unavailable, ""},
		{"not valid", status(422, metav1.StatusReasonInvalid, "bad", "a"), fault.Invalid, ""},
		{"changed", status(409, metav1.StatusReasonConflict, "changed", "a"), fault.Conflict, ""},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			c, _ := serve(t, tc.answer)
			_, err := c.Get(t.Context(), "argocd", "a")
			if got := fault.KindOf(err); err == nil || got != tc.kind || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %s: %v", got, err)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "argocd", "a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %s: %v", fault.KindOf(err), err)
	}
}

// stream answers a watch with events and then hangs up, or with hold waits until
// the client does.
func stream(hold bool, events ...map[string]any) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, e := range events {
			_ = json.NewEncoder(w).Encode(e)
		}
		w.(http.Flusher).Flush()
		if hold {
			<-r.Context().Done()
		}
	}
}

func event(kind string, obj any) map[string]any { return map[string]any{"type": kind, "object": obj} }

func TestWatch(t *testing.T) {
	reborn := object("a", "9")
	reborn["metadata"].(map[string]any)["uid"] = "another"
	for _, tc := range []struct {
		reason  string
		answers []func(http.ResponseWriter, *http.Request)
		want    []string
	}{
		{"no such application", []func(http.ResponseWriter, *http.Request){answer(list("1", ""))}, []string{"not found"}},
		{"not permitted", []func(http.ResponseWriter, *http.Request){status(403, metav1.StatusReasonForbidden, "no", "")}, []string{"denied"}},
		{"no cluster to begin with", []func(http.ResponseWriter, *http.Request){status(503, metav1.StatusReasonServiceUnavailable, "busy", "")}, []string{"unavailable"}},
		{"states, then the end", []func(http.ResponseWriter, *http.Request){
			answer(list("1", "", object("a", "1"))),
			stream(true, event("MODIFIED", object("a", "2")), event("BOOKMARK", object("a", "3")), event("MODIFIED", object("a", "4")), event("DELETED", object("a", "5"))),
		}, []string{"p1", "p2", "p4", "not found"}},
		{"a lost connection loses no state and repeats none", []func(http.ResponseWriter, *http.Request){
			answer(list("1", "", object("a", "1"))), stream(false, event("MODIFIED", object("a", "2"))),
			answer(list("2", "", object("a", "2"))), stream(true, event("MODIFIED", object("a", "3")), event("DELETED", object("a", "4"))),
		}, []string{"p1", "p2", "p3", "not found"}},
		{"a version that is too old starts again", []func(http.ResponseWriter, *http.Request){
			answer(list("1", "", object("a", "1"))), stream(true, event("ERROR", statusBody(410, metav1.StatusReasonExpired, "too old", ""))),
			answer(list("5", "", object("a", "5"))), stream(true, event("DELETED", object("a", "6"))),
		}, []string{"p1", "p5", "not found"}},
		{"deleted and made anew in between is gone", []func(http.ResponseWriter, *http.Request){
			answer(list("1", "", object("a", "1"))), stream(false, event("MODIFIED", object("a", "2"))), answer(list("9", "", reborn)),
		}, []string{"p1", "p2", "not found"}},
		{"an API server that is away for a moment", []func(http.ResponseWriter, *http.Request){
			answer(list("1", "", object("a", "1"))), stream(false, event("MODIFIED", object("a", "2"))),
			status(503, metav1.StatusReasonServiceUnavailable, "busy", ""),
			answer(list("3", "", object("a", "3"))), stream(true, event("DELETED", object("a", "4"))),
		}, []string{"p1", "p2", "p3", "not found"}},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			c, _ := serve(t, tc.answers...)
			var got []string
			for app, err := range c.Watch(t.Context(), "argocd", "a") {
				if err != nil {
					got = append(got, fault.KindOf(err).String())
					continue
				}
				got = append(got, app.Spec.Project)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWatchEnds(t *testing.T) {
	t.Run("when the consumer stops", func(t *testing.T) {
		c, s := serve(t, answer(list("1", "", object("a", "1"))), stream(true, event("MODIFIED", object("a", "2"))))
		for app := range c.Watch(t.Context(), "argocd", "a") {
			if app.Spec.Project == "p2" {
				break
			}
		}
		want := []string{
			"GET /apis/argoproj.io/v1alpha1/namespaces/argocd/applications?fieldSelector=metadata.name%3Da",
			"GET /apis/argoproj.io/v1alpha1/namespaces/argocd/applications?allowWatchBookmarks=true&fieldSelector=metadata.name%3Da&resourceVersion=1&watch=true",
		}
		if diff := cmp.Diff(want, s.requests); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("when the context does", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c, _ := serve(t, answer(list("1", "", object("a", "1"))), stream(true))
		var last error
		for _, err := range c.Watch(ctx, "argocd", "a") {
			cancel()
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("ended with %v", last)
		}
	})
}

func TestWhoami(t *testing.T) {
	c, s := serve(t, answer(map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview",
		"status": map[string]any{"userInfo": map[string]any{"username": "alice"}},
	}))
	who, err := c.Whoami(t.Context())
	if err != nil || who != "alice" {
		t.Errorf("got %q, %v", who, err)
	}
	if want := "POST /apis/authentication.k8s.io/v1/selfsubjectreviews?"; s.requests[0] != want {
		t.Errorf("asked %s", s.requests[0])
	}
}

func TestConfig(t *testing.T) {
	if _, err := Config(ConfigOptions{Kubeconfig: t.TempDir() + "/none"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}
