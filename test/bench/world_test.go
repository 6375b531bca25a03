package bench

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/test/evenkeeltest"
	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/playgroundtest"
)

var (
	program evenkeeltest.Build                                                                          //nolint:gochecknoglobals // one per test binary
	apps    = flag.Int("apps", 100, "the number of Applications of the benchmark")                      //nolint:gochecknoglobals // a flag
	objects = flag.Int("objects", 10, "the number of objects of each of these")                         //nolint:gochecknoglobals // a flag
	managed = flag.Int("managed", 500, "the number of those objects of BenchmarkLive that are managed") //nolint:gochecknoglobals // a flag
	live    = flag.Int("live", 5000, "the number of live objects of TestLive and BenchmarkLive")        //nolint:gochecknoglobals // a flag
	keep    = flag.String("keep", "", "write evenkeel's log and data to this directory")                //nolint:gochecknoglobals // a flag
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

const (
	// podsPerNode is less than the 110 Pods that a node takes.
	podsPerNode = 100
	tester      = "tester" // field manager and user agent of what the tests themselves do
	// patience is the longest that is waited for one thing, with any number of
	// Applications.
	patience = 10 * time.Minute
	// inFlight is how many requests the tests have under way at once.
	inFlight = 4
)

var (
	applications = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	configMaps   = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	jobs         = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
)

// world is a control plane, a Git server and the program, with everything to
// watch them by. Its methods fail t.
type world struct {
	t       testing.TB
	ctx     context.Context //nolint:containedctx // that of the test
	content content
	cluster *playgroundtest.Cluster
	client  dynamic.Interface
	repo    *gitserver.Repo
	git     *gitHost
	dir     string
	program *evenkeeltest.Program
	apps    *follower
	probes  *follower
}

// newWorld starts all of it, without an Application yet. settings are the data of
// argocd-cm, args further flags of the playground.
func newWorld(t testing.TB, c content, settings map[string]any, args ...string) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), content: c, dir: *keep}
	if w.dir == "" {
		w.dir = t.TempDir()
	}
	w.cluster = playgroundtest.Start(t, playgroundtest.Options{AuditLog: true, Nodes: 1 + c.apps/podsPerNode, Args: args})
	config, err := clientcmd.BuildConfigFromFlags("", w.cluster.Kubeconfig)
	w.must(err)
	config.QPS, config.UserAgent, config.WarningHandler = -1, tester, rest.NoWarnings{}
	w.client, err = dynamic.NewForConfig(config)
	w.must(err)
	w.must(evenkeeltest.Install(w.ctx, w.client))
	w.configure(settings)
	w.serveGit()
	w.start()
	t.Cleanup(func() {
		if err := w.program.Kill(); err != nil {
			t.Error(err)
		}
	})
	w.apps, err = follow(w.ctx, w.client, applications, "app")
	w.must(err)
	w.probes, err = follow(w.ctx, w.client, configMaps, "probe")
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// patient is a context that ends when something takes too long.
func (w *world) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.ctx, patience)
}

// configure replaces argocd-cm.
func (w *world) configure(data map[string]any) {
	w.t.Helper()
	cm := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "argocd-cm", "labels": map[string]any{"app.kubernetes.io/part-of": "argocd"}},
		"data":     data,
	}}
	_, err := w.client.Resource(configMaps).Namespace(evenkeeltest.Namespace).
		Apply(w.ctx, cm.GetName(), cm, metav1.ApplyOptions{FieldManager: tester, Force: true})
	w.must(err)
}

func (w *world) start() {
	w.t.Helper()
	var err error
	w.program, err = program.Start(w.ctx, evenkeeltest.Options{Cluster: w.cluster, Dir: w.dir, CountGit: true})
	w.must(err)
}

func (w *world) serveGit() {
	w.t.Helper()
	s, err := gitserver.New(w.ctx, gitserver.Options{Dir: w.t.TempDir()})
	w.must(err)
	w.repo, err = s.Repo(w.ctx, "mono")
	w.must(err)
	w.git = &gitHost{server: s, changed: make(chan struct{})}
	http := httptest.NewServer(w.git)
	w.t.Cleanup(http.Close)
	w.content.url = http.URL + "/mono.git"
	_, err = w.repo.Commit(w.ctx, w.content.files(), "generated")
	w.must(err)
}

// gitHost is a Git server that tells when it is asked what refs there are, as each
// git ls-remote and each git fetch begins with.
type gitHost struct {
	server *gitserver.Server

	mu      sync.Mutex
	asked   []time.Time
	changed chan struct{} // closed with the next question
}

func (g *gitHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Query().Get("service") == "git-upload-pack" {
		g.mu.Lock()
		g.asked = append(g.asked, time.Now())
		close(g.changed)
		g.changed = make(chan struct{})
		g.mu.Unlock()
	}
	g.server.ServeHTTP(w, r)
}

// next waits for n questions more than there were until now, and returns the times
// of these.
func (g *gitHost) next(ctx context.Context, n int) ([]time.Time, error) {
	g.mu.Lock()
	from := len(g.asked)
	for len(g.asked) < from+n {
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the Git server was not asked %d times: %w", n, context.Cause(ctx))
		case <-changed:
		}
		g.mu.Lock()
	}
	defer g.mu.Unlock()
	return g.asked[from : from+n : from+n], nil
}

