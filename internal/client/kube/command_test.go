package kube_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/fault"
)

const shop = `
metadata: {name: shop, labels: {team: red}}
spec:
  project: default
  source: {repoURL: https://git.example/shop, path: deploy, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
`

const several = `
metadata: {name: shop}
spec:
  project: default
  sources: [{repoURL: https://git.example/shop, path: deploy, targetRevision: main}, {repoURL: https://git.example/values, ref: values}]
  destination: {server: https://kubernetes.default.svc, namespace: shop}
`

// commandCase is a command on argocd/shop, and what becomes of it.
type commandCase struct {
	reason string
	app    string
	do     func(context.Context, *kube.Client) error
	kind   fault.Kind
	says   string // part of the error; empty means none
	want   string // fields that the Application has then; empty means it is gone
	path   []string
}

func runCommands(t *testing.T, cases []commandCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			s, client := startAPIServer(t, c.app)
			err := c.do(t.Context(), client)
			if (err != nil) != (c.says != "") || err != nil && (fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got error %q of kind %v, want %q of kind %v", err, fault.KindOf(err), c.says, c.kind)
			}
			obj := s.objects["argocd/shop"]
			if c.want == "" {
				if obj != nil {
					t.Errorf("still there: %v", obj.Object)
				}
				return
			}
			var want any
			if err := yaml.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			got, _, err := unstructured.NestedFieldNoCopy(obj.Object, c.path...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, normal(t, got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", strings.Join(c.path, "."), d)
			}
		})
	}
}

func plainSync() v1alpha1.Operation { return v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}} }

func syncTo(revision string) v1alpha1.Operation {
	return v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: revision}}
}

func syncAll(revisions ...string) v1alpha1.Operation {
	return v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revisions: revisions}}
}

func syncing(op v1alpha1.Operation) func(context.Context, *kube.Client) error {
	return func(ctx context.Context, c *kube.Client) error {
		_, err := c.Sync(ctx, "argocd", "shop", op)
		return err
	}
}

func refresh(kind string) func(context.Context, *kube.Client) error {
	return func(ctx context.Context, c *kube.Client) error {
		_, err := c.Refresh(ctx, "argocd", "shop", kind)
		return err
	}
}

func patch(kind types.PatchType, patch string) func(context.Context, *kube.Client) error {
	return func(ctx context.Context, c *kube.Client) error {
		_, err := c.Patch(ctx, "argocd", "shop", kind, []byte(patch))
		return err
	}
}

func remove(finalizer string) func(context.Context, *kube.Client) error {
	return func(ctx context.Context, c *kube.Client) error { return c.Delete(ctx, "argocd", "shop", finalizer) }
}

func terminate(ctx context.Context, c *kube.Client) error { return c.Terminate(ctx, "argocd", "shop") }

func TestSync(t *testing.T) {
	const auto = "  syncPolicy: {automated: {}}\n"
	runCommands(t, []commandCase{
		{
			reason: "a sync is an operation, with the policy's options and retries",
			app:    shop + "  syncPolicy: {syncOptions: [CreateNamespace=true], retry: {limit: 5}}\n", do: syncing(syncTo("abc")),
			want: "{sync: {revision: abc, syncOptions: [CreateNamespace=true]}, initiatedBy: {}, retry: {limit: 5}}", path: []string{"operation"},
		},
		{
			reason: "options of one's own replace the policy's, none included", app: shop + "  syncPolicy: {syncOptions: [CreateNamespace=true]}\n",
			do:   syncing(v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{SyncOptions: []string{}}, Retry: v1alpha1.RetryStrategy{Limit: 1}}),
			want: "{sync: {}, initiatedBy: {}, retry: {limit: 1}}", path: []string{"operation"},
		},
		{
			reason: "one operation at a time", app: shop + "operation: {sync: {revision: old}}\n", do: syncing(plainSync()),
			kind: fault.Conflict, says: "sync application argocd/shop: another operation is already in progress", want: "{sync: {revision: old}}", path: []string{"operation"},
		},
		{
			reason: "not while it is being deleted", app: strings.Replace(shop, "{name: shop,", "{name: shop, deletionTimestamp: '2026-11-23T08:00:00Z', finalizers: [x],", 1), do: syncing(plainSync()),
			kind: fault.Conflict, says: "it is being deleted", want: "null", path: []string{"operation"},
		},
		{
			reason: "automation decides the revision", app: shop + auto, do: syncing(syncTo("v1")),
			kind: fault.Conflict, says: "it cannot be synced to v1: it is synced automatically to main", want: "null", path: []string{"operation"},
		},
		{
			reason: "automation decides the revision of each source", app: several + auto, do: syncing(syncAll("", "v1")),
			kind: fault.Conflict, says: "it cannot be synced to v1: it is synced automatically to HEAD", want: "null", path: []string{"operation"},
		},
		{
			reason: "the automation's own revisions are fine", app: several + auto, do: syncing(syncAll("main", "")),
			want: "{sync: {revisions: [main, '']}, initiatedBy: {}, retry: {}}", path: []string{"operation"},
		},
		{
			reason: "without automation any are", app: several, do: syncing(syncAll("", "v1")),
			want: "{sync: {revisions: ['', v1]}, initiatedBy: {}, retry: {}}", path: []string{"operation"},
		},
		{
			reason: "the automation's own revision is fine", app: shop + auto, do: syncing(syncTo("main")),
			want: "{sync: {revision: main}, initiatedBy: {}, retry: {}}", path: []string{"operation"},
		},
		{
			reason: "a dry run may look at any revision", app: shop + auto, do: syncing(v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: "v1", DryRun: true}}),
			want: "{sync: {revision: v1, dryRun: true}, initiatedBy: {}, retry: {}}", path: []string{"operation"},
		},
		{
			reason: "automation that is switched off decides nothing", app: shop + "  syncPolicy: {automated: {enabled: false}}\n", do: syncing(syncTo("v1")),
			want: "{sync: {revision: v1}, initiatedBy: {}, retry: {}}", path: []string{"operation"},
		},
		{reason: "an operation must be a sync", app: shop, do: syncing(v1alpha1.Operation{}), kind: fault.Invalid, says: "no sync", want: "null", path: []string{"operation"}},
		{reason: "no such application", app: strings.Replace(shop, "name: shop,", "name: other,", 1), do: syncing(plainSync()), kind: fault.NotFound, says: "sync application argocd/shop"},
	})
}

