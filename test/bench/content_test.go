package bench

import (
	"fmt"
	"path"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// content is a repository and the Applications that name its directories, which are
// plain ones unless it is mixed.
type content struct {
	apps, objects int
	// hook is how long a PreSync Job of each Application takes; 0 means that there is none.
	hook time.Duration
	// mixed makes a third of the Applications each of plain manifests, Kustomize and
	// Helm: see mono_test.go.
	mixed bool
	// url is the repository's.
	url string
}

// probe is the ConfigMap of each Application whose value scenarios change.
const probe = "probe"

// benchLabel marks what is watched: Applications with the value "app", probes with
// the value "probe", hooks with the value "hook".
const benchLabel = "evenkeel.dev/bench"

func (content) app(i int) string { return fmt.Sprintf("bench-%04d", i) }

func (c content) names() []string {
	names := make([]string, c.apps)
	for i := range names {
		names[i] = c.app(i)
	}
	return names
}

func (c content) probeFile(i int) string { return "apps/" + c.app(i) + "/probe.yaml" }

func (content) probe(value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  labels:\n    %s: probe\ndata:\n  value: %q\n", probe, benchLabel, value)
}

// change is what is committed to give an Application's probe a value.
func (c content) change(i int, value string) map[string]string {
	if c.mixed && kindOf(i) == helmChart {
		return map[string]string{c.valuesFile(i): values(value)}
	}
	return map[string]string{c.probeFile(i): c.probe(value)}
}

// files are all files of the repository.
func (c content) files() map[string]string {
	if c.mixed {
		return c.mixedFiles()
	}
	files := map[string]string{}
	for i := range c.apps {
		for n := range c.objects - 1 {
			files[fmt.Sprintf("apps/%s/object-%d.yaml", c.app(i), n)] = object(n)
		}
		files[c.probeFile(i)] = c.probe("initial")
		if c.hook > 0 {
			files["apps/"+c.app(i)+"/hook.yaml"] = job(c.hook)
		}
	}
	return files
}

// job is a hook that takes a while.
func job(takes time.Duration) string {
	return `apiVersion: batch/v1
kind: Job
metadata:
  name: before
  labels:
    ` + benchLabel + `: hook
  annotations:
    argocd.argoproj.io/hook: PreSync
spec:
  template:
    metadata:
      annotations:
        playground.evenkeel.dev/run: ` + takes.String() + `
    spec:
      restartPolicy: Never
      containers:
      - name: job
        image: registry.invalid/bench:v1
`
}

// object is the n-th object of an Application. None of them needs a node.
func object(n int) string {
	switch n {
	case 0:
		return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 0
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: registry.invalid/bench:v1
        ports:
        - containerPort: 8080
`
	case 1:
		return "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n"
	case 2:
		return `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list]
`
	case 3:
		return "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\ntype: Opaque\nstringData:\n  token: not-a-secret\n"
	case 4, 5:
		return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata:
  name: web-%d
spec:
  selector:
    app: web
  ports:
  - port: 80
    targetPort: 8080
`, n)
	}
	return fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata:
  name: cm-%d
data:
  color: blue
  number: "%d"
  text: |
    some lines of
    configuration
`, n, n)
}

// application is the i-th Application: synced, healed and pruned automatically,
// and deleted together with its objects.
func (c content) application(i int) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Application",
		"metadata": map[string]any{
			"name":       c.app(i),
			"labels":     map[string]any{benchLabel: "app"},
			"finalizers": []any{"resources-finalizer.argocd.argoproj.io"},
		},
		"spec": map[string]any{
			"project":     "default",
			"source":      c.source(i),
			"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": c.app(i)},
			"syncPolicy": map[string]any{
				"automated":   map[string]any{"prune": true, "selfHeal": true},
				"syncOptions": []any{"CreateNamespace=true"},
			},
		},
	}}
}

func (c content) source(i int) map[string]any {
	source := map[string]any{"repoURL": c.url, "targetRevision": "main", "path": "apps/" + c.app(i)}
	if c.mixed && kindOf(i) == helmChart {
		source["path"], source["helm"] = sharedDir(i), map[string]any{"valueFiles": []any{"/" + c.valuesFile(i)}}
	}
	return source
}

// TestContent: an Application has as many different objects as asked for, one a file.
func TestContent(t *testing.T) {
	c := content{apps: 3, objects: 12}
	seen := map[string]bool{}
	files := c.files()
	for name, text := range files {
		var u unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen[path.Dir(name)+" "+u.GetKind()+" "+u.GetName()] = true
	}
	if len(files) != 36 || len(seen) != 36 {
		t.Errorf("%d files with %d objects, want 36 of each", len(files), len(seen))
	}
}