// each calls f for numbers below n, some at once.
func (w *world) each(n int, f func(i int) error) {
	w.t.Helper()
	var g errgroup.Group
	g.SetLimit(inFlight)
	for i := range n {
		g.Go(func() error { return f(i) })
	}
	w.must(g.Wait())
}

// all are the keys of all Applications.
func (w *world) all() []string {
	var keys []string
	for _, name := range w.content.names() {
		keys = append(keys, evenkeeltest.Namespace+"/"+name)
	}
	return keys
}

func (w *world) applications() dynamic.ResourceInterface {
	return w.client.Resource(applications).Namespace(evenkeeltest.Namespace)
}

// create creates all Applications.
func (w *world) create() {
	w.t.Helper()
	w.each(w.content.apps, func(i int) error {
		_, err := w.applications().Create(w.ctx, w.content.application(i), metav1.CreateOptions{FieldManager: tester})
		return err
	})
}

// refresh asks for a refresh of an Application, and returns the resource version
// of the request.
func (w *world) refresh(i int) (string, error) {
	body := `{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal"}}}`
	o, err := w.applications().Patch(w.ctx, w.content.app(i), types.MergePatchType, []byte(body), metav1.PatchOptions{FieldManager: tester})
	if err != nil {
		return "", err
	}
	return o.GetResourceVersion(), nil
}

// settle returns when every pass that had begun, or was due, before the time that
// it returns is over. It has each Application refreshed: the program makes one pass
// of an Application at a time, so the one that answers comes after all others.
// What those asked of the API server is in the audit log then, and what they wrote
// has come in before that time.
func (w *world) settle() time.Time {
	w.t.Helper()
	at := time.Now()
	asked := make([]string, w.content.apps)
	w.each(w.content.apps, func(i int) (err error) {
		asked[i], err = w.refresh(i)
		return err
	})
	after := map[string]string{}
	for i, key := range w.all() {
		after[key] = asked[i]
	}
	ctx, cancel := w.patient()
	defer cancel()
	w.must(w.apps.until(ctx, w.all(), func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is gone"
		}
		_, open := o.GetAnnotations()["argocd.argoproj.io/refresh"]
		if open || !newer(o.GetResourceVersion(), after[o.GetNamespace()+"/"+o.GetName()]) {
			return "the refresh is not answered"
		}
		return ""
	}))
	return at
}

func newer(a, b string) bool {
	x, errA := strconv.ParseUint(a, 10, 64)
	y, errB := strconv.ParseUint(b, 10, 64)
	return errA == nil && errB == nil && x > y
}

// synced waits until Applications are Synced to a revision, any if it is "", and
// Healthy, and their operations are over.
func (w *world) synced(keys []string, revision string) {
	w.t.Helper()
	w.syncedAfter("0", keys, revision)
}

// syncedAfter is synced for what was written after a resource version.
func (w *world) syncedAfter(version string, keys []string, revision string) {
	w.t.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	w.must(w.apps.until(ctx, keys, func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		if !newer(o.GetResourceVersion(), version) {
			return "it was not written since"
		}
		for _, want := range []struct {
			value string
			path  []string
		}{
			{"Synced", []string{"sync", "status"}},
			{"Healthy", []string{"health", "status"}},
			{"Succeeded", []string{"operationState", "phase"}},
			{revision, []string{"sync", "revision"}},
		} {
			got, _, _ := unstructured.NestedString(o.Object, append([]string{"status"}, want.path...)...)
			if got != want.value && want.value != "" {
				return fmt.Sprintf("%v is %q", want.path, got)
			}
		}
		return ""
	}))
}

// shows waits until the probes of Applications have a value.
func (w *world) shows(value string, indices ...int) {
	w.t.Helper()
	w.showsAfter("0", value, indices...)
}

// showsAfter is shows for probes that are newer than a resource version.
func (w *world) showsAfter(version, value string, indices ...int) {
	w.t.Helper()
	var keys []string
	for _, i := range indices {
		keys = append(keys, w.content.app(i)+"/"+probe)
	}
	ctx, cancel := w.patient()
	defer cancel()
	w.must(w.probes.until(ctx, keys, func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		if got, _, _ := unstructured.NestedString(o.Object, "data", "value"); got != value || !newer(o.GetResourceVersion(), version) {
			return "it is " + got
		}
		return ""
	}))
}

// commit gives the probes of Applications a value, in one commit, and is its id.
func (w *world) commit(value string, indices ...int) string {
	w.t.Helper()
	change := map[string]string{}
	for _, i := range indices {
		maps.Copy(change, w.content.change(i, value))
	}
	sha, err := w.repo.Commit(w.ctx, change, "set "+value)
	w.must(err)
	return sha
}

// drift gives the live probe of an Application another value, and returns the
// resource version of that.
func (w *world) drift(i int, value string) string {
	w.t.Helper()
	o, err := w.client.Resource(configMaps).Namespace(w.content.app(i)).Patch(w.ctx, probe, types.MergePatchType,
		fmt.Appendf(nil, `{"data":{"value":%q}}`, value), metav1.PatchOptions{FieldManager: tester})
	w.must(err)
	return o.GetResourceVersion()
}