func TestRefresh(t *testing.T) {
	runCommands(t, []commandCase{
		{reason: "a refresh is an annotation", app: shop, do: refresh("hard"), want: "{argocd.argoproj.io/refresh: hard}", path: []string{"metadata", "annotations"}},
		{reason: "there are two kinds of refresh", app: shop, do: refresh("soft"), kind: fault.Invalid, says: "want normal or hard", want: "null", path: []string{"metadata", "annotations"}},
	})
}

func TestTerminate(t *testing.T) {
	runCommands(t, []commandCase{
		{
			reason: "a running operation is asked to stop", app: shop + "operation: {sync: {}}\nstatus: {operationState: {phase: Running, message: m}}\n", do: terminate,
			want: "{phase: Terminating, message: m}", path: []string{"status", "operationState"},
		},
		{
			reason: "one that automated sync began has no request", app: shop + "status: {operationState: {phase: Running}}\n", do: terminate,
			want: "{phase: Terminating}", path: []string{"status", "operationState"},
		},
		{reason: "one that has not begun is withdrawn", app: shop + "operation: {sync: {}}\nstatus: {operationState: {phase: Failed}}\n", do: terminate, want: "null", path: []string{"operation"}},
		{
			reason: "nothing runs", app: shop + "status: {operationState: {phase: Succeeded}}\n", do: terminate,
			kind: fault.Conflict, says: "no operation is in progress", want: "{phase: Succeeded}", path: []string{"status", "operationState"},
		},
	})
}

func TestDelete(t *testing.T) {
	runCommands(t, []commandCase{
		{reason: "cascading", app: shop, do: remove(v1alpha1.FinalizerForeground), want: "[resources-finalizer.argocd.argoproj.io]", path: []string{"metadata", "finalizers"}},
		{
			reason: "the policy of now, not of then", app: strings.Replace(shop, "{name: shop,", "{name: shop, finalizers: [mine, resources-finalizer.argocd.argoproj.io/foreground],", 1),
			do: remove(v1alpha1.FinalizerBackground), want: "[mine, resources-finalizer.argocd.argoproj.io/background]", path: []string{"metadata", "finalizers"},
		},
		{
			reason: "orphaning leaves others' finalizers", app: strings.Replace(shop, "{name: shop,", "{name: shop, finalizers: [resources-finalizer.argocd.argoproj.io, mine],", 1),
			do: remove(""), want: "[mine]", path: []string{"metadata", "finalizers"},
		},
		{reason: "orphaning", app: strings.Replace(shop, "{name: shop,", "{name: shop, finalizers: [resources-finalizer.argocd.argoproj.io],", 1), do: remove("")},
		{reason: "one that is being deleted can be let go", app: strings.Replace(shop, "{name: shop,", "{name: shop, deletionTimestamp: '2026-11-23T08:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io],", 1), do: remove("")},
		{
			reason: "one that is being deleted keeps its way", app: strings.Replace(shop, "{name: shop,", "{name: shop, deletionTimestamp: '2026-11-23T08:00:00Z', finalizers: [mine],", 1),
			do: remove(v1alpha1.FinalizerForeground), want: "[mine]", path: []string{"metadata", "finalizers"},
		},
		{reason: "a finalizer that deletes nothing", app: shop, do: remove("mine"), kind: fault.Invalid, says: "does not delete resources", want: "null", path: []string{"metadata", "finalizers"}},
	})
}

