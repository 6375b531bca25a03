package fakenode

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write what next decides into testdata/next")

// TestNext reads testdata/next/*.txtar: a comment that says what happens and
// why, pod.yaml, and want.yaml, the step at noon UTC on 2026-11-23.
func TestNext(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	files, err := filepath.Glob("testdata/next/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/next: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Files) != 2 || a.Files[0].Name != "pod.yaml" || a.Files[1].Name != "want.yaml" {
				t.Fatal("want the files pod.yaml and want.yaml")
			}
			var pod corev1.Pod
			if err := yaml.UnmarshalStrict(a.Files[0].Data, &pod); err != nil {
				t.Fatal(err)
			}
			before := pod.DeepCopy()
			got, err := yaml.Marshal(next(&pod, "10.0.0.10", noon))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, &pod); diff != "" {
				t.Errorf("next changed the Pod, which is the cache's (-before +after):\n%s", diff)
			}
			if *update {
				a.Files[1].Data = got
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[1].Data), string(got)); diff != "" {
				t.Errorf("%s(-want +got):\n%s", a.Comment, diff)
			}
		})
	}
}

// TestNextComesToRest follows Pods from creation: whatever is reported must
// not lead to the same report again, or the playground would write for ever.
func TestNextComesToRest(t *testing.T) {
	for _, tt := range []struct {
		annotations map[string]string
		policy      corev1.RestartPolicy
		want        corev1.PodPhase
		reports     int
		reason      string
	}{
		{nil, corev1.RestartPolicyAlways, corev1.PodRunning, 1, "a server runs on"},
		{nil, corev1.RestartPolicyNever, corev1.PodSucceeded, 2, "a Job's Pod runs, then ends"},
		{map[string]string{ExitCodeAnnotation: "1"}, corev1.RestartPolicyOnFailure, corev1.PodFailed, 2, "OnFailure is not played: it fails at once"},
		{map[string]string{FailAnnotation: "ImagePullBackOff"}, corev1.RestartPolicyAlways, corev1.PodPending, 1, "never started"},
		{map[string]string{FailAnnotation: "CrashLoopBackOff"}, corev1.RestartPolicyAlways, corev1.PodRunning, 1, "one report, not one for each restart"},
		{map[string]string{RunAnnotation: "long"}, corev1.RestartPolicyNever, corev1.PodPending, 1, "an annotation that cannot be read"},
		{map[string]string{StartDelayAnnotation: "1h"}, corev1.RestartPolicyAlways, corev1.PodRunning, 1, "late but ready"},
	} {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{UID: "u", CreationTimestamp: metav1.NewTime(now), Annotations: tt.annotations},
			Spec:       corev1.PodSpec{RestartPolicy: tt.policy, Containers: []corev1.Container{{Name: "c"}}},
		}
		reports := 0
		for s := next(pod, "10.0.0.10", now); s != (step{}) && reports < 10; s = next(pod, "10.0.0.10", now) {
			now = now.Add(s.After)
			if s.Status != nil {
				pod.Status = *s.Status
				reports++
			}
		}
		if pod.Status.Phase != tt.want || reports != tt.reports {
			t.Errorf("annotations %v, restartPolicy %s (%s): phase %s after %d reports, want %s after %d",
				tt.annotations, tt.policy, tt.reason, pod.Status.Phase, reports, tt.want, tt.reports)
		}
	}
}

func TestWishOfRefuses(t *testing.T) {
	for _, tt := range []struct{ annotation, value, reason string }{
		{StartDelayAnnotation, "3", "no unit"},
		{StartDelayAnnotation, "-3s", "before its creation"},
		{RunAnnotation, "", "empty is not unset"},
		{ExitCodeAnnotation, "256", "more than a process can"},
		{ExitCodeAnnotation, "-1", "less than a process can"},
		{ExitCodeAnnotation, "one", "not a number"},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{tt.annotation: tt.value}}}
		if w, err := wishOf(pod); err == nil {
			t.Errorf("%s: %q (%s): got %+v, want an error", tt.annotation, tt.value, tt.reason, w)
		}
	}
}
