package appstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/appstore"
)

// apiServer has the Applications and AppProjects of one namespace. What changes is
// told by its watches only when tell is called, as a watch comes later than an answer.
type apiServer struct {
	mu      sync.Mutex
	objects map[string]map[string]map[string]any // resource, name
	version int
	pending map[string][]string      // events that were not told
	watches map[string][]chan string // by resource
}

func start(t *testing.T) (*apiServer, *cluster.Conn) {
	t.Helper()
	s := &apiServer{
		objects: map[string]map[string]map[string]any{"applications": {}, "appprojects": {}},
		pending: map[string][]string{}, watches: map[string][]chan string{},
	}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	conn, err := cluster.Connect(&rest.Config{Host: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s, conn
}

func (s *apiServer) put(resource string, obj map[string]any, event string) {
	meta, _ := obj["metadata"].(map[string]any)
	s.version++
	meta["resourceVersion"] = strconv.Itoa(s.version)
	name, _ := meta["name"].(string)
	s.objects[resource][name] = obj
	if event == "DELETED" {
		delete(s.objects[resource], name)
	}
	b, _ := json.Marshal(map[string]any{"type": event, "object": obj})
	s.pending[resource] = append(s.pending[resource], string(b))
}

// set writes from outside.
func (s *apiServer) set(resource, name, event string, annotations map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := map[string]string{"applications": "Application", "appprojects": "AppProject"}[resource]
	s.put(resource, map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "spec": map[string]any{},
		"metadata": map[string]any{"name": name, "namespace": "argocd", "uid": "uid-" + name, "annotations": annotations},
	}, event)
}

// tell sends what has changed to the watches.
func (s *apiServer) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for resource, events := range s.pending {
		for _, w := range s.watches[resource] {
			for _, e := range events {
				w <- e
			}
		}
	}
	s.pending = map[string][]string{}
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/") // "", apis, group, version, namespaces, argocd, resource, name
	resource := parts[6]
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Query().Get("watch") != "" {
		s.watch(w, r, resource)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	switch r.Method {
	case http.MethodGet:
		items := []any{}
		for _, o := range s.objects[resource] {
			items = append(items, o)
		}
		kind := map[string]string{"applications": "ApplicationList", "appprojects": "AppProjectList"}[resource]
		_ = json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": map[string]any{"resourceVersion": strconv.Itoa(s.version)}, "items": items,
		})
	case http.MethodPost:
		var obj map[string]any
		_ = json.Unmarshal(body, &obj)
		name, _ := obj["metadata"].(map[string]any)["name"].(string)
		if s.objects[resource][name] != nil {
			refuse(w, apierrors.NewAlreadyExists(schema.GroupResource{Resource: resource}, name))
			return
		}
		s.put(resource, obj, "ADDED")
		_ = json.NewEncoder(w).Encode(obj)
	default:
		s.patch(w, resource, parts[7], body)
	}
}

func (s *apiServer) patch(w http.ResponseWriter, resource, name string, body []byte) {
	old, ok := s.objects[resource][name]
	if !ok {
		refuse(w, apierrors.NewNotFound(schema.GroupResource{Resource: resource}, name))
		return
	}
	before, _ := json.Marshal(old)
	after, err := jsonpatch.MergePatch(before, body)
	var obj map[string]any
	if err = errors.Join(err, json.Unmarshal(after, &obj)); err != nil {
		panic(err)
	}
	if obj["metadata"].(map[string]any)["resourceVersion"] != old["metadata"].(map[string]any)["resourceVersion"] {
		refuse(w, apierrors.NewConflict(schema.GroupResource{Resource: resource}, name, errors.New("it was modified")))
		return
	}
	s.put(resource, obj, "MODIFIED")
	_ = json.NewEncoder(w).Encode(obj)
}

func refuse(w http.ResponseWriter, err *apierrors.StatusError) {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	w.WriteHeader(int(status.Code))
	_ = json.NewEncoder(w).Encode(status)
}

func (s *apiServer) watch(w http.ResponseWriter, r *http.Request, resource string) {
	const many = 100
	events := make(chan string, many)
	s.mu.Lock()
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		s.initial(events, resource)
	}
	s.watches[resource] = append(s.watches[resource], events)
	s.mu.Unlock()
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-events:
			_, _ = io.WriteString(w, e+"\n")
			w.(http.Flusher).Flush()
		}
	}
}

// initial is the list as events, which a client asks for where it can (KEP-3157).
func (s *apiServer) initial(events chan string, resource string) {
	for _, o := range s.objects[resource] {
		b, _ := json.Marshal(map[string]any{"type": "ADDED", "object": o})
		events <- string(b)
	}
	kind := map[string]string{"applications": "Application", "appprojects": "AppProject"}[resource]
	events <- fmt.Sprintf(`{"type":"BOOKMARK","object":{"apiVersion":"argoproj.io/v1alpha1","kind":%q,`+
		`"metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`, kind, s.version)
}

