package settings

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// TestParse reads testdata: config maps by name, the snapshot and the problems that are wanted.
func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var configMaps []*corev1.ConfigMap
			want := map[string]string{}
			for _, f := range txtar.Parse(data).Files {
				if !strings.HasPrefix(f.Name, "argocd-") {
					want[f.Name] = string(f.Data)
					continue
				}
				cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}
				if err := yaml.UnmarshalStrict(f.Data, &cm.Data); err != nil {
					t.Fatal(err)
				}
				configMaps = append(configMaps, cm)
			}
			snapshot, problems := Parse(configMaps, nil)
			if *update {
				rewrite(t, name, snapshot, problems)
				return
			}
			if diff := cmp.Diff(want["want"], describe(t, snapshot)); diff != "" {
				t.Errorf("snapshot (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want["problems"], lines(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, p.Error())
	}
	return b.String()
}

func rewrite(t *testing.T, name string, snapshot Snapshot, problems []Problem) {
	t.Helper()
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range ar.Files {
		switch f.Name {
		case "want":
			ar.Files[i].Data = []byte(describe(t, snapshot))
		case "problems":
			ar.Files[i].Data = []byte(lines(problems))
		}
	}
	if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

func describe(t *testing.T, s Snapshot) string {
	t.Helper()
	out, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestExcluded(t *testing.T) {
	snapshot := func(yaml ...string) ResourceFilter {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: ConfigMap}, Data: map[string]string{}}
		for _, y := range yaml {
			k, v, _ := strings.Cut(y, "=")
			cm.Data[k] = v
		}
		s, problems := Parse([]*corev1.ConfigMap{cm}, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return s.Resources
	}
	defaults := snapshot()
	none := snapshot("resource.exclusions=[]")
	own := snapshot("resource.exclusions=[{apiGroups: ['*.example.com'], kinds: [Noise], clusters: ['https://dev-*']}]")
	only := snapshot("resource.inclusions=[{apiGroups: [apps], kinds: ['*'], clusters: [https://small]}, {apiGroups: ['*'], clusters: [https://big]}]")
	for _, tc := range []struct {
		reason               string
		filter               ResourceFilter
		group, kind, cluster string
		want                 bool
	}{
		{"shipped default", defaults, "discovery.k8s.io", "EndpointSlice", "c", true},
		{"shipped default, core group", defaults, "", "Endpoints", "c", true},
		{"shipped default, Kyverno", defaults, "wgpolicyk8s.io", "ClusterPolicyReport", "c", true},
		{"ordinary", defaults, "apps", "Deployment", "c", false},
		{"the defaults are gone when the key is there", none, "discovery.k8s.io", "EndpointSlice", "c", false},
		{"hard coded whatever the key says", none, "", "Event", "c", true},
		{"hard coded group", none, "events.k8s.io", "Event", "c", true},
		{"hard coded group, all kinds", none, "metrics.k8s.io", "PodMetrics", "c", true},
		{"hard coded lease", none, "coordination.k8s.io", "Lease", "c", true},
		{"globs of groups and clusters", own, "a.b.example.com", "Noise", "https://dev-1", true},
		{"another kind", own, "a.example.com", "Signal", "https://dev-1", false},
		{"another cluster", own, "a.example.com", "Noise", "https://prod", false},
		{"included", only, "apps", "Deployment", "https://small", false},
		{"not included", only, "", "Secret", "https://small", true},
		{"included in another cluster only", only, "batch", "Job", "https://small", true},
		{"all included", only, "batch", "Job", "https://big", false},
		{"a cluster without inclusions", only, "batch", "Job", "https://other", false},
		{"an exclusion wins", only, "coordination.k8s.io", "Lease", "https://big", true},
	} {
		if got := tc.filter.Excluded(tc.group, tc.kind, tc.cluster); got != tc.want {
			t.Errorf("%s: %v", tc.reason, got)
		}
	}
}

func secret(name, kind string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "argocd", Labels: map[string]string{v1alpha1.LabelSecretType: kind}},
		Data:       map[string][]byte{"password": []byte("c4n4ry")},
	}
}

func TestSecrets(t *testing.T) {
	unlabelled := secret("none", "")
	s, problems := Parse(nil, []*corev1.Secret{
		secret("z", SecretRepository), secret("a", SecretCredentials), unlabelled, secret("w", "repository-write"), secret("m", SecretCluster),
	})
	if len(problems) > 0 {
		t.Error(problems)
	}
	if diff := cmp.Diff("[secret a (repo-creds) secret m (cluster) secret z (repository)]", fmt.Sprint(s.Secrets)); diff != "" {
		t.Error(diff)
	}
	if string(s.Secrets[0].Data["password"]) != "c4n4ry" {
		t.Error("the data is not handed on")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s.Secrets[0], "snapshot", s)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s.Secrets[0], "snapshot", s)
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{log.String(), string(asJSON), fmt.Sprintf("%v %+v %#v %q", s, s, s, s.Secrets)} {
		for _, shown := range []string{"c4n4ry", "YzRuNHJ5", fmt.Sprintf("%x", "c4n4ry"), "99 52 110"} {
			if strings.Contains(out, shown) {
				t.Errorf("shown: %s", out)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(ConfigMap, "resource.exclusions", "- apiGroups: ['[']")
	f.Add(ConfigMap, "timeout.reconciliation", "-1s")
	f.Add(ConfigMap, "resource.customizations", "a: {ignoreDifferences: x}")
	f.Add(ConfigMap, "resource.customizations.ignoreDifferences.apps_Deployment", "jsonPointers: [x]")
	f.Add(ConfigMapParams, "controller.self.heal.backoff.factor", "99999999999")
	f.Fuzz(func(t *testing.T, name, key, value string) {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{key: value}}
		s, problems := Parse([]*corev1.ConfigMap{cm}, nil)
		if s.ReconciliationTimeout < 0 || s.ReconciliationJitter < 0 || s.SelfHeal.Cap < 0 || s.MaxCombinedDirectoryManifestsSize <= 0 {
			t.Errorf("%+v", s)
		}
		s.Resources.Excluded("apps", "Deployment", "https://cluster")
		for _, p := range problems {
			if p.Object == "" && name != "" || p.Reason == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
