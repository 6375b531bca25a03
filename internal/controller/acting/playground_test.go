package acting_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/acting"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/view"
	"evenkeel.dev/test/kubetest"
	"evenkeel.dev/test/playgroundtest"
)

// TestPlayground runs actions against a real API server.
func TestPlayground(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	c := playgroundtest.Start(t, playgroundtest.Options{Nodes: -1})
	w := &world{t: t}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return between{w: w, next: next} })
	if w.conn, err = cluster.Connect(config); err != nil {
		t.Fatal(err)
	}
	if w.client, err = kubetest.New(c.Kubeconfig); err != nil {
		t.Fatal(err)
	}
	if err := w.client.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.apply(definitions)
	for _, kind := range []string{"rollouts.argoproj.io", "olds.example.org"} {
		if err := w.client.AwaitWanted(t.Context(), "CustomResourceDefinition.apiextensions.k8s.io", "/"+kind, []string{"/status/conditions/1/status=True"}); err != nil {
			t.Fatal(err)
		}
	}
	if w.kinds, err = w.conn.Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(*world){
		"restart": restart, "scale": scale, "conflict": conflict, "status": status, "create": create, "project": projectRules,
		"owned": owned, "secret": secrets, "self": self, "dryrun": dryRun,
	} {
		t.Run(name, func(t *testing.T) {
			one := &world{t: t, conn: w.conn, client: w.client, kinds: w.kinds, ns: name, project: everything()}
			one.app = &v1alpha1.Application{
				TypeMeta:   metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Application"},
				ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: name},
			}
			one.app.Spec.Destination = v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer, Namespace: name}
			w.mu.Lock()
			w.before = nil
			w.mu.Unlock()
			one.outer = w
			one.apply("{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}")
			f(one)
		})
	}
}

