package browser

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/test/evenkeeltest"
	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/playgroundtest"
	"evenkeel.dev/ui"
)

var program evenkeeltest.Build //nolint:gochecknoglobals // one build for all tests

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// patience is the longest that anything here takes.
const patience = 5 * time.Minute

const manifests = `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {argocd.argoproj.io/hook: PreSync}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1"}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {version: %q}
---
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {argocd.argoproj.io/sync-wave: "1"}}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

const application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: default
  source: {repoURL: %q, path: app, targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: shop}
  syncPolicy: {syncOptions: [CreateNamespace=true]}
`

// world is what the browser looks at, and how it is changed besides.
type world struct {
	client dynamic.Interface
	repo   *gitserver.Repo
	git    string // URL of the Git server
}

// TestJourney runs journey.test.mjs: somebody opens an application's page, sees the plan,
// syncs to it, sees it Synced, and goes back and forward.
func TestJourney(t *testing.T) {
	node, chromium := tools(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w, cluster := newWorld(ctx, t)
	if err := w.commit(ctx, "v1"); err != nil {
		t.Fatal(err)
	}
	p, err := program.Start(ctx, evenkeeltest.Options{Cluster: cluster, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := w.apply(ctx, fmt.Sprintf(application, w.git+"/shop.git")); err != nil {
		t.Fatal(err)
	}
	control := httptest.NewServer(w)
	defer control.Close()
	cmd := exec.CommandContext(ctx, node, "--test", "journey.test.mjs")
	cmd.Env = append(os.Environ(), "BASE_URL="+p.URL, "JOURNEY="+control.URL, "CHROMIUM="+chromium)
	if out, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(p.Log) // what happened is worth more than an error of reading it
		t.Fatalf("%v\n%s\nevenkeel's log:\n%s", err, out, log)
	}
}

// tools are Node and Chromium. Where one of them, the npm packages or the built web app
// is missing, there is nothing to test with.
func tools(t *testing.T) (node, chromium string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node is missing")
	}
	chromium = os.Getenv("CHROMIUM")
	if chromium == "" {
		chromium = "/usr/bin/chromium"
	}
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("Chromium is missing (%v): apt-get install chromium, or set CHROMIUM", err)
	}
	if _, err := os.Stat(filepath.Join("..", "..", "ui", "node_modules", "playwright-core")); err != nil {
		t.Skip("the npm packages are missing: make ui")
	}
	for _, name := range []string{"journey.test.mjs", "site.mjs", "browser.mjs"} { // so that Go runs the test again when they change
		if _, err := os.Stat(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, built := ui.Dist(); !built {
		t.Skip("the web app is not built: make ui")
	}
	return node, chromium
}

func newWorld(ctx context.Context, t *testing.T) (*world, *playgroundtest.Cluster) {
	t.Helper()
	cluster := playgroundtest.Start(t, playgroundtest.Options{})
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{}
	if w.client, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if err := evenkeeltest.Install(ctx, w.client); err != nil {
		t.Fatal(err)
	}
	server, err := gitserver.New(ctx, gitserver.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if w.repo, err = server.Repo(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	git := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	go git.Serve(listener) //nolint:errcheck // ends with Close
	t.Cleanup(func() { _ = git.Close() })
	w.git = "http://" + listener.Addr().String()
	return w, cluster
}

// ServeHTTP takes the journey's orders: commit/VERSION, drift, and has/VERSION, which
// answers when the cluster has it.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if err := w.obey(r.Context(), r.URL.Path); err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
	}
}

func (w *world) obey(ctx context.Context, order string) error {
	switch order {
	case "/commit/v2":
		return w.commit(ctx, "v2")
	case "/drift":
		_, err := w.settings().Patch(ctx, "settings", types.MergePatchType, []byte(`{"data":{"by":"hand"}}`), metav1.PatchOptions{FieldManager: "kubectl"})
		return err
	case "/has/v1", "/has/v2":
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return evenkeeltest.Await(ctx, w.settings(), "settings", func(o *unstructured.Unstructured) string {
			if version, _, _ := unstructured.NestedString(o.Object, "data", "version"); "/has/"+version != order {
				return "it is at " + version
			}
			return ""
		})
	}
	return fmt.Errorf("no such order: %s", order)
}

func (w *world) settings() dynamic.ResourceInterface {
	return w.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace("shop")
}

func (w *world) commit(ctx context.Context, version string) error {
	_, err := w.repo.Commit(ctx, map[string]string{"app/all.yaml": fmt.Sprintf(manifests, version)}, version)
	return err
}

func (w *world) apply(ctx context.Context, manifest string) error {
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		return err
	}
	apps := w.client.Resource(v1alpha1.ApplicationResource).Namespace(o.GetNamespace())
	_, err := apps.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "tester"})
	return err
}
