package bench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// crowdServer answers for a crowd as an API server does: discovery, lists in pages and
// watches, of bodies or of metadata only. It holds no object: each is made as it is
// asked for, so that what the process holds is what the reader of it does.
type crowdServer struct {
	crowd  crowd
	server *httptest.Server

	mu sync.Mutex
	// watches are the open ones by resource; asked counts requests by what they were.
	watches map[string]chan []byte
	asked   map[string]int
	opened  chan struct{} // gets one for each watch that is opened
}

// crowdKinds are the kinds of a crowd by resource.
func crowdKinds() map[string]schema.GroupVersionKind {
	core, apps := schema.GroupVersion{Version: "v1"}, schema.GroupVersion{Group: "apps", Version: "v1"}
	return map[string]schema.GroupVersionKind{
		"configmaps": core.WithKind("ConfigMap"), "secrets": core.WithKind("Secret"), "pods": core.WithKind("Pod"),
		"services": core.WithKind("Service"), "serviceaccounts": core.WithKind("ServiceAccount"),
		"deployments": apps.WithKind("Deployment"), "replicasets": apps.WithKind("ReplicaSet"),
	}
}

func serveCrowd(t testing.TB, c crowd) *crowdServer {
	s := &crowdServer{crowd: c, watches: map[string]chan []byte{}, asked: map[string]int{}, opened: make(chan struct{}, len(crowdKinds()))}
	s.server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
	})
	return s
}

func (s *crowdServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	what := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	kind, ok := crowdKinds()[what]
	partial := strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadata")
	switch {
	case r.Method != http.MethodGet:
		s.count(r.Method)
		http.Error(w, "{}", http.StatusMethodNotAllowed)
	case what == "api" || what == "apis":
		s.count("discovery")
		s.discovery(w, what)
	case !ok:
		s.count("get")
		http.NotFound(w, r)
	case r.URL.Query().Get("watch") != "":
		s.count("watch")
		s.watch(w, r, what)
	default:
		s.count("list")
		s.list(w, r, kind, partial)
	}
}

func (s *crowdServer) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[what]++
}

// requests are how many there were until now, without those that watch.
func (s *crowdServer) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for what, count := range s.asked {
		if what != "watch" {
			n += count
		}
	}
	return n
}

func (*crowdServer) discovery(w http.ResponseWriter, root string) {
	group := map[string]string{"api": "", "apis": "apps"}[root]
	var resources []string
	for name, kind := range crowdKinds() {
		if kind.Group == group {
			resources = append(resources, fmt.Sprintf(`{"resource":%q,"scope":"Namespaced","responseKind":{"group":%q,"version":"v1","kind":%q},"verbs":["get","list","watch"]}`, name, group, kind.Kind))
		}
	}
	fmt.Fprintf(w, `{"items":[{"metadata":{"name":%q},"versions":[{"version":"v1","resources":[%s]}]}]}`, group, strings.Join(resources, ","))
}

// list answers with up to as many objects as the limit says, from where the last page
// has ended.
func (s *crowdServer) list(w http.ResponseWriter, r *http.Request, kind schema.GroupVersionKind, partial bool) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	i, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	fmt.Fprint(w, `{"items":[`)
	n := 0
	for ; i < int(s.crowd) && n < limit; i++ {
		m := s.crowd.member(i)
		if m.kind != kind {
			continue
		}
		if n > 0 {
			fmt.Fprint(w, ",")
		}
		n++
		fmt.Fprint(w, s.object(m, 1, partial))
	}
	next := ""
	if i < int(s.crowd) {
		next = strconv.Itoa(i)
	}
	fmt.Fprintf(w, `],"metadata":{"resourceVersion":"1","continue":%q}}`, next)
}

func (*crowdServer) object(m member, version int, partial bool) string {
	if partial {
		return m.partial(version)
	}
	return m.body(version)
}

func (s *crowdServer) watch(w http.ResponseWriter, r *http.Request, what string) {
	events := make(chan []byte)
	s.mu.Lock()
	s.watches[what] = events
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	s.opened <- struct{}{}
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-events:
			_, _ = w.Write(e)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// send tells those who watch a resource of events, each a line.
func (s *crowdServer) send(what string, events []byte) {
	s.mu.Lock()
	to := s.watches[what]
	s.mu.Unlock()
	to <- events
}