const definitions = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.argoproj.io}
spec:
  group: argoproj.io
  names: {kind: Rollout, plural: rollouts, singular: rollout, listKind: RolloutList}
  scope: Namespaced
  versions: [{name: v1alpha1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: olds.example.org}
spec:
  group: example.org
  names: {kind: Old, plural: olds, singular: old, listKind: OldList}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`

func everything() *v1alpha1.AppProject {
	return &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.AppProjectSpec{
		Destinations:             []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "*"}},
		ClusterResourceWhitelist: []v1alpha1.ClusterResourceRestrictionItem{{Group: "*", Kind: "*"}},
	}}
}

// world is one test's namespace and Application.
type world struct {
	t       *testing.T
	conn    *cluster.Conn
	client  *kubetest.Client
	kinds   *cluster.Kinds
	ns      string
	app     *v1alpha1.Application
	project *v1alpha1.AppProject
	custom  []settings.Customization
	log     bytes.Buffer
	outer   *world

	mu sync.Mutex
	// before is called before each request.
	before func(*http.Request)
}

// between lets something happen between a decision and its request.
type between struct {
	w    *world
	next http.RoundTripper
}

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	b.w.mu.Lock()
	f := b.w.before
	b.w.mu.Unlock()
	if f != nil {
		f(r)
	}
	return b.next.RoundTrip(r)
}

func (w *world) interfere(f func(*http.Request)) {
	w.outer.mu.Lock()
	defer w.outer.mu.Unlock()
	w.outer.before = f
}

func (w *world) apply(manifests string) {
	w.t.Helper()
	if err := w.client.Apply(w.t.Context(), w.ns, []byte(manifests)); err != nil {
		w.t.Fatal(err)
	}
}

// manage applies an object as the controller does, and has the Application manage it.
func (w *world) manage(manifest string) view.ActionTarget {
	w.t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &obj.Object); err != nil {
		w.t.Fatal(err)
	}
	kind, ok := w.kinds.Exact(obj.GroupVersionKind())
	if !ok {
		w.t.Fatalf("%s is not served", obj.GroupVersionKind())
	}
	obj.SetNamespace(w.ns)
	body, err := json.Marshal(obj.Object)
	if err != nil {
		w.t.Fatal(err)
	}
	key := resource.KeyOf(obj)
	if _, err := w.conn.Apply(w.t.Context(), kind, key, body, cluster.WriteOptions{Manager: v1alpha1.FieldManager}); err != nil {
		w.t.Fatal(err)
	}
	w.app.Status.Resources = append(w.app.Status.Resources, v1alpha1.ResourceStatus{
		Group: key.Group, Version: kind.GVK.Version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
	})
	if key.Kind == "Deployment" { // its controller has a lot to write at first
		settled := func(o *unstructured.Unstructured) string {
			if n, _, _ := unstructured.NestedInt64(o.Object, "status", "unavailableReplicas"); n == 0 {
				return "no Pods yet"
			}
			return ""
		}
		if err := w.client.Await(w.t.Context(), "Deployment.apps", w.ns+"/"+key.Name, settled); err != nil {
			w.t.Fatal(err)
		}
	}
	return view.ActionTarget{Key: key, Version: kind.GVK.Version}
}

func (w *world) runner() *acting.Runner {
	kinds := func() *cluster.Kinds { return w.kinds }
	return acting.New(acting.Options{
		Conn: w.conn, Kinds: kinds, Namespace: "argocd", Members: acting.Owners{Conn: w.conn, Kinds: kinds},
		Settings: func() settings.Snapshot { return settings.Snapshot{Customizations: w.custom} },
		Project:  func(context.Context, string) *v1alpha1.AppProject { return w.project },
		Log:      slog.New(slog.NewTextHandler(&w.log, nil)),
		Now:      func() time.Time { return time.Date(2026, 11, 26, 9, 11, 12, 13, time.UTC) },
	})
}

func (w *world) run(t view.ActionTarget, action string, params ...string) (view.ActionResult, error) {
	run := view.ActionRun{Target: t, Action: action, By: "alice", Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		run.Params[params[i]] = params[i+1]
	}
	return w.runner().RunAction(w.t.Context(), w.app, run)
}

func (w *world) must(result view.ActionResult, err error) view.ActionResult {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// refused wants an error of a kind that says something.
func (w *world) refused(err error, kind fault.Kind, says string) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != kind || !strings.Contains(err.Error(), says) {
		w.t.Errorf("got %v (%s), want %s saying %q", err, fault.KindOf(err), kind, says)
	}
}

func (w *world) get(t view.ActionTarget) *unstructured.Unstructured {
	w.t.Helper()
	kind, _ := w.kinds.Preferred(t.GroupKind())
	obj, err := w.conn.Get(w.t.Context(), kind, t.Namespace, t.Name)
	if err != nil {
		w.t.Fatal(err)
	}
	return obj
}

// is wants values at paths with dots.
func (w *world) is(obj *unstructured.Unstructured, want map[string]any) {
	w.t.Helper()
	got := map[string]any{}
	for path := range want {
		got[path], _, _ = unstructured.NestedFieldNoCopy(obj.Object, strings.Split(path, ".")...)
	}
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", resource.KeyOf(obj).Human(), d)
	}
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "nginx:1"}]}}
`

// A restart is a field that Git does not speak of: it is no drift, and stays.
func restart(w *world) {
	t := w.manage(deployment)
	if d := cmp.Diff(view.ActionResult{}, w.must(w.run(t, "restart"))); d != "" {
		w.t.Error(d)
	}
	annotation := func() string {
		a, _, _ := unstructured.NestedStringMap(w.get(t).Object, "spec", "template", "metadata", "annotations")
		return a["kubectl.kubernetes.io/restartedAt"]
	}
	if got := annotation(); got != "2026-11-26T09:11:12Z" {
		w.t.Errorf("restarted at %q", got)
	}
	w.manage(deployment)
	if annotation() == "" {
		w.t.Error("the next sync took the annotation away")
	}
	managers := []string{}
	for _, m := range w.get(t).GetManagedFields() {
		if m.Manager == acting.Manager {
			managers = append(managers, string(m.Operation)+" "+m.Subresource)
		}
	}
	if d := cmp.Diff([]string{"Update "}, managers); d != "" {
		w.t.Error(d)
	}
	const line = `level=INFO msg="resource action" user=alice app=argocd/restart object=apps/Deployment/restart/web action=restart outcome=ran`
	if !strings.Contains(w.log.String(), line) {
		w.t.Errorf("the log is %s", w.log.String())
	}
	w.event("alice ran action restart on resource apps/Deployment/web")
}

// event wants the one event of the Application.
func (w *world) event(message string) {
	w.t.Helper()
	events, err := w.client.List(w.t.Context(), "Event")
	if err != nil {
		w.t.Fatal(err)
	}
	got := []string{}
	for _, e := range events {
		o, _, _ := unstructured.NestedString(e.Object, "involvedObject", "name")
		kind, _, _ := unstructured.NestedString(e.Object, "involvedObject", "kind")
		if kind == "Application" && o == w.app.Name && e.GetNamespace() == "argocd" {
			got = append(got, fmt.Sprint(e.Object["type"], " ", e.Object["reason"], " ", e.Object["message"], " ", e.GetAnnotations()["user"]))
		}
	}
	if d := cmp.Diff([]string{"Normal ResourceActionRan " + message + " alice"}, got); d != "" {
		w.t.Errorf("events (-want +got):\n%s", d)
	}
}

// What Git speaks of is undone, and an action says so before it is run.
func scale(w *world) {
	t := w.manage(deployment)
	on := true
	for _, c := range []struct {
		policy *v1alpha1.SyncPolicy
		note   string
	}{
		{nil, "Git says otherwise about /spec/replicas: application scale is OutOfSync then, and its next sync undoes this"},
		{&v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{}}, "Git says otherwise about /spec/replicas: application scale is OutOfSync then, and the sync of the next commit undoes this"},
		{&v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{SelfHeal: true, Enabled: &on}}, "Git says otherwise about /spec/replicas: self-heal of application scale undoes this at once"},
	} {
		w.app.Spec.SyncPolicy = c.policy
		list, err := w.runner().Actions(w.t.Context(), w.app, t)
		if err != nil {
			w.t.Fatal(err)
		}
		want := []view.Action{
			{Name: "restart", IconClass: "fa fa-fw fa-redo"},
			{Name: "pause", IconClass: "fa fa-fw fa-pause-circle"},
			{Name: "resume", IconClass: "fa fa-fw fa-play-circle", Disabled: true},
			{Name: "scale", IconClass: "fa fa-fw fa-plus-circle", Params: []view.ActionParam{{Name: "replicas", Default: "2"}}, Note: c.note},
		}
		if d := cmp.Diff(want, list); d != "" {
			w.t.Errorf("(-want +got):\n%s", d)
		}
	}
	result := w.must(w.run(t, "scale", "replicas", "4"))
	if !strings.HasPrefix(result.Note, "Git says otherwise about /spec/replicas: self-heal") {
		w.t.Errorf("note %q", result.Note)
	}
	w.is(w.get(t), map[string]any{"spec.replicas": int64(4)})
	_, err := w.run(t, "scale", "replicas", "a lot")
	w.refused(err, fault.Invalid, "parameter replicas")
	_, err = w.run(t, "explode")
	w.refused(err, fault.NotFound, `has no action "explode"`)
	_, err = w.run(t, strings.Repeat("x", 254))
	w.refused(err, fault.Invalid, "too long")
	other := t
	other.Name = "other"
	_, err = w.run(other, "restart")
	w.refused(err, fault.NotFound, "not found")
	other = t
	other.Version = "v7"
	_, err = w.run(other, "restart")
	w.refused(err, fault.NotFound, `"v7"`)
	other = t
	other.Namespace = ""
	_, err = w.run(other, "restart")
	w.refused(err, fault.Invalid, "have a namespace")
	other = t
	other.Name = "../secrets/x"
	_, err = w.run(other, "restart")
	w.refused(err, fault.Invalid, "the name of the object")
}

