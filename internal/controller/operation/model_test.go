package operation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/resource"
)

// served are the kinds of the model: resource, group, version, kind, scope.
var served = [][5]string{
	{"namespaces", "", "v1", "Namespace", "Cluster"},
	{"configmaps", "", "v1", "ConfigMap", "Namespaced"},
	{"serviceaccounts", "", "v1", "ServiceAccount", "Namespaced"},
	{"pods", "", "v1", "Pod", "Namespaced"},
	{"jobs", "batch", "v1", "Job", "Namespaced"},
	{"deployments", "apps", "v1", "Deployment", "Namespaced"},
	{"workflows", "argoproj.io", "v1alpha1", "Workflow", "Namespaced"},
}

const (
	foreground = "foregroundDeletion"
	refused    = "Refused" // the ConfigMap data key by which the model's admission refuses an object
)

// errCut is the network's when the client has been cut off.
var errCut = errors.New("cut off")

// model is a Kubernetes API server as far as an operation goes, as a RoundTripper:
// uids, versions, preconditions, finalizers, dry runs, and an admission that refuses.
// Its garbage collector and controllers work when tick is called.
type model struct {
	mu      sync.Mutex
	objects map[resource.Key]*unstructured.Unstructured
	version int
	now     func() time.Time
	asked   int
	// writes are the requests that changed something, in order.
	writes []string
	// made are the uids that were created, by key.
	made map[resource.Key][]types.UID
	// deleted are the objects as they were when their deletion was accepted.
	deleted []*unstructured.Unstructured
	// cut, of request n, says whether it does not arrive, or its answer does not.
	cut func(n int) (before, after bool)
	// meddle is called before request n is carried out.
	meddle func(n int)
	// lose is the method of the next write whose answer is lost.
	lose string
	// refuse makes an answer for a request in place of the model's, if it wants to.
	refuse func(method string, key resource.Key) error
}

func newModel(now func() time.Time) *model {
	return &model{objects: map[resource.Key]*unstructured.Unstructured{}, made: map[resource.Key][]types.UID{}, now: now}
}

// RoundTrip is http.RoundTripper's.
func (m *model) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/api" || r.URL.Path == "/apis" {
		return respond(http.StatusOK, discovery(r.URL.Path == "/api")), nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.asked
	m.asked++
	before, after := false, false
	if m.cut != nil {
		before, after = m.cut(n)
	}
	if before {
		return nil, errCut
	}
	if m.meddle != nil {
		m.meddle(n)
	}
	out, err := m.answer(r)
	if lost := m.lose == r.Method && r.URL.Query().Get("dryRun") == ""; after || lost {
		m.lose = strings.TrimPrefix(m.lose, r.Method)
		return nil, errCut
	}
	if err != nil {
		var status apierrors.APIStatus
		if !errors.As(err, &status) {
			return nil, err
		}
		s := status.Status()
		s.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
		return respond(int(s.Code), s), nil
	}
	return respond(http.StatusOK, out.Object), nil
}

func respond(code int, body any) *http.Response {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(b)),
	}
}

func discovery(core bool) any {
	groups := map[string][]any{}
	for _, k := range served {
		if (k[1] == "") != core {
			continue
		}
		groups[k[1]+"/"+k[2]] = append(groups[k[1]+"/"+k[2]], map[string]any{
			"resource": k[0], "scope": k[4], "verbs": []string{"list", "watch"},
			"responseKind": map[string]any{"group": k[1], "version": k[2], "kind": k[3]},
		})
	}
	var items []any
	for _, gv := range slices.Sorted(maps.Keys(groups)) {
		group, version, _ := strings.Cut(gv, "/")
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": group},
			"versions": []any{map[string]any{"version": version, "resources": groups[gv]}},
		})
	}
	return map[string]any{"items": items}
}

// target is the kind and object that a path names; the name is empty for a
// collection.
func target(path string) (resource.Key, string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	group, rest := "", parts[2:]
	if parts[0] == "apis" {
		group, rest = parts[1], parts[3:]
	}
	key := resource.Key{Group: group}
	if rest[0] == "namespaces" && len(rest) > 2 {
		key.Namespace, rest = rest[1], rest[2:]
	}
	for _, k := range served {
		if k[0] == rest[0] && k[1] == group {
			key.Kind = k[3]
		}
	}
	if len(rest) > 1 {
		key.Name = rest[1]
	}
	return key, rest[0]
}

func (m *model) answer(r *http.Request) (*unstructured.Unstructured, error) {
	key, plural := target(r.URL.Path)
	gr := schema.GroupResource{Group: key.Group, Resource: plural}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	dry := r.URL.Query().Get("dryRun") != ""
	if r.Method == http.MethodPost {
		key.Name = decoded(body).GetName()
	}
	if m.refuse != nil {
		method := r.Method
		if dry {
			method = "DRY"
		}
		if err := m.refuse(method, key); err != nil {
			return nil, err
		}
	}
	old := m.objects[key]
	apply := r.Header.Get("Content-Type") == string(types.ApplyPatchType)
	switch {
	case r.Method == http.MethodPost && old != nil:
		return nil, apierrors.NewAlreadyExists(gr, key.Name)
	case r.Method == http.MethodPost, apply && old == nil:
		return m.write(r, gr, decoded(body), dry)
	case old == nil:
		return nil, apierrors.NewNotFound(gr, key.Name)
	case r.Method == http.MethodGet:
		return old, nil
	case r.Method == http.MethodDelete:
		return m.remove(gr, old, body, dry)
	case apply:
		merged := old.DeepCopy()
		merge(merged.Object, decoded(body).Object)
		return m.write(r, gr, merged, dry)
	}
	patched, err := jsonpatch.MergePatch(must(old.MarshalJSON()), body)
	after := decoded(must(patched, err))
	if after.GetUID() != old.GetUID() || after.GetResourceVersion() != old.GetResourceVersion() {
		return nil, apierrors.NewConflict(gr, key.Name, errors.New("the object has been modified"))
	}
	return m.write(r, gr, after, dry)
}

