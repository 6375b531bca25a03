package apply

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/test/playgroundtest"
)

// TestPlayground: a real API server answers as the cases of TestRequests say.
func TestPlayground(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	c := playgroundtest.Start(t, playgroundtest.Options{Nodes: -1})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := cluster.Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := conn.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(*real){
		"replace": replaceForReal, "pending": pendingForReal, "immutable": immutableForReal, "held": heldForReal,
		"migration": migrationForReal, "create": createForReal, "namespace": namespaceForReal, "remove": removeForReal,
	} {
		t.Run(name, func(t *testing.T) {
			r := &real{t: t, a: &Applier{Conn: conn}, kinds: kinds, namespace: name}
			if name != "namespace" {
				r.want(r.apply("{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}", Task{}), v1alpha1.ResultSynced, "serverside-applied")
			}
			f(r)
		})
	}
}

// real is a test against a real API server, in a namespace of its own.
type real struct {
	t         *testing.T
	a         *Applier
	kinds     *cluster.Kinds
	namespace string
}

func (r *real) task(manifest string, t Task) Task {
	r.t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &obj.Object); err != nil {
		r.t.Fatal(err)
	}
	kind, ok := r.kinds.Exact(obj.GroupVersionKind())
	if !ok {
		r.t.Fatalf("%s is not served", obj.GroupVersionKind())
	}
	if kind.Namespaced {
		obj.SetNamespace(r.namespace)
	}
	body, err := json.Marshal(obj.Object)
	if err != nil {
		r.t.Fatal(err)
	}
	t.Key, t.Kind, t.Body = resource.KeyOf(obj), kind, body
	return t
}

func (r *real) apply(manifest string, t Task) Result { return r.applyAs(manifest, t, Options{}) }

func (r *real) dryRun(manifest string, t Task) Result {
	return r.applyAs(manifest, t, Options{DryRun: true})
}

func (r *real) applyAs(manifest string, t Task, o Options) Result {
	r.t.Helper()
	return one(r.t, r.a.Apply(r.t.Context(), []Task{r.task(manifest, t)}, o))
}

func (r *real) want(got Result, status v1alpha1.ResultCode, message string) {
	r.t.Helper()
	if got.Status != status || !strings.Contains(got.Message, message) {
		r.t.Fatalf("%s: %q %q, want %q %q", got.Key.Human(), got.Status, got.Message, status, message)
	}
}

// get is the live object, with its managed fields.
func (r *real) get(manifest string) *unstructured.Unstructured {
	r.t.Helper()
	t := r.task(manifest, Task{})
	live, err := r.a.Conn.Get(r.t.Context(), t.Kind, t.Key.Namespace, t.Key.Name)
	if err != nil {
		r.t.Fatal(err)
	}
	return live
}

// by writes as somebody else.
func (r *real) by(manager, manifest string) *unstructured.Unstructured {
	r.t.Helper()
	t := r.task(manifest, Task{})
	live, err := r.a.Conn.Apply(r.t.Context(), t.Kind, t.Key, t.Body, cluster.WriteOptions{Manager: manager})
	if err != nil {
		r.t.Fatal(err)
	}
	return live
}

func (r *real) patch(manifest, patch string) *unstructured.Unstructured {
	r.t.Helper()
	t := r.task(manifest, Task{})
	live, err := r.a.Conn.Patch(r.t.Context(), t.Kind, t.Key, types.MergePatchType, []byte(patch))
	if err != nil {
		r.t.Fatal(err)
	}
	return live
}

func configMap(meta, data string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings%s}, data: {%s}}", meta, data)
}

func job(image string) string {
	return fmt.Sprintf("{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, "+
		"spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: %s}]}}}}", image)
}

