package crash

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// when is the moment of a kill.
type when string

const (
	// before the API server has the write.
	before when = "before"
	// after it has it, and before its answer is back.
	after when = "after"
)

// proxy stands between Evenkeel and the API server. It counts writes, dry runs left
// out, and has the process killed at one of them.
type proxy struct {
	URL string

	mu     sync.Mutex
	armed  bool
	count  int
	at     int
	moment when
	kill   func()
	writes []string
}

func newProxy(t *testing.T, config *rest.Config) *proxy {
	t.Helper()
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	reverse := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     killer{p, transport},
		FlushInterval: -1, // watches
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: reverse, ReadHeaderTimeout: time.Minute}
	go server.Serve(l)                       //nolint:errcheck // ends with Close
	t.Cleanup(func() { _ = server.Close() }) // nothing to lose
	p.URL = "http://" + l.Addr().String()
	return p
}

// arm has kill called at the n-th write from now on; 0 only counts.
func (p *proxy) arm(n int, moment when, kill func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.count, p.at, p.moment, p.kill = true, 0, n, moment, kill
}

// disarm stops counting and says what was written.
func (p *proxy) disarm() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	return p.writes
}

// fired stops counting and says whether the write came at which the process is killed.
func (p *proxy) fired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	return p.count >= p.at
}

// due counts a write and says whether it is the one, which disarms.
func (p *proxy) due(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed {
		return false
	}
	p.count++
	p.writes = append(p.writes, r.Method+" "+r.URL.Path)
	if p.count != p.at {
		return false
	}
	p.armed = false
	return true
}

// killer sends requests on.
type killer struct {
	p    *proxy
	next http.RoundTripper
}

func (k killer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || r.URL.Query().Get("dryRun") != "" || !k.p.due(r) {
		return k.next.RoundTrip(r)
	}
	if k.p.moment == before {
		k.p.kill()
		return nil, net.ErrClosed
	}
	res, err := k.next.RoundTrip(r)
	k.p.kill()
	return res, err
}
