package webhook

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"evenkeel.dev/internal/settings"
)

// gitlab is a handler with a limit, and the headers of an event that is proven.
func gitlab(limit int64) (h *Handler, d *desk, header http.Header) {
	d = &desk{secrets: settings.Webhooks{GitLab: "s", MaxPayload: limit}}
	return New(d, quiet()), d, http.Header{"X-Gitlab-Event": {"Push Hook"}, "X-Gitlab-Token": {"s"}}
}

func padded(size int) string {
	const body = `{"object_kind": "push", "project": {"web_url": "https://gitlab.com/team/apps"}}`
	return body + strings.Repeat(" ", size-len(body))
}

func TestSizes(t *testing.T) {
	const tooLarge = "413 the event is larger than %d bytes (key webhook.maxPayloadSizeMB of argocd-cm)"
	for _, tt := range []struct {
		limit int64
		size  int
		ok    bool
	}{
		{1000, 1000, true},
		{1000, 1001, false},
		{5 << 20, ordinary, true},
		{5 << 20, ordinary + 1, true},
		{5 << 20, 5 << 20, true},
		{5 << 20, 5<<20 + 1, false},
		{0, 100, false},
	} {
		for _, told := range []bool{true, false} {
			h, d, header := gitlab(tt.limit)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(padded(tt.size)))
			r.Header = header
			if !told {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if (w.Code == http.StatusOK) != tt.ok || (len(d.pushes) == 1) != tt.ok {
				t.Errorf("%d bytes of at most %d, length told: %v: %d %s", tt.size, tt.limit, told, w.Code, w.Body)
			}
			if !tt.ok && !strings.Contains(w.Body.String(), fmt.Sprintf(tooLarge, tt.limit)[4:]) {
				t.Errorf("got %s", w.Body)
			}
			if len(h.large) > 0 {
				t.Error("a place for large events is not given back")
			}
		}
	}
}

// counted counts what is read of a body without an end.
type counted struct{ n int64 }

func (c *counted) Read(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// What is refused by its headers is not read at all, and what has no end only up to
// the limit (CVE-2024-40634).
func TestABodyWithoutAnEnd(t *testing.T) {
	h, d, proven := gitlab(2 << 20)
	for _, tt := range []struct {
		token  string
		most   int64
		status int
	}{{"s", 3 << 20, http.StatusRequestEntityTooLarge}, {"guessed", 0, http.StatusUnauthorized}} {
		body := &counted{}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
		r.Header = proven.Clone()
		r.Header.Set("X-Gitlab-Token", tt.token)
		r.ContentLength = -1
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status || body.n > tt.most || len(d.pushes) > 0 {
			t.Errorf("%s: %d, %d bytes read, %d pushes", tt.token, w.Code, body.n, len(d.pushes))
		}
	}
}

// slow is a body that has more than an ordinary one and whose end has to be waited for.
type slow struct {
	io.Reader
	begun chan<- struct{}
	end   <-chan struct{}
}

func (s *slow) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF {
		s.begun <- struct{}{}
		<-s.end
	}
	return n, err
}

// Only a few large events are in memory at once; others, and ordinary ones, go on.
func TestLargeEventsAtOnce(t *testing.T) {
	h, _, header := gitlab(5 << 20)
	begun, end, answered := make(chan struct{}), make(chan struct{}), make(chan int)
	post := func(body io.Reader) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for range maxLarge {
		go func() { answered <- post(&slow{strings.NewReader(padded(2 << 20)), begun, end}) }()
		<-begun
	}
	if got := post(strings.NewReader(padded(2 << 20))); got != http.StatusServiceUnavailable {
		t.Errorf("one more large one: %d", got)
	}
	if got := post(strings.NewReader(padded(1000))); got != http.StatusOK {
		t.Errorf("an ordinary one: %d", got)
	}
	close(end)
	for range maxLarge {
		if got := <-answered; got != http.StatusOK {
			t.Errorf("a large one: %d", got)
		}
	}
	if got := post(strings.NewReader(padded(2 << 20))); got != http.StatusOK {
		t.Errorf("when there is room again: %d", got)
	}
}

// BenchmarkMatch is what one event costs for a thousand repositories.
func BenchmarkMatch(b *testing.B) {
	var e event
	e.about("https://github.com/team/apps", "https://github.com/team/apps.git", "git@github.com:team/apps.git")
	repos := make([]string, 1000)
	for i := range repos {
		repos[i] = fmt.Sprintf("https://github.com/team/apps-%d.git", i)
	}
	for b.Loop() {
		for _, r := range repos {
			if e.isAbout(r) {
				b.Fatal(r)
			}
		}
	}
}