// An action on an object that somebody else changes meanwhile is decided anew, and not
// for ever.
func conflict(w *world) {
	t := w.manage(deployment)
	n := 0
	edit := func(times int) func(*http.Request) {
		return func(r *http.Request) {
			if r.Method != http.MethodPatch || n >= times {
				return
			}
			n++
			patch := fmt.Sprintf(`{"metadata":{"labels":{"edit":"%d"}},"spec":{"replicas":%d}}`, n, 5+n)
			if err := w.client.Merge(context.Background(), "Deployment.apps", w.ns+"/web", "somebody", []byte(patch)); err != nil {
				w.t.Error(err)
			}
		}
	}
	w.interfere(edit(1))
	w.must(w.run(t, "pause"))
	w.is(w.get(t), map[string]any{"spec.paused": true, "spec.replicas": int64(6), "metadata.labels.edit": "1"})
	w.interfere(edit(1000))
	_, err := w.run(t, "resume")
	w.refused(err, fault.Conflict, "it was changed meanwhile")
	w.interfere(nil)
	w.is(w.get(t), map[string]any{"spec.paused": true})
	const tries = 5
	if n < 1+tries { // beside the first one; the Deployment's controller may interfere as well
		w.t.Errorf("%d attempts", n-1)
	}
	if !strings.Contains(w.log.String(), "outcome=conflict") {
		w.t.Errorf("the log is %s", w.log.String())
	}
}