// run starts a Store; what it tells of comes through the channels.
func run(t *testing.T, conn *cluster.Conn) (store *appstore.Store, apps <-chan types.NamespacedName, projects <-chan string) {
	t.Helper()
	const many = 100
	a, p := make(chan types.NamespacedName, many), make(chan string, many)
	store = appstore.New(appstore.Options{
		Conn: conn, Namespace: "argocd", Log: slog.New(slog.DiscardHandler),
		AppChanged: func(k types.NamespacedName) { a <- k }, ProjectChanged: func(name string) { p <- name },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		store.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	if err := store.Synced(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store, a, p
}

func app(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "argocd", Name: name}
}

func TestOwnWritesAreSeenAtOnce(t *testing.T) {
	s, conn := start(t)
	s.set("applications", "web", "ADDED", nil)
	s.pending = map[string][]string{}
	store, changed, _ := run(t, conn)
	<-changed
	version := store.App(app("web")).ResourceVersion
	patched, err := store.Patch(t.Context(), app("web"), []byte(`{"metadata":{"resourceVersion":"`+version+`"},"status":{"sync":{"status":"Synced"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := store.App(app("web")); got != patched || got.Status.Sync.Status != v1alpha1.SyncStatusSynced {
		t.Errorf("before the watch tells of it: %+v", got)
	}

	// A write of before: the one that was answered is newer than what is known, and
	// that of somebody else newer than both.
	_, err = store.Patch(t.Context(), app("web"), []byte(`{"metadata":{"resourceVersion":"`+version+`"},"status":null}`))
	if !apierrors.IsConflict(err) {
		t.Errorf("%v", err)
	}
	if got := store.App(app("web")); got != patched {
		t.Error("a conflict changed what is known")
	}
	s.set("applications", "web", "MODIFIED", map[string]any{"by": "somebody"})
	s.tell()
	<-changed // our own
	<-changed
	if got := store.App(app("web")); got.Annotations["by"] != "somebody" {
		t.Errorf("%+v", got)
	}

	s.set("applications", "web", "DELETED", nil)
	s.tell()
	<-changed
	if got := store.App(app("web")); got != nil || len(store.Apps()) != 0 {
		t.Errorf("%+v", got)
	}
	if _, err := store.Patch(t.Context(), app("web"), []byte(`{}`)); !apierrors.IsNotFound(err) {
		t.Errorf("%v", err)
	}
}

func TestDependants(t *testing.T) {
	s, conn := start(t)
	for name, on := range map[string]string{"a": "", "b": "a", "c": "a, b", "d": "argocd/a", "e": "team/a", "f": "not a name!"} {
		s.set("applications", name, "ADDED", map[string]any{v1alpha1.AnnotationDependsOn: on})
	}
	s.pending = map[string][]string{}
	store, changed, _ := run(t, conn)
	for range 6 {
		<-changed
	}
	dependants := func(key types.NamespacedName) string {
		var names []string
		for _, k := range store.Dependants(key) {
			names = append(names, k.Name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	if got := dependants(app("a")); got != "b c d" {
		t.Errorf("on a: %s", got)
	}
	if got := dependants(types.NamespacedName{Namespace: "team", Name: "a"}); got != "e" {
		t.Errorf("on team/a: %s", got)
	}
	s.set("applications", "b", "MODIFIED", map[string]any{v1alpha1.AnnotationDependsOn: "c"})
	s.tell()
	<-changed
	if got := dependants(app("a")); got != "c d" {
		t.Errorf("on a, later: %s", got)
	}
	if got := dependants(app("c")); got != "b" {
		t.Errorf("on c: %s", got)
	}
}

func TestCreateProject(t *testing.T) {
	s, conn := start(t)
	store, _, changed := run(t, conn)
	p := &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: "argocd"}}
	if store.Project("default") != nil {
		t.Error("it is there already")
	}
	for range 2 { // the second finds it there, which is no error
		if err := store.CreateProject(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if store.Project("default") == nil {
		t.Error("not seen at once")
	}
	s.tell()
	<-changed
	if got := store.Project("default"); got == nil || got == p || got.ResourceVersion == "" {
		t.Errorf("still the one that was made here: %+v", got)
	}
	s.set("appprojects", "default", "DELETED", nil)
	s.tell()
	<-changed
	if store.Project("default") != nil || len(store.Projects()) != 0 {
		t.Error("it is gone")
	}
}
