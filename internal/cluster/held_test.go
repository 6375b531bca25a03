package cluster

import (
	"encoding/json"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

func heldKey(name string) resource.Key {
	return resource.Key{Kind: "ConfigMap", Namespace: "n", Name: name}
}

func TestHeldOnce(t *testing.T) {
	now := time.Unix(1000, 0)
	var h heldBodies
	if _, ok := h.take(heldKey("a"), "1", now); ok {
		t.Error("an empty one has something")
	}
	h.hold(heldKey("a"), "1", json.RawMessage("old"), now)
	h.hold(heldKey("a"), "2", json.RawMessage("new"), now)
	if got, ok := h.take(heldKey("a"), "2", now); !ok || string(got) != "new" {
		t.Errorf("%q, %t", got, ok)
	}
	if _, ok := h.take(heldKey("a"), "2", now); ok {
		t.Error("given twice")
	}
	h.hold(heldKey("a"), "2", json.RawMessage("x"), now)
	if _, ok := h.take(heldKey("a"), "3", now); ok {
		t.Error("another version was given")
	}
	if h.size != 0 || len(h.bodies) != 0 {
		t.Errorf("%d bytes of %d are left", h.size, len(h.bodies))
	}
}

// TestHeldExpires: a minute after the first all go, and later ones are not held.
func TestHeldExpires(t *testing.T) {
	now := time.Unix(1000, 0)
	var h heldBodies
	h.hold(heldKey("a"), "1", json.RawMessage("x"), now)
	if _, ok := h.take(heldKey("a"), "1", now.Add(holdFor)); !ok {
		t.Error("gone too soon")
	}
	h.hold(heldKey("a"), "1", json.RawMessage("x"), now.Add(holdFor))
	late := now.Add(holdFor + 1)
	if _, ok := h.take(heldKey("a"), "1", late); ok {
		t.Error("still there")
	}
	h.hold(heldKey("b"), "1", json.RawMessage("x"), late)
	if _, ok := h.take(heldKey("b"), "1", late); ok || h.size != 0 {
		t.Error("held after the time")
	}
}

// What is held is the newest body of what was not taken, never more than the limit,
// and its size is known.
func TestHeldIsBounded(t *testing.T) {
	big := make(json.RawMessage, maxHeld/3)
	rapid.Check(t, func(t *rapid.T) {
		var h heldBodies
		now := time.Unix(1000, 0)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			key := heldKey(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "key"))
			if rapid.Bool().Draw(t, "take") {
				h.take(key, "1", now)
			} else {
				h.hold(key, "1", big[:rapid.IntRange(0, len(big)).Draw(t, "size")], now)
			}
			size := 0
			for _, b := range h.bodies {
				size += len(b.raw)
			}
			if size != h.size || size > maxHeld {
				t.Fatalf("%d bytes held, %d counted, %d allowed", size, h.size, maxHeld)
			}
		}
	})
}

// TestRejudge: an object is judged by a held body of its very version, and keeps what
// is known of applies.
func TestRejudge(t *testing.T) {
	judged := 0
	x := newIndex(Options{Judge: func(*unstructured.Unstructured, *Record) Verdict {
		judged++
		return Verdict{Sync: v1alpha1.SyncStatusSynced, Desired: uint64(judged)}
	}, Observer: nobody{}})
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	obj.SetNamespace("n")
	obj.SetName("a")
	obj.SetUID(types.UID("u"))
	obj.SetResourceVersion("5")
	raw, err := obj.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	key := heldKey("a")
	if x.Rejudge(key) {
		t.Error("nobody knows it")
	}
	x.Observe(obj)
	if x.Rejudge(key) {
		t.Error("no body is held")
	}
	x.Applied(key, "u", 77)
	x.held.hold(key, "4", raw, time.Now())
	if x.Rejudge(key) {
		t.Error("judged by a body of before")
	}
	x.held.hold(key, "5", raw, time.Now())
	if !x.Rejudge(key) {
		t.Fatal("not judged")
	}
	if v := x.Get(key).Verdict; v.Desired != 2 || v.Applied != 77 {
		t.Errorf("%+v", v)
	}
}
