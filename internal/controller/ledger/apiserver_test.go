package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/cluster"
)

// apiServer behaves as the Kubernetes API server does as far as a ledger goes:
// versions, conflicts, finalizers, preconditions, logs. The same code runs against
// the real one in TestPlayground.
type apiServer struct {
	mu      sync.Mutex
	objects map[string]*unstructured.Unstructured // RESOURCE/NAMESPACE/NAME
	logs    map[string]string                     // by NAMESPACE/POD/CONTAINER
	version int
	// asked are the requests, writes only if it is said so.
	asked []string
	// before is called with each request and may answer it, as a cluster that is cut off.
	before func(r *http.Request) error
	// after is called when a request was carried out, and may keep its answer back.
	after func(r *http.Request) error
}

func startAPIServer(t *testing.T, objects ...*unstructured.Unstructured) (*apiServer, *cluster.Conn) {
	t.Helper()
	s := &apiServer{objects: map[string]*unstructured.Unstructured{}, logs: map[string]string{}}
	for _, o := range objects {
		s.put(o)
	}
	mux := http.NewServeMux()
	for _, root := range [...]string{"/api/v1", "/apis/batch/v1"} {
		path := root + "/namespaces/{namespace}/{resource}"
		mux.HandleFunc("GET "+path, s.handle(s.list))
		mux.HandleFunc("POST "+path, s.handle(s.create))
		mux.HandleFunc("GET "+path+"/{name}", s.handle(s.get))
		mux.HandleFunc("PATCH "+path+"/{name}", s.handle(s.patch))
		mux.HandleFunc("DELETE "+path+"/{name}", s.handle(s.delete))
		mux.HandleFunc("GET "+path+"/{name}/log", s.handle(s.log))
	}
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	conn, err := cluster.Connect(&rest.Config{Host: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s, conn
}

func resourceOf(o *unstructured.Unstructured) string { return strings.ToLower(o.GetKind()) + "s" }

func idOf(o *unstructured.Unstructured) string {
	return resourceOf(o) + "/" + o.GetNamespace() + "/" + o.GetName()
}

// put needs no lock before the server runs, else s.mu.
func (s *apiServer) put(o *unstructured.Unstructured) {
	s.version++
	if o.GetUID() == "" {
		o.SetUID(types.UID("uid-" + strconv.Itoa(s.version)))
	}
	o.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[idOf(o)] = o
	if o.GetDeletionTimestamp() != nil && len(o.GetFinalizers()) == 0 {
		delete(s.objects, idOf(o))
	}
}

// change changes an object from outside, as a controller of Kubernetes does.
func (s *apiServer) change(id string, f func(o *unstructured.Unstructured)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[id]; o != nil {
		o = o.DeepCopy()
		f(o)
		s.put(o)
	}
}

func (s *apiServer) find(id string) *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[id]
}

func (s *apiServer) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// requests are what was asked for since the last time.
func (s *apiServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

type handler func(r *http.Request) (any, error)

func (s *apiServer) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		what := r.PathValue("resource")
		if name := r.PathValue("name"); name != "" {
			what += "/" + name
		}
		if strings.HasSuffix(r.URL.Path, "/log") {
			what += "/log"
		}
		s.asked = append(s.asked, r.Method+" "+what)
		if s.before != nil {
			if err := s.before(r); err != nil {
				reply(w, nil, err)
				return
			}
		}
		out, err := h(r)
		if s.after != nil {
			if late := s.after(r); late != nil {
				err = late
			}
		}
		reply(w, out, err)
	}
}

func groupResource(r *http.Request) schema.GroupResource {
	return schema.GroupResource{Resource: r.PathValue("resource")}
}

func pathID(r *http.Request) string {
	return r.PathValue("resource") + "/" + r.PathValue("namespace") + "/" + r.PathValue("name")
}

func (s *apiServer) get(r *http.Request) (any, error) {
	o := s.objects[pathID(r)]
	if o == nil {
		return nil, apierrors.NewNotFound(groupResource(r), r.PathValue("name"))
	}
	return o.Object, nil
}

func (s *apiServer) list(r *http.Request) (any, error) {
	key, value, _ := strings.Cut(r.URL.Query().Get("labelSelector"), "=")
	items := []any{}
	for _, id := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[id]
		if strings.HasPrefix(id, r.PathValue("resource")+"/"+r.PathValue("namespace")+"/") && o.GetLabels()[key] == value {
			items = append(items, o.Object)
		}
	}
	return map[string]any{"kind": "List", "apiVersion": "v1", "items": items}, nil
}

func (s *apiServer) create(r *http.Request) (any, error) {
	o := body(r)
	if s.objects[idOf(o)] != nil {
		return nil, apierrors.NewAlreadyExists(groupResource(r), o.GetName())
	}
	s.put(o)
	return o.Object, nil
}

func (s *apiServer) patch(r *http.Request) (any, error) {
	old := s.objects[pathID(r)]
	if old == nil {
		return nil, apierrors.NewNotFound(groupResource(r), r.PathValue("name"))
	}
	after := &unstructured.Unstructured{}
	patch := must(io.ReadAll(r.Body))
	if err := after.UnmarshalJSON(must(jsonpatch.MergePatch(must(json.Marshal(old.Object)), patch))); err != nil {
		panic(err)
	}
	if after.GetResourceVersion() != old.GetResourceVersion() || after.GetUID() != old.GetUID() {
		return nil, apierrors.NewConflict(groupResource(r), old.GetName(), fmt.Errorf("the object has been modified"))
	}
	s.put(after)
	return after.Object, nil
}

func (s *apiServer) delete(r *http.Request) (any, error) {
	o := s.objects[pathID(r)]
	if o == nil {
		return nil, apierrors.NewNotFound(groupResource(r), r.PathValue("name"))
	}
	var options metav1.DeleteOptions
	if err := json.Unmarshal(must(io.ReadAll(r.Body)), &options); err != nil {
		panic(err)
	}
	if options.Preconditions == nil || options.Preconditions.UID == nil || *options.Preconditions.UID != o.GetUID() {
		return nil, apierrors.NewConflict(groupResource(r), o.GetName(), fmt.Errorf("the UID is another"))
	}
	o = o.DeepCopy()
	now := metav1.Now()
	o.SetDeletionTimestamp(&now)
	s.put(o)
	return o.Object, nil
}

func (s *apiServer) log(r *http.Request) (any, error) {
	text, ok := s.logs[r.PathValue("namespace")+"/"+r.PathValue("name")+"/"+r.URL.Query().Get("container")]
	if !ok {
		return nil, apierrors.NewBadRequest("no such container")
	}
	limit, err := strconv.Atoi(r.URL.Query().Get("limitBytes"))
	if err != nil {
		panic(err)
	}
	return text[:min(len(text), limit)], nil
}

func body(r *http.Request) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(must(io.ReadAll(r.Body))); err != nil {
		panic(err)
	}
	return o
}

// errHang closes the connection without an answer.
var errHang = errors.New("hang up")

func reply(w http.ResponseWriter, out any, err error) {
	if errors.Is(err, errHang) {
		panic(http.ErrAbortHandler)
	}
	if text, ok := out.(string); ok && err == nil {
		_, _ = io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		var failure *apierrors.StatusError
		if !errors.As(err, &failure) {
			panic(err)
		}
		status := failure.Status()
		status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
		w.WriteHeader(int(status.Code))
		out = status
	}
	_, _ = w.Write(must(json.Marshal(out)))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