// write stores an object that passes admission: in a namespace that exists, and not
// one that asks to be refused.
func (m *model) write(r *http.Request, gr schema.GroupResource, obj *unstructured.Unstructured, dry bool) (*unstructured.Unstructured, error) {
	if ns := obj.GetNamespace(); ns != "" && m.objects[resource.Key{Kind: "Namespace", Name: ns}] == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, ns)
	}
	if data, _, _ := unstructured.NestedStringMap(obj.Object, "data"); data[refused] != "" {
		return nil, apierrors.NewForbidden(gr, obj.GetName(), errors.New(data[refused]))
	}
	if dry {
		return obj, nil
	}
	old := m.objects[resource.KeyOf(obj)]
	if old != nil && reflect.DeepEqual(old.Object, obj.Object) {
		return old, nil
	}
	m.writes = append(m.writes, r.Method+" "+resource.KeyOf(obj).Human())
	return m.put(obj), nil
}

// put stores an object; one that is on its way out and kept by nothing goes.
func (m *model) put(obj *unstructured.Unstructured) *unstructured.Unstructured {
	key := resource.KeyOf(obj)
	m.version++
	if m.objects[key] == nil {
		obj.SetUID(types.UID(fmt.Sprintf("uid-%d", m.version)))
		if at := obj.GetCreationTimestamp(); at.IsZero() {
			obj.SetCreationTimestamp(metav1.NewTime(m.now()))
		}
		m.made[key] = append(m.made[key], obj.GetUID())
	}
	obj.SetResourceVersion(strconv.Itoa(m.version))
	m.objects[key] = obj
	if obj.GetDeletionTimestamp() != nil && len(obj.GetFinalizers()) == 0 {
		delete(m.objects, key)
	}
	return obj
}

func (m *model) remove(gr schema.GroupResource, old *unstructured.Unstructured, body []byte, dry bool) (*unstructured.Unstructured, error) {
	var o metav1.DeleteOptions
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if o.Preconditions != nil && o.Preconditions.UID != nil && *o.Preconditions.UID != old.GetUID() {
		return nil, apierrors.NewConflict(gr, old.GetName(), errors.New("the UID in the precondition is another"))
	}
	if dry || len(o.DryRun) > 0 || old.GetDeletionTimestamp() != nil {
		return old, nil
	}
	m.writes = append(m.writes, "DELETE "+resource.KeyOf(old).Human())
	m.deleted = append(m.deleted, old)
	obj := old.DeepCopy()
	now := metav1.NewTime(m.now())
	obj.SetDeletionTimestamp(&now)
	if o.PropagationPolicy != nil && *o.PropagationPolicy == metav1.DeletePropagationForeground {
		obj.SetFinalizers(append(obj.GetFinalizers(), foreground))
	}
	return m.put(obj), nil
}

// merge writes what is in from over into, as an apply does that takes nothing away.
func merge(into, from map[string]any) {
	for k, v := range from {
		have, okHave := into[k].(map[string]any)
		want, okWant := v.(map[string]any)
		if okHave && okWant {
			merge(have, want)
			continue
		}
		into[k] = v
	}
}

// tick has the controllers of the cluster do what they would: dependants go, what is
// kept by nothing goes, Jobs complete, Deployments roll out.
func (m *model) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range m.keys() {
		obj := m.objects[key].DeepCopy()
		if obj.GetDeletionTimestamp() != nil {
			obj.SetFinalizers(slices.DeleteFunc(obj.GetFinalizers(), func(f string) bool { return f == foreground }))
			m.put(obj)
			continue
		}
		switch key.Kind {
		case "Job":
			outcome := "Complete"
			if obj.GetLabels()["outcome"] != "" {
				outcome = obj.GetLabels()["outcome"]
			}
			m.condition(obj, outcome)
		case "Deployment":
			m.status(obj, map[string]any{"replicas": int64(1), "updatedReplicas": int64(1), "availableReplicas": int64(1)})
		}
	}
}

// condition gives a Job its outcome once.
func (m *model) condition(obj *unstructured.Unstructured, outcome string) {
	m.status(obj, map[string]any{"conditions": []any{map[string]any{"type": outcome, "status": "True", "message": outcome}}})
}

func (m *model) status(obj *unstructured.Unstructured, status map[string]any) {
	if reflect.DeepEqual(obj.Object["status"], status) {
		return
	}
	obj.Object["status"] = status
	m.put(obj)
}

// keys are those of all objects, in order.
func (m *model) keys() []resource.Key {
	return slices.SortedFunc(maps.Keys(m.objects), resource.Key.Compare)
}

// list are all objects, in order.
func (m *model) list() []*unstructured.Unstructured {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*unstructured.Unstructured
	for _, key := range m.keys() {
		out = append(out, m.objects[key])
	}
	return out
}

// content is every object without what differs from one run to the next.
func (m *model) content() map[string]string {
	out := map[string]string{}
	for _, obj := range m.list() {
		body := runtime.DeepCopyJSON(obj.Object)
		for _, field := range [...]string{"uid", "resourceVersion", "creationTimestamp"} {
			unstructured.RemoveNestedField(body, "metadata", field)
		}
		out[resource.KeyOf(obj).Human()] = string(must(json.Marshal(body)))
	}
	return out
}

func decoded(b []byte) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(b); err != nil {
		panic(err)
	}
	return obj
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
