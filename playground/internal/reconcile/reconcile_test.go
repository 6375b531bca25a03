package reconcile

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	cachetest "k8s.io/client-go/tools/cache/testing"
)

// TestStart lets an object appear whose first sync fails, whose second asks for
// a third, and which then changes.
func TestStart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	source := cachetest.NewFakeControllerSource()
	t.Cleanup(source.Shutdown)
	informer := cache.NewSharedIndexInformer(source, &corev1.ConfigMap{}, 0, cache.Indexers{})
	calls := make(chan string)
	count := 0
	err := Start(ctx, "ConfigMap", informer, 1, func(ctx context.Context, c *corev1.ConfigMap) (time.Duration, error) {
		count++
		select {
		case calls <- c.Data["version"]:
		case <-ctx.Done():
		}
		switch count {
		case 1:
			return 0, errors.New("not yet")
		case 2:
			return time.Millisecond, nil
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	configMap := func(version string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b"}, Data: map[string]string{"version": version}}
	}
	want := func(version, reason string) {
		t.Helper()
		select {
		case got := <-calls:
			if got != version {
				t.Fatalf("%s: sync of version %s, want %s", reason, got, version)
			}
		case <-ctx.Done():
			t.Fatalf("%s: no sync", reason)
		}
	}
	source.Add(configMap("1"))
	want("1", "the object appears")
	want("1", "sync failed")
	want("1", "sync asked for another")
	source.Modify(configMap("2"))
	want("2", "the object changed")
}