func replaceForReal(r *real) {
	both, one := configMap("", "a: '1', b: '2'"), configMap("", "a: '1'")
	r.want(r.dryRun(both, Task{Replace: true}), v1alpha1.ResultSynced, "created (dry run)")
	first := r.apply(both, Task{Replace: true})
	r.want(first, v1alpha1.ResultSynced, "settings created")
	r.by("someone", configMap(", labels: {of: others}, finalizers: [example.com/disk]", ""))

	r.want(r.dryRun(one, Task{Replace: true}), v1alpha1.ResultSynced, "replaced (dry run)")
	if live := r.get(one); live.GetLabels()["of"] != "others" {
		r.t.Fatalf("the dry run replaced: %v", live)
	}
	second := r.apply(one, Task{Replace: true})
	r.want(second, v1alpha1.ResultSynced, "replaced")
	live := r.get(one)
	data, _, _ := unstructured.NestedStringMap(live.Object, "data")
	if len(data) != 1 || len(live.GetLabels()) != 0 || !slices.Equal(live.GetFinalizers(), []string{"example.com/disk"}) || live.GetUID() != first.Object.GetUID() {
		r.t.Errorf("replaced: %v", live)
	}
	r.want(r.apply(configMap("", "a: [no string]"), Task{Replace: true}), v1alpha1.ResultSyncFailed, "ConfigMap in version \"v1\" cannot be handled")

	// Back to applying: a field of the replacement that leaves the source goes.
	if !IsLegacy(live) {
		r.t.Error("an object that was replaced has fields to take over")
	}
	r.want(r.apply(configMap("", ""), Task{Legacy: true}), v1alpha1.ResultSynced, "serverside-applied")
	if data, ok, _ := unstructured.NestedStringMap(r.get(one).Object, "data"); ok && len(data) > 0 {
		r.t.Errorf("what left the source stayed: %v", data)
	}
}

func pendingForReal(r *real) {
	held := strings.Replace(job("v1"), "name: migrate", "name: migrate, finalizers: [example.com/hold]", 1)
	old := r.apply(held, Task{}).Object.GetUID()
	task := Task{Replace: true, Force: true, UID: old}
	for range 2 { // once with the deletion, once after it
		got := r.apply(job("v2"), task)
		r.want(got, "", "its finalizers are example.com/hold")
		if !got.Pending || got.Failed() {
			r.t.Errorf("%+v", got)
		}
	}
	r.patch(held, `{"metadata":{"finalizers":null}}`)
	anew := r.apply(job("v2"), task)
	r.want(anew, v1alpha1.ResultSynced, "created")
	again := r.apply(job("v2"), task)
	r.want(again, v1alpha1.ResultSynced, "serverside-applied")
	if again.Object.GetUID() != anew.Object.GetUID() || anew.Object.GetUID() == old {
		r.t.Errorf("uids %s, %s, %s: the same task made it anew twice", old, anew.Object.GetUID(), again.Object.GetUID())
	}
}

