package server_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"evenkeel.dev/internal/server"
	"evenkeel.dev/internal/settings"
)

// mailbox is whom webhooks are for.
type mailbox struct{ pushes []server.Push }

func (*mailbox) Settings() (settings.Webhooks, bool) {
	return settings.Webhooks{GitLab: "opensesame", MaxPayload: 2 << 20}, true
}

func (e *mailbox) Pushed(p server.Push) int { e.pushes = append(e.pushes, p); return 1 }

// A webhook is a request to the API like any other, but for its size: whoever sends
// it has to be a program on this machine, such as a proxy, and no web page.
func TestWebhook(t *testing.T) {
	e, c := &mailbox{}, newCluster()
	h := server.New(server.Options{View: c.view, Commands: c, Apps: c, Webhooks: e})
	const url = "/api/webhook"
	body := `{"object_kind": "push", "ref": "refs/heads/main", "project": {"web_url": "https://gitlab.com/team/apps"}}`
	large := body + strings.Repeat(" ", 3<<19)
	for _, c := range []struct {
		name, method, url, body string
		host                    string
		headers                 []string
		status, pushes          int
	}{
		{"an event", "POST", url, body, "", nil, 200, 1},
		{"larger than other requests may be", "POST", url, large, "", nil, 200, 1},
		{"larger than it may be", "POST", url, large + large, "", nil, 413, 0},
		{"elsewhere such a size is refused", "POST", "/api/v1/applications", large, "", nil, 413, 0},
		{"not proven", "POST", url, body, "", []string{"X-Gitlab-Token", "guessed"}, 401, 0},
		{"nobody's", "POST", url, body, "", []string{"X-Gitlab-Event", ""}, 400, 0},
		{"GitHub's default content type", "POST", url, body, "", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, 0},
		{"from a web page", "POST", url, body, "", []string{"Origin", "https://evil.example"}, 403, 0},
		{"for another host", "POST", url, body, "evil.example", nil, 403, 0},
		{"no POST", "GET", url, "", "", nil, 404, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.pushes = nil
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
			r.Host = "localhost:8080"
			headers := []string{"Content-Type", "application/json", "X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", "opensesame"}
			headers = append(headers, c.headers...)
			for i := 0; i+1 < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			if c.host != "" {
				r.Host = c.host
			}
			// Not over a connection: that may be gone before what is refused was sent.
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || len(e.pushes) != c.pushes {
				t.Fatalf("%d %s, %d pushes", w.Code, w.Body, len(e.pushes))
			}
			for _, p := range e.pushes {
				if !p.Signed || !p.Repository("git@gitlab.com:team/apps.git") || p.Repository("https://gitlab.com/team/other") ||
					!p.Target("main") || p.Target("dev") {
					t.Error("it is another push than the event tells of")
				}
			}
		})
	}
}
