package once_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

func jobOf(t *testing.T, hook *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	before := hook.DeepCopy()
	job := once.JobFor(hook, once.Entry{Task: task, Key: keyOf("a"), Job: once.JobName(task, keyOf("a")), Attempts: 2}, "app")
	if d := cmp.Diff(before, hook); d != "" {
		t.Errorf("JobFor changed the hook:\n%s", d)
	}
	return job
}

func TestJobFor(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/job.txtar")
	if err != nil {
		t.Fatal(err)
	}
	hook := object(t, string(ar.Files[0].Data))
	job := jobOf(t, hook)
	b, err := yaml.Marshal(job.Object)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(ar.Files[1].Data), string(b)); d != "" {
		t.Errorf("%s(-want +got)\n%s", ar.Comment, d)
	}
	if id, ok := resource.TrackedBy(job, ""); !ok || id.App != "app" {
		t.Error("the Job is not tracked as itself")
	}
	want := once.Job{Name: "migrate-aaaaaaaaaa", Key: keyOf("a"), Attempt: 2, Outcome: once.Running, Held: true}
	if d := cmp.Diff(want, once.JobOf(job), cmpopts.IgnoreUnexported(once.Job{})); d != "" {
		t.Error(d)
	}
}

// TestJobForBare: a hook with a generated name gets one, and what it says itself stays.
func TestJobForBare(t *testing.T) {
	const text = `{apiVersion: batch/v1, kind: Job, metadata: {generateName: seed-, namespace: shop, finalizers: [argocd.argoproj.io/hook-finalizer]}, spec: {ttlSecondsAfterFinished: %d}}`
	for said, kept := range map[int]int64{3600: 3600, 0: 60} {
		job := jobOf(t, object(t, fmt.Sprintf(text, said)))
		ttl, _, _ := unstructured.NestedInt64(job.Object, "spec", "ttlSecondsAfterFinished")
		if job.GetName() != "migrate-aaaaaaaaaa" || job.GetGenerateName() != "" || len(job.GetFinalizers()) != 1 || ttl != kept {
			t.Errorf("ttl %d: %+v", said, job.Object)
		}
	}
}