func immutableForReal(r *real) {
	set := func(policy string) string {
		return fmt.Sprintf("{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {podManagementPolicy: %s, selector: {matchLabels: {a: b}}, "+
			"template: {metadata: {labels: {a: b}}, spec: {containers: [{name: main, image: x}]}}}}", policy)
	}
	binding := func(role string) string {
		return fmt.Sprintf("{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, "+
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}, subjects: [{kind: ServiceAccount, name: s, namespace: default}]}", role)
	}
	const refusal = "field is immutable"
	for _, x := range []struct {
		before, after string
		force         bool // a binding needs none
	}{
		{job("v1"), job("v2"), true},
		{set("Parallel"), set("OrderedReady"), true},
		{binding("view"), binding("edit"), false},
	} {
		old := r.apply(x.before, Task{}).Object.GetUID()
		r.want(r.apply(x.after, Task{}), v1alpha1.ResultSyncFailed, refusal)
		r.want(r.dryRun(x.after, Task{Force: x.force, UID: old}), v1alpha1.ResultSynced, "deleted and created anew (dry run)")
		r.want(r.apply(x.after, Task{Force: x.force, UID: "another"}), v1alpha1.ResultSyncFailed, refusal)
		if live := r.get(x.before); live.GetUID() != old || live.GetDeletionTimestamp() != nil {
			r.t.Fatalf("was deleted: %v", live)
		}
		got := r.apply(x.after, Task{Force: x.force, UID: old})
		r.want(got, v1alpha1.ResultSynced, "deleted and created anew")
		if got.Object.GetUID() == old {
			r.t.Errorf("%s is the old one", got.Key.Human())
		}
	}
	broken := strings.Replace(job("v2"), "restartPolicy: Never", "restartPolicy: Always", 1)
	uid := r.get(job("v2")).GetUID()
	r.want(r.apply(broken, Task{Force: true, UID: uid}), v1alpha1.ResultSyncFailed, "restartPolicy")
	r.want(r.apply(broken, Task{Force: true, Replace: true, UID: uid}), v1alpha1.ResultSyncFailed, "restartPolicy")
	if live := r.get(broken); live.GetUID() != uid || live.GetDeletionTimestamp() != nil {
		r.t.Errorf("deleted for an object that cannot be: %v", live)
	}
}

func heldForReal(r *real) {
	service := func(port int, ip string) string {
		return fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, clusterIP: %q, ports: [{port: 80, nodePort: %d}]}}", ip, port)
	}
	first := r.apply(service(30080, ""), Task{Replace: true})
	r.want(first, v1alpha1.ResultSynced, "created")
	r.want(r.apply(service(30080, ""), Task{Replace: true}), v1alpha1.ResultSynced, "replaced")
	ip, _, _ := unstructured.NestedString(first.Object.Object, "spec", "clusterIP")
	second := r.apply(service(30080, ip), Task{Replace: true, Force: true, UID: first.Object.GetUID()})
	r.want(second, v1alpha1.ResultSynced, "deleted and created anew")

	other := strings.Replace(service(30081, ""), "name: web", "name: other", 1)
	r.want(r.apply(other, Task{}), v1alpha1.ResultSynced, "serverside-applied")
	for _, replace := range []bool{false, true} {
		r.want(r.apply(service(30081, ip), Task{Replace: replace, Force: true, UID: second.Object.GetUID()}), v1alpha1.ResultSyncFailed, "already allocated")
	}
	if live := r.get(service(30080, ip)); live.GetUID() != second.Object.GetUID() {
		r.t.Error("deleted for a port that another Service has")
	}
}

func migrationForReal(r *real) {
	annotated := ", annotations: {" + lastApplied + ": '{}'}"
	for _, x := range []struct{ manager, meta, named string }{
		{"kubectl-client-side-apply", annotated, ""},
		{v1alpha1.FieldManager, annotated, ""},
		{"helm", "", "helm"},
	} {
		before := r.task(configMap(x.meta, "a: '1', old: '1'"), Task{})
		live, err := r.a.Conn.Post(r.t.Context(), before.Kind, before.Key, before.Body, cluster.WriteOptions{Manager: x.manager})
		if err != nil {
			r.t.Fatal(err)
		}
		if !IsLegacy(live, x.named) {
			r.t.Errorf("%s: not legacy", x.manager)
		}
		after := configMap("", "a: '2'")
		r.want(r.apply(after, Task{Legacy: true, MigrationManager: x.named}), v1alpha1.ResultSynced, "serverside-applied")
		live = r.get(after)
		if data, _, _ := unstructured.NestedStringMap(live.Object, "data"); len(data) != 1 || data["a"] != "2" || IsLegacy(live, x.named) {
			r.t.Errorf("%s: %v", x.manager, live)
		}
		removal := Removal{Key: before.Key, Kind: before.Kind, UID: live.GetUID(), Propagation: "Background"}
		r.want(one(r.t, r.a.Remove(r.t.Context(), []Removal{removal}, Options{})), v1alpha1.ResultPruned, "pruned")
	}
}

