package bench

import (
	"fmt"
	"path"
	"testing"
)

// kind is how an Application of a mixed repository is made.
type kind int

const (
	plain     kind = iota // manifests in its directory
	kustomize             // an overlay in its directory, over a base of many
	helmChart             // a chart of many, with a file of values in its directory
	kinds
)

func (k kind) String() string { return [...]string{"plain", "kustomize", "helm"}[k] }

// kindOf is the kind of the i-th Application of a mixed repository.
func kindOf(i int) kind { return kind(i % int(kinds)) }

// variants is how many bases and charts there are; each is that of every second
// Application of its kind.
const variants = 2

// sharedDir is the base or chart of an Application, "" if it has none.
func sharedDir(i int) string {
	variant := i / int(kinds) % variants
	switch kindOf(i) {
	case kustomize:
		return fmt.Sprintf("bases/%d", variant)
	case helmChart:
		return fmt.Sprintf("charts/%d", variant)
	case plain, kinds:
	}
	return ""
}

// users are the Applications whose base or chart is in a directory.
func (c content) users(dir string) []int {
	var out []int
	for i := range c.apps {
		if sharedDir(i) == dir {
			out = append(out, i)
		}
	}
	return out
}

func (c content) valuesFile(i int) string { return "apps/" + c.app(i) + "/values.yaml" }

func values(value string) string { return fmt.Sprintf("value: %q\nreplicas: 0\n", value) }

// sharedObject is an object of a base or chart, whose annotation a commit changes.
func sharedObject(note string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n  annotations:\n    note: %q\n", note)
}

// sharedFile is where sharedObject lies in a base or chart.
func sharedFile(dir string) string {
	if path.Dir(dir) == "charts" {
		return dir + "/templates/account.yaml"
	}
	return dir + "/account.yaml"
}

// mixedFiles are all files of a mixed repository.
func (c content) mixedFiles() map[string]string {
	const deployment, service = 0, 4
	files := map[string]string{"README.md": "A repository of everything.\n"}
	for v := range variants {
		base, chart := fmt.Sprintf("bases/%d", v), fmt.Sprintf("charts/%d", v)
		files[base+"/kustomization.yaml"] = "resources: [account.yaml, deployment.yaml, service.yaml]\n"
		files[base+"/deployment.yaml"], files[base+"/service.yaml"] = object(deployment), object(service)
		files[chart+"/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
		files[chart+"/values.yaml"] = "value: unset\nreplicas: 1\nport: 80\n"
		files[chart+"/templates/_helpers.tpl"] = "{{- define \"web.labels\" }}\napp.kubernetes.io/instance: {{ .Release.Name }}\nhelm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}\n{{- end }}\n"
		files[chart+"/templates/deployment.yaml"] = chartDeployment
		files[chart+"/templates/service.yaml"] = object(service)
		files[chart+"/templates/probe.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + probe + "\n  labels:\n    " + benchLabel +
			": probe\n    {{- include \"web.labels\" . | indent 4 }}\ndata:\n  value: {{ .Values.value | quote }}\n"
		for _, dir := range [...]string{base, chart} {
			files[sharedFile(dir)] = sharedObject("initial")
		}
	}
	for i := range c.apps {
		dir := "apps/" + c.app(i) + "/"
		switch kindOf(i) {
		case plain:
			files[dir+"deployment.yaml"], files[dir+"service.yaml"] = object(deployment), object(service)
			files[dir+"account.yaml"], files[c.probeFile(i)] = sharedObject("own"), c.probe("initial")
		case kustomize:
			files[dir+"kustomization.yaml"] = fmt.Sprintf(overlay, sharedDir(i), c.app(i))
			files[c.probeFile(i)] = c.probe("initial")
		case helmChart:
			files[c.valuesFile(i)] = values("initial")
		case kinds:
		}
	}
	return files
}

const overlay = `resources:
- ../../%s
- probe.yaml
labels:
- pairs:
    team: %s
images:
- name: registry.invalid/bench
  newTag: v2
patches:
- target:
    kind: Deployment
  patch: |
    - op: add
      path: /metadata/annotations
      value: {patched: "yes"}
`

const chartDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    {{- include "web.labels" . | indent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
        {{- include "web.labels" . | indent 8 }}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: registry.invalid/bench:v1
        ports:
        {{- range $i, $port := list .Values.port 8080 }}
        - name: port-{{ $i }}
          containerPort: {{ $port }}
        {{- end }}
`

// TestMixed: each kind of Application has its files, and each base and chart its users.
func TestMixed(t *testing.T) {
	c := content{apps: 60, mixed: true}
	files := c.files()
	for i := range c.apps {
		for name := range c.change(i, "x") {
			if files[name] == "" {
				t.Errorf("a change of %d is in %s, which is not there", i, name)
			}
		}
	}
	users := 0
	for _, dir := range [...]string{"bases/0", "bases/1", "charts/0", "charts/1"} {
		n := len(c.users(dir))
		users += n
		if n != 10 || files[sharedFile(dir)] == "" {
			t.Errorf("%s has %d users and in %s %q", dir, n, sharedFile(dir), files[sharedFile(dir)])
		}
	}
	if users != 40 {
		t.Errorf("%d Applications of 60 share something, want all but the plain ones", users)
	}
}
