package resource

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

func TestKindRank(t *testing.T) {
	order := []string{"Namespace", "NetworkPolicy", "ServiceAccount", "Secret", "ConfigMap", "CustomResourceDefinition", "ClusterRole", "Role", "Service", "Deployment", "Job", "Ingress", "APIService", "Moon"}
	for i := 1; i < len(order); i++ {
		if KindRank(order[i-1]) >= KindRank(order[i]) {
			t.Errorf("%s does not come before %s", order[i-1], order[i])
		}
	}
	if KindRank("Moon") != KindRank("") || KindRank("namespace") != KindRank("Moon") {
		t.Error("kinds that are not listed have no one rank")
	}
}

func TestWaveOf(t *testing.T) {
	const wave, weight = v1alpha1.AnnotationSyncWave, v1alpha1.AnnotationHelmHookWeight
	tests := map[string]struct {
		reason string
		a      map[string]string
		want   int
	}{
		"none":             {"", nil, 0},
		"wave":             {"", map[string]string{wave: "3"}, 3},
		"negative":         {"", map[string]string{wave: "-5"}, -5},
		"signed":           {"", map[string]string{wave: "+5"}, 5},
		"spaces":           {"", map[string]string{wave: " 7\n"}, 7},
		"hook weight":      {"", map[string]string{weight: "2"}, 2},
		"wave over weight": {"", map[string]string{wave: "1", weight: "2"}, 1},
		"nonsense":         {"what is no number counts as 0, as in Argo CD", map[string]string{wave: "first"}, 0},
		"falls to weight":  {"", map[string]string{wave: "", weight: "4"}, 4},
		"float":            {"", map[string]string{wave: "1.5"}, 0},
		"hex":              {"", map[string]string{wave: "0x10"}, 0},
		"beyond":           {"", map[string]string{wave: "99999999999999999999"}, 0},
		"the most":         {"", map[string]string{wave: strconv.Itoa(math.MaxInt)}, math.MaxInt},
	}
	for name, tt := range tests {
		if got := WaveOf(tt.a); got != tt.want {
			t.Errorf("%s: %s: got %d, want %d", name, tt.reason, got, tt.want)
		}
		obj := &unstructured.Unstructured{Object: map[string]any{}}
		obj.SetAnnotations(tt.a)
		if got := SyncWave(obj); got != tt.want {
			t.Errorf("%s: of an object: got %d, want %d", name, got, tt.want)
		}
	}
	odd := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"annotations": map[string]any{wave: int64(3)}}}}
	if got := SyncWave(odd); got != 0 {
		t.Errorf("annotations that are numbers: got %d", got)
	}
}

func TestParseOptions(t *testing.T) {
	tests := map[string]struct {
		lists []string
		want  Options
	}{
		"none":             {nil, Options{}},
		"empty words":      {[]string{"", " , ,", "=x"}, Options{}},
		"two":              {[]string{"A=x, B=y"}, Options{"A": "x", "B": "y"}},
		"no value":         {[]string{"IgnoreExtraneous"}, Options{"IgnoreExtraneous": ""}},
		"two equals signs": {[]string{"A=b=c"}, Options{"A": "b=c"}},
		"later wins":       {[]string{"A=x,A=y", "A=z"}, Options{"A": "z"}},
	}
	for name, tt := range tests {
		if diff := cmp.Diff(tt.want, ParseOptions(tt.lists...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzAnnotations: whatever stands in the annotations that steer a sync, reading
// them does not panic and is a function of the trimmed words.
func FuzzAnnotations(f *testing.F) {
	f.Add("1", "2", "Prune=false,Delete=confirm", "PreSync,Skip", "HookSucceeded", "pre-install,crd-install")
	f.Add("-99999999999999999999", "+1", "=,,=a=,b", "\x00,\xff", "BeforeHookCreation, ,", "crd-install")
	f.Add("", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, wave, weight, options, hook, policy, helm string) {
		a := map[string]string{
			v1alpha1.AnnotationSyncWave: wave, v1alpha1.AnnotationHelmHookWeight: weight, v1alpha1.AnnotationSyncOptions: options,
			v1alpha1.AnnotationCompareOptions: options, v1alpha1.AnnotationHook: hook, v1alpha1.AnnotationHookDeletePolicy: policy, v1alpha1.AnnotationHelmHook: helm,
		}
		w := WaveOf(a)
		padded := map[string]string{v1alpha1.AnnotationSyncWave: " " + wave + "\t", v1alpha1.AnnotationHelmHookWeight: "\n" + weight}
		if got := WaveOf(padded); got != w {
			t.Errorf("wave %d, with spaces %d", w, got)
		}
		if w != 0 {
			back := map[string]string{v1alpha1.AnnotationSyncWave: strconv.Itoa(w)}
			if got := WaveOf(back); got != w {
				t.Errorf("wave %d is read back as %d", w, got)
			}
		}
		read := ParseOptions(options)
		for k := range read {
			if k == "" || strings.ContainsAny(k, ",=") {
				t.Errorf("%q has the option %q", options, k)
			}
		}
		if diff := cmp.Diff(read, ParseOptions(strings.Split(options, ",")...)); diff != "" {
			t.Errorf("whole and in parts (-whole +parts):\n%s", diff)
		}
		types, unknown := HookTypes(a)
		if len(types)+len(unknown) > strings.Count(hook, ",")+strings.Count(helm, ",")+2 {
			t.Errorf("%q and %q have %d types and %d other words", hook, helm, len(types), len(unknown))
		}
		if !IsHookAnnotated(a) {
			t.Error("a hook's annotation makes no hook")
		}
		if p, _ := DeletePolicies(a); p == (DeletePolicy{}) {
			t.Error("no policy at all")
		}
	})
}
