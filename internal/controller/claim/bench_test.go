package claim_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/jsonobject"
)

// BenchmarkEvent is what a watch event of a Deployment costs: its body is decoded, its
// health judged, and compared with what is desired.
func BenchmarkEvent(b *testing.B) {
	text, err := os.ReadFile("testdata/deployment.yaml")
	if err != nil {
		b.Fatal(err)
	}
	want, live, _ := strings.Cut(string(text), "\n---\n")
	raw, err := json.Marshal(body(b, live).Object)
	if err != nil {
		b.Fatal(err)
	}
	j := judgeBy(0, claimOn(b, "a", want))
	b.ReportAllocs()
	for b.Loop() {
		obj, err := jsonobject.Decode(raw)
		if err != nil {
			b.Fatal(err)
		}
		if v := j.Verdict(&unstructured.Unstructured{Object: obj}, nil); v.Sync != v1alpha1.SyncStatusSynced {
			b.Fatalf("%+v", v)
		}
	}
}
