package kube_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/client/kube"
)

// apiServer behaves as the Kubernetes API server does for Applications as far as
// the commands go: versions, conflicts, merge patches, finalizers, preconditions.
// The playground's tests run the same commands against the real one.
type apiServer struct {
	mu      sync.Mutex
	objects map[string]*unstructured.Unstructured // NAMESPACE/NAME -> object
	version int
	writes  int
	// meddle is called after each GET, as somebody who changes things in between.
	meddle func(obj *unstructured.Unstructured)
}

func startAPIServer(t *testing.T, documents ...string) (*apiServer, *kube.Client) {
	t.Helper()
	s := &apiServer{objects: map[string]*unstructured.Unstructured{}}
	for _, d := range documents {
		obj := parse(t, d)
		s.store(obj)
	}
	mux := http.NewServeMux()
	const path = "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications"
	mux.HandleFunc("POST "+path, s.create)
	mux.HandleFunc("GET "+path+"/{name}", s.get)
	mux.HandleFunc("PUT "+path+"/{name}", s.update)
	mux.HandleFunc("PATCH "+path+"/{name}", s.patch)
	mux.HandleFunc("DELETE "+path+"/{name}", s.delete)
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	c, err := kube.New(&rest.Config{Host: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func parse(t *testing.T, document string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(document), &obj.Object); err != nil {
		t.Fatal(err)
	}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Application"))
	if obj.GetNamespace() == "" {
		obj.SetNamespace("argocd")
	}
	return obj
}

// store needs no lock before the server runs, else s.mu.
func (s *apiServer) store(obj *unstructured.Unstructured) {
	s.version++
	if obj.GetUID() == "" {
		obj.SetUID("uid-1")
	}
	obj.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[obj.GetNamespace()+"/"+obj.GetName()] = obj
	if obj.GetDeletionTimestamp() != nil && len(obj.GetFinalizers()) == 0 {
		delete(s.objects, obj.GetNamespace()+"/"+obj.GetName())
	}
}

func (s *apiServer) find(r *http.Request) (*unstructured.Unstructured, error) {
	obj, ok := s.objects[r.PathValue("namespace")+"/"+r.PathValue("name")]
	if !ok {
		return nil, apierrors.NewNotFound(v1alpha1.ApplicationResource.GroupResource(), r.PathValue("name"))
	}
	return obj, nil
}

func (s *apiServer) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	obj, err := s.find(r)
	reply(w, obj, err)
	if err == nil && s.meddle != nil {
		changed := obj.DeepCopy()
		s.meddle(changed)
		s.store(changed)
	}
}

func (s *apiServer) create(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	obj := read(r)
	if _, ok := s.objects[obj.GetNamespace()+"/"+obj.GetName()]; ok {
		reply(w, nil, apierrors.NewAlreadyExists(v1alpha1.ApplicationResource.GroupResource(), obj.GetName()))
		return
	}
	s.write(w, nil, obj)
}

func (s *apiServer) update(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.find(r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	s.write(w, old, read(r))
}

func (s *apiServer) patch(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.find(r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	doc, body := must(json.Marshal(old.Object)), must(io.ReadAll(r.Body))
	after := &unstructured.Unstructured{}
	if err := json.Unmarshal(must(jsonpatch.MergePatch(doc, body)), &after.Object); err != nil {
		panic(err)
	}
	s.write(w, old, after)
}

// write has the API server's rules for what may become of old.
func (s *apiServer) write(w http.ResponseWriter, old, obj *unstructured.Unstructured) {
	resource := v1alpha1.ApplicationResource.GroupResource()
	if old != nil && (obj.GetResourceVersion() != old.GetResourceVersion() || obj.GetUID() != old.GetUID()) {
		reply(w, nil, apierrors.NewConflict(resource, obj.GetName(), fmt.Errorf("the object has been modified")))
		return
	}
	if old != nil && old.GetDeletionTimestamp() != nil && len(obj.GetFinalizers()) > len(old.GetFinalizers()) {
		reply(w, nil, apierrors.NewForbidden(resource, obj.GetName(), fmt.Errorf("no new finalizers can be added")))
		return
	}
	s.writes++
	s.store(obj)
	reply(w, obj, nil)
}

func (s *apiServer) delete(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	obj, err := s.find(r)
	if err != nil {
		reply(w, nil, err)
		return
	}
	var o metav1.DeleteOptions
	if err := json.Unmarshal(must(io.ReadAll(r.Body)), &o); err != nil {
		panic(err)
	}
	if o.Preconditions == nil || o.Preconditions.UID == nil || *o.Preconditions.UID != obj.GetUID() {
		reply(w, nil, apierrors.NewConflict(v1alpha1.ApplicationResource.GroupResource(), obj.GetName(), fmt.Errorf("the UID is another")))
		return
	}
	now := metav1.Now()
	obj.SetDeletionTimestamp(&now)
	s.writes++
	s.store(obj)
	reply(w, obj, nil)
}

func read(r *http.Request) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{}
	if err := json.Unmarshal(must(io.ReadAll(r.Body)), &obj.Object); err != nil {
		panic(err)
	}
	return obj
}

func reply(w http.ResponseWriter, obj *unstructured.Unstructured, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		_, _ = w.Write(must(json.Marshal(obj.Object)))
		return
	}
	failure, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		panic(err)
	}
	status := failure.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	w.WriteHeader(int(status.Code))
	_, _ = w.Write(must(json.Marshal(status)))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
