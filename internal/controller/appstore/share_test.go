package appstore

import (
	"encoding/json"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
)

// TestLean: an Application says the same with less memory.
func TestLean(t *testing.T) {
	const text = `{"metadata":{"name":"a","managedFields":[{"manager":"m"}]},"status":{
		"resources":[{"kind":"ConfigMap","version":"v1","namespace":"x","name":"one","status":"Synced"},
			{"kind":"ConfigMap","version":"v1","namespace":"x","name":"two","status":"Synced","health":{"status":"Healthy"}},
			{"kind":"ConfigMap","version":"v1","namespace":"x","name":"three","status":"OutOfSync"}],
		"operationState":{"operation":{},"phase":"Succeeded","startedAt":"2026-01-01T00:00:00Z","syncResult":{"revision":"r","resources":[
			{"group":"","kind":"ConfigMap","version":"v1","namespace":"x","name":"one","status":"Synced","message":"configmap/one serverside-applied","syncPhase":"Sync"}]}}}}`
	decoded := func() *v1alpha1.Application {
		app := &v1alpha1.Application{}
		if err := json.Unmarshal([]byte(text), app); err != nil {
			t.Fatal(err)
		}
		return app
	}
	want, got := decoded(), decoded()
	want.SetManagedFields(nil)
	lean(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	list, results := got.Status.Resources, got.Status.OperationState.SyncResult.Resources
	if cap(list) != len(list) || cap(results) != len(results) {
		t.Errorf("room for %d and %d more", cap(list)-len(list), cap(results)-len(results))
	}
	if unsafe.StringData(list[0].Kind) != unsafe.StringData(list[2].Kind) || unsafe.StringData(list[0].Name) != unsafe.StringData(results[0].Name) {
		t.Error("equal texts have their own memory each")
	}
	empty := &v1alpha1.Application{}
	lean(empty)
	if diff := cmp.Diff(&v1alpha1.Application{}, empty); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