// A status is patched by its subresource where there is one.
func status(w *world) {
	t := w.manage(`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: {paused: true, strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}}}`)
	kind, _ := w.kinds.Preferred(t.GroupKind())
	if _, err := w.conn.Merge(w.t.Context(), kind, t.Key, []byte(`{"status":{"pauseConditions":[{"reason":"x"}],"currentStepIndex":1,"currentPodHash":"a","stableRS":"b"}}`),
		cluster.MergeOptions{WriteOptions: cluster.WriteOptions{Manager: "rollouts"}, Subresource: "status"}); err != nil {
		w.t.Fatal(err)
	}
	w.must(w.run(t, "resume"))
	w.is(w.get(t), map[string]any{"spec.paused": false, "status.pauseConditions": nil, "status.currentStepIndex": int64(1)})
	w.must(w.run(t, "skip-current-step"))
	w.must(w.run(t, "abort"))
	w.is(w.get(t), map[string]any{"status.currentStepIndex": int64(2), "status.abort": true})
	w.must(w.run(t, "retry"))
	w.is(w.get(t), map[string]any{"status.abort": nil})

	w.custom = []settings.Customization{{Group: "example.org", Kind: "Old", Actions: `definitions: [{name: go, action.lua: 'obj.status = {phase = "Gone"} obj.spec = {a = 1} return obj'}]`}}
	old := w.manage(`{apiVersion: example.org/v1, kind: Old, metadata: {name: a}}`)
	w.must(w.run(old, "go"))
	w.is(w.get(old), map[string]any{"status.phase": "Gone", "spec.a": int64(1)})
}

