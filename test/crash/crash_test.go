package crash

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/test/evenkeeltest"
	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/playgroundtest"
)

var program evenkeeltest.Build //nolint:gochecknoglobals // built once for all tests

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

const (
	// patience is the longest that a sync may take; it takes a second or two.
	patience = 2 * time.Minute
	// sureWrites is how many writes a sync takes at least.
	sureWrites = 20
)

var (
	applications = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	configMaps   = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	deployments  = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	namespaces   = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
)

// job is a hook that takes a moment.
func job(name, annotations string) string {
	return `
apiVersion: batch/v1
kind: Job
metadata: {name: ` + name + `, annotations: {` + annotations + `}}
spec:
  template:
    metadata: {annotations: {playground.evenkeel.dev/run: 200ms}}
    spec: {restartPolicy: Never, containers: [{name: c, image: "job:1"}]}
---`
}

func configMap(name, wave, value string) string {
	return `
apiVersion: v1
kind: ConfigMap
metadata: {name: ` + name + `, annotations: {argocd.argoproj.io/sync-wave: "` + wave + `"}}
data: {value: "` + value + `"}
---`
}

func deployment(image string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: "` + image + `"}]}
---`
}

// hooks are in both revisions, under the same names.
var hooks = job("before", "argocd.argoproj.io/hook: PreSync") +
	job("during", `argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: "1"`) +
	job("after", "argocd.argoproj.io/hook: PostSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded")

var revisions = map[string]string{
	"v1": hooks + configMap("a", "0", "1") + configMap("old", "0", "1") + configMap("older", "2", "1") + deployment("app:1"),
	"v2": hooks + configMap("a", "0", "2") + configMap("b", "1", "2") + configMap("c", "2", "2") + deployment("app:2"),
}

// world is one control plane and repository for all runs.
type world struct {
	cluster *playgroundtest.Cluster
	config  *rest.Config
	client  dynamic.Interface
	repo    string

	mu   sync.Mutex
	read int64 // how far the audit log was read
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{cluster: playgroundtest.Start(t, playgroundtest.Options{AuditLog: true})}
	var err error
	if w.config, err = clientcmd.BuildConfigFromFlags("", w.cluster.Kubeconfig); err != nil {
		t.Fatal(err)
	}
	w.config.QPS, w.config.Burst = -1, -1
	if w.client, err = dynamic.NewForConfig(w.config); err != nil {
		t.Fatal(err)
	}
	if err := evenkeeltest.Install(t.Context(), w.client); err != nil {
		t.Fatal(err)
	}
	s, err := gitserver.New(t.Context(), gitserver.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	repo, err := s.Repo(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"v1", "v2"} {
		sha, err := repo.Commit(t.Context(), map[string]string{"app/all.yaml": revisions[name]}, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := repo.SetRef(t.Context(), "refs/heads/"+name, sha); err != nil {
			t.Fatal(err)
		}
	}
	http := httptest.NewServer(s)
	t.Cleanup(http.Close)
	w.repo = http.URL + "/shop.git"
	return w
}

// run is one Application with an Evenkeel of its own.
type run struct {
	*world
	t *testing.T
	// name is that of the control namespace, of the Application, as two of one name would
	// take each other's objects for their own, and with "shop-" before it of the destination.
	name  string
	proxy *proxy
	dir   string
	kube  string
}

func (w *world) newRun(t *testing.T, name string) *run {
	t.Helper()
	r := &run{world: w, t: t, name: name, proxy: newProxy(t, w.config), dir: t.TempDir()}
	r.kube = filepath.Join(r.dir, "kubeconfig")
	kubeconfig := `{"apiVersion":"v1","kind":"Config","current-context":"c","clusters":[{"name":"c","cluster":{"server":"` + r.proxy.URL +
		`"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"c"}}],"users":[{"name":"c","user":{}}]}`
	if err := os.WriteFile(r.kube, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
	if _, err := w.client.Resource(namespaces).Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	app := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: `+name+`, namespace: `+name+`}
spec:
  project: default
  source: {repoURL: "`+w.repo+`", path: app, targetRevision: v1}
  destination: {server: "https://kubernetes.default.svc", namespace: shop-`+name+`}
  syncPolicy: {syncOptions: [CreateNamespace=true], automated: {prune: true, selfHeal: true}}
`), &app.Object); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.Resource(applications).Namespace(name).Create(t.Context(), app, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *run) start() *evenkeeltest.Program {
	r.t.Helper()
	p, err := program.Start(r.t.Context(), evenkeeltest.Options{
		Cluster: r.cluster, Dir: r.dir, Args: []string{"--kubeconfig", r.kube, "--namespace", r.name},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// synced waits until the Application has been synced to a target revision.
func (r *run) synced(history int) {
	r.t.Helper()
	if err := r.await(history); err != nil {
		log, _ := os.ReadFile(filepath.Join(r.dir, "evenkeel.log"))
		r.t.Fatalf("%v\n%s", err, log[max(0, len(log)-4000):])
	}
}

func (r *run) await(history int) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	return evenkeeltest.Await(ctx, r.client.Resource(applications).Namespace(r.name), r.name, func(app *unstructured.Unstructured) string {
		if app == nil {
			return "it is not there"
		}
		phase, _, _ := unstructured.NestedString(app.Object, "status", "operationState", "phase")
		message, _, _ := unstructured.NestedString(app.Object, "status", "operationState", "message")
		sync, _, _ := unstructured.NestedString(app.Object, "status", "sync", "status")
		entries, _, _ := unstructured.NestedSlice(app.Object, "status", "history")
		if phase == "Succeeded" && sync == "Synced" && len(entries) == history {
			return ""
		}
		return fmt.Sprintf("%s, %s (%s), %d syncs in its history", sync, phase, message, len(entries))
	})
}

// update has the Application go to v2.
func (r *run) update() {
	r.t.Helper()
	_, err := r.client.Resource(applications).Namespace(r.name).Patch(r.t.Context(), r.name, types.MergePatchType,
		[]byte(`{"spec":{"source":{"targetRevision":"v2"}}}`), metav1.PatchOptions{FieldManager: "tester"})
	if err != nil {
		r.t.Fatal(err)
	}
}

// order is the order in which the things of v2 first have to be done. What stands
// in one line may come in any order.
var order = [][]string{
	{"create jobs/before"},
	{"delete configmaps/older", "patch configmaps/a", "patch deployments/d"},
	{"create jobs/during", "patch configmaps/b"},
	{"delete configmaps/old", "patch configmaps/c"},
	{"create jobs/after"},
}

// check looks at the cluster and at what was asked of the API server since the update.
func (r *run) check(since int64) {
	r.t.Helper()
	ctx, ns := r.t.Context(), "shop-"+r.name
	for name, want := range map[string]string{"a": "2", "b": "2", "c": "2", "old": "", "older": ""} {
		got := ""
		if cm, err := r.client.Resource(configMaps).Namespace(ns).Get(ctx, name, metav1.GetOptions{}); err == nil {
			got, _, _ = unstructured.NestedString(cm.Object, "data", "value")
		}
		if got != want {
			r.t.Errorf("ConfigMap %s is %q, want %q", name, got, want)
		}
	}
	d, err := r.client.Resource(deployments).Namespace(ns).Get(ctx, "d", metav1.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	if d.GetGeneration() != 2 {
		r.t.Errorf("the Deployment was changed %d times, want once", d.GetGeneration()-1)
	}
	requests, err := r.cluster.AuditLogAfter(&since)
	if err != nil {
		r.t.Fatal(err)
	}
	requests = slices.DeleteFunc(requests, func(q playgroundtest.Request) bool {
		return !strings.HasPrefix(q.UserAgent, "evenkeel/") || q.Namespace != ns && q.Namespace != r.name
	})
	defer func() {
		if r.t.Failed() {
			r.t.Logf("asked of the API server:\n%s", asked(requests))
		}
	}()
	done := map[string]int{}
	at := map[string]int{}
	for n, q := range requests {
		if q.Namespace != ns || q.Code >= http.StatusBadRequest || strings.Contains(q.URI, "dryRun=") {
			continue
		}
		what := q.Verb + " " + q.Resource + "/" + q.Name
		if done[what] == 0 {
			at[what] = n
		}
		done[what]++
	}
	for _, hook := range []string{"before", "during", "after"} {
		if n := done["create jobs/"+hook]; n != 1 {
			r.t.Errorf("hook %s was made %d times, want once", hook, n)
		}
	}
	last := -1
	for _, group := range order {
		end := last
		for _, what := range group {
			if done[what] == 0 {
				r.t.Errorf("no %s", what)
			} else if at[what] < last {
				r.t.Errorf("%s came before what it has to wait for", what)
			}
			end = max(end, at[what])
		}
		last = end
	}
}

// audited is where the audit log ends now.
func (w *world) audited(t *testing.T) int64 {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.cluster.AuditLogAfter(&w.read); err != nil {
		t.Fatal(err)
	}
	return w.read
}

// asked is what was written, for a failure.
func asked(requests []playgroundtest.Request) string {
	var b strings.Builder
	for _, q := range requests {
		if !slices.Contains([]string{"get", "list", "watch"}, q.Verb) {
			fmt.Fprintf(&b, "%s %d %s %s\n", q.Time.Format("05.000"), q.Code, q.Verb, q.URI)
		}
	}
	return b.String()
}

func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	w := newWorld(t)
	writes := w.undisturbed(t)
	t.Logf("a sync takes %d writes:\n%s", len(writes), strings.Join(writes, "\n"))
	if len(writes) < 15 {
		t.Fatalf("only %d writes were seen", len(writes))
	}
	slots := make(chan struct{}, 3) // a control plane does not go faster with more
	for n := range len(writes) {
		for _, moment := range []when{before, after} {
			t.Run(fmt.Sprintf("%02d-%s", n+1, moment), func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				w.crash(t, n+1, moment)
			})
		}
	}
}

// undisturbed are the writes of the sync to v2 when nothing happens.
func (w *world) undisturbed(t *testing.T) []string {
	t.Helper()
	r := w.newRun(t, "calm")
	p := r.start()
	r.synced(1)
	r.proxy.arm(0, before, nil)
	since := w.audited(t)
	r.update()
	r.synced(2)
	writes := slices.Clone(r.proxy.disarm())
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	r.check(since)
	return writes
}

// crash kills the process at the n-th write and lets another one carry on.
func (w *world) crash(t *testing.T, n int, moment when) {
	r := w.newRun(t, fmt.Sprintf("n%d-%s", n, moment))
	p := r.start()
	r.synced(1)
	killed := make(chan struct{})
	r.proxy.arm(n, moment, func() {
		_ = p.Kill() // it runs
		close(killed)
	})
	since := w.audited(t)
	r.update()
	// Statuses that come close together are written together, so a sync may take one
	// write less than the one that was counted.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r.await(2) // if it does not end it is killed
	}()
	select {
	case <-killed:
	case <-ended:
		if r.proxy.fired() { // by its last write
			<-killed
			break
		}
		if n <= sureWrites {
			t.Fatalf("there was no write %d", n)
		}
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		r.check(since)
		return
	case <-time.After(patience):
		t.Fatalf("there was no write %d, and no end", n)
	}
	p = r.start()
	r.synced(2)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	r.check(since)
}