func TestPatch(t *testing.T) {
	runCommands(t, []commandCase{
		{reason: "merge patch", app: shop, do: patch(types.MergePatchType, `{"spec":{"source":{"targetRevision":"v2"}}}`), want: "v2", path: []string{"spec", "source", "targetRevision"}},
		{reason: "JSON patch", app: shop, do: patch(types.JSONPatchType, `[{"op":"replace","path":"/spec/source/targetRevision","value":"v3"}]`), want: "v3", path: []string{"spec", "source", "targetRevision"}},
		{reason: "a test that fails", app: shop, do: patch(types.JSONPatchType, `[{"op":"test","path":"/spec/project","value":"x"}]`), kind: fault.Conflict, says: "does not fit", want: "default", path: []string{"spec", "project"}},
		{reason: "status is the controller's", app: shop, do: patch(types.MergePatchType, `{"status":{"sync":{"status":"Synced"}}}`), kind: fault.Invalid, says: "spec, labels, annotations and finalizers only", want: "null", path: []string{"status"}},
		{reason: "operations go through sync", app: shop, do: patch(types.MergePatchType, `{"operation":{"sync":{}}}`), kind: fault.Invalid, says: "only", want: "null", path: []string{"operation"}},
		{reason: "a name stays", app: shop, do: patch(types.MergePatchType, `{"metadata":{"name":"other"}}`), kind: fault.Invalid, says: "only", want: "shop", path: []string{"metadata", "name"}},
		{reason: "an unknown field", app: shop, do: patch(types.MergePatchType, `{"spec":{"sauce":{}}}`), kind: fault.Invalid, says: `unknown field "spec.sauce"`, want: "null", path: []string{"spec", "sauce"}},
		{reason: "a wrong type", app: shop, do: patch(types.MergePatchType, `{"spec":{"project":7}}`), kind: fault.Invalid, says: "no application", want: "default", path: []string{"spec", "project"}},
		{reason: "an outcome without a source", app: shop, do: patch(types.MergePatchType, `{"spec":{"source":null}}`), kind: fault.Invalid, says: "spec.source or spec.sources is missing", want: "default", path: []string{"spec", "project"}},
		{reason: "no object", app: shop, do: patch(types.MergePatchType, `[]`), kind: fault.Invalid, says: "no JSON object", want: "default", path: []string{"spec", "project"}},
		{reason: "no list", app: shop, do: patch(types.JSONPatchType, `{}`), kind: fault.Invalid, says: "cannot be read", want: "default", path: []string{"spec", "project"}},
		{reason: "a copy bomb", app: shop, do: patch(types.JSONPatchType, bomb()), kind: fault.Invalid, says: "cannot be applied", want: "default", path: []string{"spec", "project"}},
		{reason: "another sort of patch", app: shop, do: patch(types.ApplyYAMLPatchType, `{}`), kind: fault.Invalid, says: "want a JSON patch or a merge patch", want: "default", path: []string{"spec", "project"}},
	})
}

// bomb doubles an annotation forty times.
func bomb() string {
	ops := `[{"op":"add","path":"/metadata/annotations","value":{"a":{"x":"` + strings.Repeat("y", 1000) + `"}}}`
	for range 40 {
		ops += `,{"op":"copy","from":"/metadata/annotations","path":"/metadata/annotations/a/b"},{"op":"copy","from":"/metadata/annotations","path":"/metadata/annotations/a/c"}`
	}
	return ops + "]"
}