const cronJob = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1"}]}}}}
`

func create(w *world) {
	t := w.manage(cronJob)
	made := view.ActionTarget{Key: resource.Key{Group: "batch", Kind: "Job", Namespace: w.ns, Name: "report-2611260911"}}
	if d := cmp.Diff(view.ActionResult{Created: []string{made.String()}}, w.must(w.run(t, "create-job"))); d != "" {
		w.t.Error(d)
	}
	owners := w.get(made).GetOwnerReferences()
	if len(owners) != 1 || owners[0].UID != w.get(t).GetUID() || owners[0].Controller == nil || !*owners[0].Controller {
		w.t.Errorf("owners %+v", owners)
	}
	_, err := w.run(t, "create-job")
	w.refused(err, fault.Conflict, "already exists")
	// The Job is not the Application's own, but the CronJob's that is.
	w.must(w.run(made, "suspend"))
	w.is(w.get(made), map[string]any{"spec.suspend": true})
}

// What an action does has to be permitted by the project, whatever a script makes of it.
func projectRules(w *world) {
	w.project = &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.AppProjectSpec{
		Destinations:               []v1alpha1.ApplicationDestination{{Server: v1alpha1.InClusterServer, Namespace: w.ns}},
		NamespaceResourceBlacklist: []metav1.GroupKind{{Group: "apps", Kind: "Deployment"}, {Kind: "Secret"}},
	}}
	web := w.manage(deployment)
	_, err := w.run(web, "restart")
	w.refused(err, fault.Denied, "kind apps/Deployment is denied by spec.namespaceResourceBlacklist")
	w.is(w.get(web), map[string]any{"spec.template.metadata.annotations": nil})
	makes := func(object string) string {
		return `definitions: [{name: make, action.lua: 'return {{operation = "create", resource = ` + object + `}}'}]`
	}
	config := w.manage(`{apiVersion: v1, kind: ConfigMap, metadata: {name: config}}`)
	for _, c := range []struct{ reason, object, says string }{
		{"a kind that is denied", `{apiVersion = "v1", kind = "Secret", metadata = {name = "a"}}`, "kind Secret is denied"},
		{"another namespace", `{apiVersion = "v1", kind = "ConfigMap", metadata = {name = "a", namespace = "kube-system"}}`, "kube-system is not in spec.destinations"},
		{"a kind without namespaces that is given one", `{apiVersion = "rbac.authorization.k8s.io/v1", kind = "ClusterRole", metadata = {name = "a", namespace = "project"}}`, "cluster-scoped rbac.authorization.k8s.io/ClusterRole a is not in spec.clusterResourceWhitelist"},
	} {
		w.custom = []settings.Customization{{Kind: "ConfigMap", Actions: makes(c.object)}}
		if _, err := w.run(config, "make"); fault.KindOf(err) != fault.Denied || !strings.Contains(fmt.Sprint(err), c.says) {
			w.t.Errorf("%s: %v, want it to say %q", c.reason, err, c.says)
		}
	}
	w.custom = []settings.Customization{{Kind: "ConfigMap", Actions: makes(`{apiVersion = "v2", kind = "Thing", metadata = {name = "a"}}`)}}
	_, err = w.run(config, "make")
	w.refused(err, fault.Invalid, "does not serve")
	w.custom = []settings.Customization{{Kind: "ConfigMap", Actions: makes(`{apiVersion = "v1", kind = "ConfigMap", metadata = {name = "without"}}`)}}
	if d := cmp.Diff([]string{"/ConfigMap/project/without"}, w.must(w.run(config, "make")).Created); d != "" {
		w.t.Errorf("an object without a namespace: %s", d)
	}
	w.project = nil
	_, err = w.run(config, "make")
	w.refused(err, fault.Invalid, `project "default" does not exist`)
	w.project = everything()
	w.app.Namespace = "team"
	_, err = w.run(config, "make")
	w.refused(err, fault.Denied, "sourceNamespaces")
}

// Only what is in the tree can be acted on: what the Application manages, and what that
// owns.
func owned(w *world) {
	w.custom = []settings.Customization{{Kind: "ConfigMap", Actions: `definitions: [{name: mark, action.lua: 'obj.data = {marked = "yes"} return obj'}]`}}
	root := w.get(w.manage(deployment))
	child := func(name string, owner *unstructured.Unstructured, uid string) view.ActionTarget {
		w.apply(fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, ownerReferences: [{apiVersion: %s, kind: %s, name: %s, uid: %s}]}}",
			name, owner.GetAPIVersion(), owner.GetKind(), owner.GetName(), uid))
		return view.ActionTarget{Key: resource.Key{Kind: "ConfigMap", Namespace: w.ns, Name: name}}
	}
	first := child("first", root, string(root.GetUID()))
	second := child("second", w.get(first), string(w.get(first).GetUID()))
	w.must(w.run(second, "mark"))
	w.is(w.get(second), map[string]any{"data.marked": "yes"})

	w.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: stranger}}")
	stranger := view.ActionTarget{Key: resource.Key{Kind: "ConfigMap", Namespace: w.ns, Name: "stranger"}}
	_, err := w.run(stranger, "mark")
	w.refused(err, fault.NotFound, `ConfigMap owned/stranger is not in the tree of application "owned"`)
	_, err = w.runner().Actions(w.t.Context(), w.app, stranger)
	w.refused(err, fault.NotFound, "is not in the tree")
	w.is(w.get(stranger), map[string]any{"data": nil})
}

// Values of Secrets are in no error and no log.
func secrets(w *world) {
	t := w.manage("{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {password: hunter2}}")
	for _, script := range []string{
		`obj.data.password = "not hunter2" return obj`,
		`obj.type = obj.data.password return obj`,
		`error(obj.data.password, 0)`,
		`obj.metadata.name = obj.data.password return obj`,
		`return {{operation = obj.data.password, resource = obj}}`,
		`return {{operation = "create", resource = {apiVersion = obj.data.password, kind = "Secret", metadata = {name = "b"}}}}`,
		`return {{operation = "create", resource = {apiVersion = "v1", kind = "ConfigMap", metadata = {name = obj.data.password .. "="}}}}`,
	} {
		w.custom = []settings.Customization{{Kind: "Secret", Actions: "definitions: [{name: do, action.lua: '" + script + "'}]"}}
		_, err := w.run(t, "do")
		if err == nil {
			w.t.Errorf("%s: no error", script)
			continue
		}
		for _, text := range []string{err.Error(), fault.Whole(err), w.log.String()} {
			if strings.Contains(text, "hunter2") || strings.Contains(text, "aHVudGVyMg") {
				w.t.Errorf("%s: %s", script, text)
			}
		}
	}
}

// An Application's own object is none that its project says anything about.
func self(w *world) {
	w.apply("{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: self, namespace: argocd}, spec: {project: default, destination: {name: in-cluster}, source: {repoURL: r, path: .}}}")
	w.project = &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	t := view.ActionTarget{Key: resource.Key{Group: "argoproj.io", Kind: "Application", Namespace: "argocd", Name: "self"}, Version: "v1alpha1"}
	w.must(w.run(t, "toggle-auto-sync"))
	w.is(w.get(t), map[string]any{"spec.syncPolicy.automated.enabled": true})
	w.must(w.run(t, "toggle-auto-sync"))
	w.is(w.get(t), map[string]any{"spec.syncPolicy.automated.enabled": false})
	t.Name = "other"
	w.apply("{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: other, namespace: argocd}, spec: {project: default, destination: {name: in-cluster}, source: {repoURL: r, path: .}}}")
	_, err := w.run(t, "toggle-auto-sync")
	w.refused(err, fault.NotFound, "is not in the tree")
}

// Of several operations none is done if one of them would be refused.
func dryRun(w *world) {
	w.custom = []settings.Customization{{Kind: "ConfigMap", Actions: `definitions: [{name: both, action.lua: 'obj.data = {done = "yes"} return {{operation = "patch", resource = obj}, {operation = "create", resource = {apiVersion = "v1", kind = "ConfigMap", metadata = {name = "Not A Name"}}}}'}]`}}
	t := w.manage("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
	_, err := w.run(t, "both")
	w.refused(err, fault.Invalid, "Not A Name")
	w.is(w.get(t), map[string]any{"data": nil})
}
