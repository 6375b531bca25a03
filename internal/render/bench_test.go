package render_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render"
)

// examples are manifests that no one here wrote; tests skip where they are absent.
const examples = "/work/shared/examples"

func TestExamples(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(examples); err != nil {
		t.Skip("no examples here")
	}
	tests := []struct {
		path, sourceType string
		objects          int
	}{
		{"guestbook", v1alpha1.SourceTypeDirectory, 2},
		{"kustomize-guestbook", v1alpha1.SourceTypeKustomize, 2},
		{"helm-guestbook", v1alpha1.SourceTypeHelm, 2},
		{"sync-waves", v1alpha1.SourceTypeDirectory, 7},
		{"pre-post-sync", v1alpha1.SourceTypeKustomize, 4},
	}
	for _, tt := range tests {
		result, err := render.Render(t.Context(), render.Request{
			FS: os.DirFS(examples), Source: &v1alpha1.ApplicationSource{Path: tt.path}, AppName: "guestbook", AppNamespace: "default",
		})
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if result.SourceType != tt.sourceType || len(result.Objects) != tt.objects || len(result.Warnings) > 0 {
			t.Errorf("%s: got %s, %d objects, %v", tt.path, result.SourceType, len(result.Objects), result.Warnings)
		}
	}
}

func benchmarkRepo() fstest.MapFS {
	repo := fstest.MapFS{}
	add := func(name, content string) { repo[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644} }
	resources := "resources:\n"
	for i := range 10 {
		manifest := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-%d\n  labels:\n    app: web\ndata:\n  LOG_LEVEL: info\n  PORT: \"8080\"\n  URL: https://example.org/a/b\n", i)
		add(fmt.Sprintf("plain/%d.yaml", i), manifest)
		add(fmt.Sprintf("base/%d.yaml", i), manifest)
		add(fmt.Sprintf("chart/templates/%d.yaml", i), manifest+"  release: {{ .Release.Name }}\n")
		resources += fmt.Sprintf("- %d.yaml\n", i)
	}
	for i := range 10 {
		add(fmt.Sprintf("net/%d.jsonnet", i), fmt.Sprintf("(import 'lib.libsonnet').config(%d)", i))
	}
	add("net/lib.libsonnet", "{ config(i):: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config-%d' % i, labels: { app: 'web' } }, data: { LOG_LEVEL: 'info', PORT: '8080', URL: 'https://example.org/a/b' } } }")
	add("base/kustomization.yaml", resources)
	add("overlay/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\nlabels:\n- pairs: {env: prod}\npatches:\n- patch: '[{\"op\": \"add\", \"path\": \"/data/X\", \"value\": \"y\"}]'\n  target: {kind: ConfigMap, name: config-3}\n")
	add("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n")
	add("chart/values.yaml", "a: b\n")
	return repo
}

func BenchmarkRender(b *testing.B) {
	repo := benchmarkRepo()
	for _, path := range []string{"plain", "net", "overlay", "chart"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			start := cpu(b)
			defer func() { b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op") }()
			for b.Loop() {
				result, err := render.Render(b.Context(), render.Request{FS: repo, Source: &v1alpha1.ApplicationSource{Path: path}, AppName: "app"})
				if err != nil || len(result.Objects) != 10 {
					b.Fatal(err, len(result.Objects))
				}
			}
		})
	}
}

// cpu is the time this process has spent on processors, which a busy machine
// does not distort as it does the clock's.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