func normal(t *testing.T, v any) any {
	t.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := yaml.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Whoever loses a race looks again and decides anew; in the end it gives up.
func TestRaces(t *testing.T) {
	t.Run("somebody else's label is kept", func(t *testing.T) {
		s, client := startAPIServer(t, shop)
		turns := 2
		s.meddle = func(obj *unstructured.Unstructured) {
			if turns--; turns >= 0 {
				obj.SetLabels(map[string]string{"team": "blue"})
			}
			if turns < 0 {
				s.meddle = nil
			}
		}
		if _, err := client.Patch(t.Context(), "argocd", "shop", types.MergePatchType, []byte(`{"spec":{"project":"web"}}`)); err != nil {
			t.Logf("gave up: %v", err)
		}
		s.meddle = nil
		app, err := client.Patch(t.Context(), "argocd", "shop", types.MergePatchType, []byte(`{"spec":{"project":"web"}}`))
		if err != nil || app.Labels["team"] != "blue" || app.Spec.Project != "web" {
			t.Errorf("got %v %+v", err, app)
		}
	})
	t.Run("the other's operation wins", func(t *testing.T) {
		s, client := startAPIServer(t, shop)
		s.meddle = func(obj *unstructured.Unstructured) {
			obj.Object["operation"] = map[string]any{"sync": map[string]any{"revision": "theirs"}}
			s.meddle = nil
		}
		_, err := client.Sync(t.Context(), "argocd", "shop", v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: "ours"}})
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "already in progress") {
			t.Errorf("got %v", err)
		}
		revision, _, err := unstructured.NestedString(s.objects["argocd/shop"].Object, "operation", "sync", "revision")
		if err != nil || revision != "theirs" {
			t.Errorf("the operation is %q, %v", revision, err)
		}
	})
	t.Run("a storm of conflicts ends", func(t *testing.T) {
		s, client := startAPIServer(t, shop)
		s.meddle = func(*unstructured.Unstructured) {}
		if err := client.Delete(t.Context(), "argocd", "shop", v1alpha1.FinalizerForeground); fault.KindOf(err) != fault.Conflict {
			t.Errorf("got %v, want a conflict", err)
		}
		if s.writes != 0 {
			t.Errorf("%d writes", s.writes)
		}
	})
	t.Run("a namesake is not deleted", func(t *testing.T) {
		s, client := startAPIServer(t, shop)
		s.meddle = func(obj *unstructured.Unstructured) { obj.SetUID("uid-2") }
		if err := client.Delete(t.Context(), "argocd", "shop", ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("got %v, want a conflict", err)
		}
		if s.objects["argocd/shop"] == nil {
			t.Error("it was deleted")
		}
	})
}

func TestCreateAndUpdate(t *testing.T) {
	s, client := startAPIServer(t)
	app := &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "shop", ResourceVersion: "77", Labels: map[string]string{"team": "red"}},
		Spec: v1alpha1.ApplicationSpec{
			Project:     "default",
			Source:      &v1alpha1.ApplicationSource{RepoURL: "https://git.example/shop", Path: "."},
			Destination: v1alpha1.ApplicationDestination{Name: "in-cluster"},
		},
		Operation: &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}},
		Status:    v1alpha1.ApplicationStatus{Sync: v1alpha1.SyncStatus{Status: "Synced"}},
	}
	created, err := client.Create(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"status", "operation"} {
		if v, ok := s.objects["argocd/shop"].Object[field]; ok {
			t.Errorf("created with %s %v", field, v)
		}
	}
	if _, err := client.Create(t.Context(), app); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("the second time: %v", err)
	}
	// The controller writes a status; an update keeps it.
	status := map[string]any{"sync": map[string]any{"status": "Synced"}, "ofAnotherVersion": "kept"}
	s.objects["argocd/shop"].Object["status"] = status
	created.Spec.Project, created.Labels = "web", nil
	updated, err := client.Update(t.Context(), created)
	if err != nil || updated.Spec.Project != "web" || len(updated.Labels) != 0 {
		t.Fatalf("%+v, %v", updated, err)
	}
	if d := cmp.Diff(status, s.objects["argocd/shop"].Object["status"]); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	if _, err := client.Update(t.Context(), created); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an update of a stale Application: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	cases := map[string]func(*v1alpha1.Application){
		"metadata.name":                   func(a *v1alpha1.Application) { a.Name = "../x" },
		"metadata.namespace":              func(a *v1alpha1.Application) { a.Namespace = "a/b" },
		"server and name exclude":         func(a *v1alpha1.Application) { a.Spec.Destination.Name = "x" },
		"server or name is missing":       func(a *v1alpha1.Application) { a.Spec.Destination = v1alpha1.ApplicationDestination{} },
		"spec.source or spec.sources":     func(a *v1alpha1.Application) { a.Spec.Source = nil },
		"repoURL is missing":              func(a *v1alpha1.Application) { a.Spec.Source.RepoURL = "" },
		"path or chart is missing for r1": func(a *v1alpha1.Application) { a.Spec.Sources = []v1alpha1.ApplicationSource{{RepoURL: "r1"}} },
	}
	for says, spoil := range cases {
		s, client := startAPIServer(t)
		app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "shop"}, Spec: v1alpha1.ApplicationSpec{
			Source:      &v1alpha1.ApplicationSource{RepoURL: "r", Path: "."},
			Destination: v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer},
		}}
		spoil(app)
		_, err := client.Create(t.Context(), app)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) || s.writes != 0 {
			t.Errorf("want %q, got %v with %d writes", says, err, s.writes)
		}
	}
}