func createForReal(r *real) {
	task := r.task(job("v1"), Task{})
	create := func(o Options) Result { return one(r.t, r.a.Create(r.t.Context(), []Task{task}, o)) }
	r.want(create(Options{DryRun: true}), v1alpha1.ResultSynced, "created (dry run)")
	first := create(Options{})
	r.want(first, v1alpha1.ResultSynced, "created")
	second := create(Options{})
	r.want(second, v1alpha1.ResultSyncFailed, `jobs.batch "migrate" already exists`)
	if second.Existing == nil || second.Existing.GetUID() != first.Object.GetUID() {
		r.t.Errorf("%+v", second)
	}
	secret := r.task("{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {p: hunter2!}}", Task{})
	got := one(r.t, r.a.Create(r.t.Context(), []Task{secret}, Options{}))
	r.want(got, v1alpha1.ResultSyncFailed, "refused the Secret")
	if strings.Contains(got.Message, "hunter2") {
		r.t.Errorf("a value in %q", got.Message)
	}
}

func namespaceForReal(r *real) {
	manifest := "{apiVersion: v1, kind: Namespace, metadata: {name: shared"
	kind, _ := r.kinds.Preferred(resource.Key{Kind: "Namespace"}.GroupKind())
	labels := func(kv ...string) *v1alpha1.ManagedNamespaceMetadata {
		m := &v1alpha1.ManagedNamespaceMetadata{Labels: map[string]string{}}
		for _, k := range kv {
			m.Labels[k] = "yes"
		}
		return m
	}
	ensure := func(app string, m *v1alpha1.ManagedNamespaceMetadata, message string) {
		r.t.Helper()
		n := Namespace{Kind: kind, Name: "shared", App: app, Metadata: m}
		r.want(r.a.EnsureNamespace(r.t.Context(), n, Options{}), v1alpha1.ResultSynced, message)
		if live := r.get(manifest + "}}"); !n.Settled(live) {
			r.t.Errorf("%s is not settled: %v", app, live)
		}
	}
	has := func(want ...string) {
		r.t.Helper()
		var got []string
		for label := range r.get(manifest + "}}").GetLabels() {
			if label != "kubernetes.io/metadata.name" {
				got = append(got, label)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			r.t.Errorf("labels %v, want %v", got, want)
		}
	}
	ensure("plain", nil, "created")
	ensure("plain", nil, "unchanged")
	r.want(r.apply(manifest+", labels: {git: 'yes'}}}", Task{}), v1alpha1.ResultSynced, "serverside-applied")
	ensure("one", labels("a", "both"), "serverside-applied")
	ensure("two", labels("b", "both"), "serverside-applied")
	has("a", "b", "both", "git")

	less := Namespace{Kind: kind, Name: "shared", App: "one", Metadata: labels()}
	if less.Settled(r.get(manifest + "}}")) {
		r.t.Error("labels that left the spec are still there, and it is settled")
	}
	ensure("one", less.Metadata, "serverside-applied")
	has("b", "both", "git")
}

func removeForReal(r *real) {
	live := r.apply(configMap("", "a: '1'"), Task{}).Object
	task := r.task(configMap("", ""), Task{})
	remove := func(uid types.UID, o Options) Result {
		return one(r.t, r.a.Remove(r.t.Context(), []Removal{{Key: task.Key, Kind: task.Kind, UID: uid, Propagation: "Foreground"}}, o))
	}
	r.want(remove(live.GetUID(), Options{DryRun: true}), v1alpha1.ResultPruned, "pruned (dry run)")
	r.want(remove("another", Options{DryRun: true}), v1alpha1.ResultSyncFailed, "UID in the precondition")
	if r.get(configMap("", "")).GetDeletionTimestamp() != nil {
		r.t.Error("a dry run deleted")
	}
}
