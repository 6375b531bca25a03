package operation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/resource"
)

func TestQuotes(t *testing.T) {
	for _, c := range []struct {
		message, name, why string
		want               bool
	}{
		{`serviceaccount "web" not found`, "web", "in quotes", true},
		{"exceeded quota: small", "small", "at the end", true},
		{"small is exceeded", "small", "at the start", true},
		{`serviceaccount "web-admin" not found`, "web", "another name begins with it", false},
		{`serviceaccount "my-web" not found`, "web", "another name ends with it", false},
		{`"web.example.com" is taken`, "web", "a part of a domain", false},
		{`"web-admin" needs "web"`, "web", "not at its first place", true},
		{"forbidden", "web", "not at all", false},
	} {
		if got := quotes(c.message, c.name); got != c.want {
			t.Errorf("%s: quotes(%q, %q) is %t", c.why, c.message, c.name, got)
		}
	}
}

// TestExcused: what a dry run is refused for want of may be made by the sync itself.
func TestExcused(t *testing.T) {
	const source = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, names: {kind: Widget}, scope: Namespaced}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {name: patient, annotations: {argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true}}
`
	configMap := func(namespace string) resource.Key {
		return resource.Key{Kind: "ConfigMap", Namespace: namespace, Name: "x"}
	}
	namespace := func(name string) resource.Key { return resource.Key{Kind: "Namespace", Name: name} }
	for _, c := range []struct {
		why     string
		key     resource.Key
		message string
		earlier []resource.Key
		options []string
		want    bool
	}{
		{"the sync defines its kind", resource.Key{Group: "example.com", Kind: "Widget", Name: "x"}, "no such kind", nil, nil, true},
		{"nobody defines its kind", resource.Key{Group: "example.com", Kind: "Gadget", Name: "x"}, "no such kind", nil, nil, false},
		{"its own option says that something will", resource.Key{Group: "example.com", Kind: "Gadget", Namespace: space, Name: "patient"}, "", nil, nil, true},
		{"the Application's option says so", resource.Key{Group: "example.com", Kind: "Gadget", Name: "x"}, "", nil, []string{"SkipDryRunOnMissingResource=true"}, true},
		{"the sync makes its namespace", configMap("side"), "not found", []resource.Key{namespace("side")}, nil, true},
		{"the sync makes another namespace", configMap("side"), "not found", []resource.Key{namespace("else")}, nil, false},
		{"its namespace is there, so that is not it", configMap(space), "denied", []resource.Key{namespace(space)}, nil, false},
		{"it names what comes before", configMap(space), `"web" not found`, []resource.Key{{Kind: "ServiceAccount", Name: "web"}}, nil, true},
		{"it names something else", configMap(space), `"web" not found`, []resource.Key{{Kind: "ServiceAccount", Name: "we"}}, nil, false},
		{"nothing comes before", configMap(space), "denied", nil, []string{"CreateNamespace=true"}, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld(t)
			w.desire(t, objects(t, source)...)
			w.options = resource.ReadSyncOptions(c.options...)
			res := apply.Result{Key: c.key, Message: c.message}
			if got := w.begin().excused(res, c.earlier); got != c.want {
				t.Errorf("excused: %t", got)
			}
		})
	}
}

func TestKeptFromPruning(t *testing.T) {
	key := resource.Key{Kind: "ConfigMap", Namespace: space, Name: "old"}
	for _, c := range []struct {
		why, want string
		change    func(o *comparison.Object, g *Guard)
	}{
		{"nothing speaks against it", "", func(*comparison.Object, *Guard) {}},
		{"to be confirmed is not kept", "", func(_ *comparison.Object, g *Guard) { g.Options.Prune = resource.Confirm }},
		{"option", "sync option Prune=false", func(_ *comparison.Object, g *Guard) { g.Options.Prune = resource.Denied }},
		{"an Application among its own objects", "it is the Application itself", func(_ *comparison.Object, g *Guard) { g.Self = key }},
		{"nobody knows what it is like", "it cannot be read: conversion failed", func(o *comparison.Object, _ *Guard) { o.Unread = "conversion failed" }},
		{"extraneous on purpose", "compare option IgnoreExtraneous", func(o *comparison.Object, _ *Guard) {
			o.Record.Hints.CompareOptions = "IgnoreExtraneous"
		}},
		{"the project forbids it", "not in this project", func(_ *comparison.Object, g *Guard) {
			g.Permits = func(resource.Key) error { return errors.New("not in this project") }
		}},
	} {
		t.Run(c.why, func(t *testing.T) {
			o := comparison.Object{Key: key, Record: &cluster.Record{Key: key}}
			g := Guard{Permits: func(resource.Key) error { return nil }}
			c.change(&o, &g)
			if got := KeptFromPruning(o, g); got != c.want {
				t.Errorf("kept: %q, want %q", got, c.want)
			}
		})
	}
}

func TestApproved(t *testing.T) {
	for _, c := range []struct {
		value string
		want  bool
	}{
		{"", false},
		{"yes", false},
		{"2025-12-31T23:59:59Z", false},
		{"2026-01-01T00:00:00Z", true}, // the operation began within this second
		{"2026-01-01T01:30:00+01:00", true},
		{"2026-01-01T00:30:00+01:00", false},
	} {
		app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationDeletionApproved: c.value}}}
		if got := Approved(app, start.Add(400*time.Millisecond)); got != c.want {
			t.Errorf("%q: %t", c.value, got)
		}
	}
}

// TestAsPlanned: an operation that was asked for one plan does that one or nothing.
func TestAsPlanned(t *testing.T) {
	const source = `
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: new}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {argocd.argoproj.io/hook: PreSync}}
`
	const live = `
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {a: old}
of: shop
---
apiVersion: v1
kind: ConfigMap
metadata: {name: old}
of: shop
`
	alter := func(w *world, name string, change func(*unstructured.Unstructured)) {
		obj := w.api.objects[resource.Key{Kind: "ConfigMap", Namespace: space, Name: name}].DeepCopy()
		change(obj)
		w.api.put(obj)
	}
	for _, c := range []struct {
		why    string
		change func(w *world)
		moved  bool
	}{
		{"nothing has changed", func(*world) {}, false},
		{"a status is not what a plan is about", func(w *world) {
			alter(w, "web", func(o *unstructured.Unstructured) { o.Object["status"] = map[string]any{"x": "y"} })
		}, false},
		{"live has moved", func(w *world) {
			alter(w, "web", func(o *unstructured.Unstructured) { o.Object["data"] = map[string]any{"a": "newer"} })
		}, true},
		{"what is to be pruned has moved", func(w *world) {
			alter(w, "old", func(o *unstructured.Unstructured) { o.SetLabels(map[string]string{"a": "b"}) })
		}, true},
		{"what is to be pruned is gone", func(w *world) { w.vanish("ConfigMap", "old") }, true},
		{"it is another object of the name", func(w *world) {
			obj := w.api.objects[resource.Key{Kind: "ConfigMap", Namespace: space, Name: "old"}].DeepCopy()
			w.vanish("ConfigMap", "old")
			w.api.put(obj)
		}, true},
		{"desired has moved", func(w *world) { w.desire(t, objects(t, strings.Replace(source, "new", "newest", 1))...) }, true},
		{"a hook has moved", func(w *world) {
			w.desire(t, objects(t, strings.Replace(source, "PreSync}", "PreSync}, labels: {a: b}", 1))...)
		}, true},
		{"prune was asked for when it was planned", func(w *world) { w.state.Operation.Sync.Prune = false }, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld(t)
			for _, obj := range objects(t, live) {
				w.api.put(obj)
			}
			w.desire(t, objects(t, source)...)
			seen, err := w.begin().Preview(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			w.state.Operation.Info = []*v1alpha1.Info{nil, {Name: v1alpha1.InfoPlan, Value: seen.Hash}}
			c.change(w)
			w.api.writes = nil
			out, _ := w.advance()
			if refused := out.Ended && strings.Contains(w.state.Message, "is out of date"); refused != c.moved {
				t.Errorf("refused: %t: %s", refused, w.state.Message)
			}
			if wrote := len(w.api.writes) > 0; wrote == c.moved {
				t.Errorf("wrote %v", w.api.writes)
			}
		})
	}
}
