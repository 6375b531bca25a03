package kube_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

const (
	firstCommit  = "1111111111111111111111111111111111111111"
	secondCommit = "2222222222222222222222222222222222222222"
	// history is an Application's with two entries, the older with another path.
	history = `status:
  history:
  - {id: 3, revision: "` + firstCommit + `", deployedAt: "2026-11-23T08:00:00Z", source: {repoURL: https://git.example/shop, path: old, targetRevision: main}}
  - {id: 4, revision: "` + secondCommit + `", deployedAt: "2026-11-23T09:00:00Z", source: {repoURL: https://git.example/shop, path: deploy, targetRevision: main}}
  - {id: 5, revision: "1.2.0", deployedAt: "2026-11-23T09:30:00Z", source: {repoURL: https://git.example/shop, chart: c, targetRevision: 1.x}}
`
	policy = "  syncPolicy: {automated: {}, syncOptions: [CreateNamespace=true], retry: {limit: 5}}\n"
)

func rollback(r view.Rollback) func(context.Context, *kube.Client) error {
	return func(ctx context.Context, c *kube.Client) error {
		_, err := c.Rollback(ctx, "argocd", "shop", r)
		return err
	}
}

func pinning(p view.Pinning) func(context.Context, *kube.Client) error {
	return func(ctx context.Context, c *kube.Client) error {
		_, err := c.Pin(ctx, "argocd", "shop", p)
		return err
	}
}

func TestRollback(t *testing.T) {
	annotations := []string{"metadata", "annotations"}
	operation := []string{"operation"}
	runCommands(t, []commandCase{
		{
			reason: "automated sync stays on, and the sync has the policy's options", app: shop + policy + history,
			do:   rollback(view.Rollback{Pinning: view.Pinning{ID: 4, By: "anna"}, Prune: true}),
			want: `{sync: {revision: "` + secondCommit + `", prune: true, syncOptions: [CreateNamespace=true]}, initiatedBy: {username: anna}, retry: {limit: 5}}`, path: operation,
		},
		{
			reason: "what automated sync prunes by itself is pruned at once", app: shop + "  syncPolicy: {automated: {prune: true}}\n" + history,
			do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4}}), want: "true", path: []string{"operation", "sync", "prune"},
		},
		{
			reason: "the pin says who, why and until when", app: shop + history,
			do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4, By: "anna", Reason: "it is slow", Until: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), UntilNewer: true}}),
			want: `{evenkeel.dev/pin: "` + secondCommit + `", evenkeel.dev/pin-history: "4", evenkeel.dev/pin-by: anna, evenkeel.dev/pin-reason: it is slow,
				evenkeel.dev/pin-until: "2999-01-01T00:00:00Z", evenkeel.dev/pin-newer-than: newest}`, path: annotations,
		},
		{
			reason: "a source that was another one comes back", app: shop + history, do: rollback(view.Rollback{Pinning: view.Pinning{ID: 3}}),
			want: `{evenkeel.dev/pin: "` + firstCommit + `", evenkeel.dev/pin-history: "3",
				evenkeel.dev/pin-source: '{"repoURL":"https://git.example/shop","path":"old","targetRevision":"main"}'}`, path: annotations,
		},
		{
			reason: "nothing of an earlier pin is left", do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4}}),
			app:  strings.Replace(shop, "{name: shop,", "{name: shop, annotations: {evenkeel.dev/pin: x, evenkeel.dev/pin-reason: old, mine: kept},", 1) + history,
			want: `{evenkeel.dev/pin: "` + secondCommit + `", evenkeel.dev/pin-history: "4", mine: kept}`, path: annotations,
		},
		{
			reason: "a dry run pins nothing", app: shop + history, do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4}, DryRun: true}),
			want: "null", path: annotations,
		},
		{
			reason: "a dry run brings the source along", app: shop + history, do: rollback(view.Rollback{Pinning: view.Pinning{ID: 3}, DryRun: true}),
			want: `{sync: {revision: "` + firstCommit + `", dryRun: true, source: {repoURL: https://git.example/shop, path: old, targetRevision: main}}, initiatedBy: {}, retry: {}}`, path: operation,
		},
		{reason: "no such entry", app: shop + history, do: rollback(view.Rollback{Pinning: view.Pinning{ID: 9}}), kind: fault.NotFound, says: "application argocd/shop has no history entry 9", want: "null", path: annotations},
		{
			reason: "a version of a chart", app: shop + history, do: rollback(view.Rollback{Pinning: view.Pinning{ID: 5}}),
			want: `{evenkeel.dev/pin: "1.2.0", evenkeel.dev/pin-history: "5", evenkeel.dev/pin-source: '{"repoURL":"https://git.example/shop","targetRevision":"1.x","chart":"c"}'}`,
			path: annotations,
		},
		{
			reason: "a pin must not have ended already", app: shop + history, do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4, Until: time.Unix(0, 0)}}),
			kind: fault.Invalid, says: "a pin until 1970-01-01T00:00:00Z would have ended already", want: "null", path: annotations,
		},
		{
			reason: "all or nothing: no pin without the sync", app: shop + history + "operation: {sync: {}}\n", do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4}}),
			kind: fault.Conflict, says: "roll back application argocd/shop: another operation is already in progress", want: "null", path: annotations,
		},
		{
			reason: "not while it is being deleted", app: strings.Replace(shop, "{name: shop,", "{name: shop, deletionTimestamp: '2026-11-23T08:00:00Z', finalizers: [x],", 1) + history,
			do: rollback(view.Rollback{Pinning: view.Pinning{ID: 4}}), kind: fault.Conflict, says: "it is being deleted", want: "null", path: annotations,
		},
	})
}

func TestPin(t *testing.T) {
	annotations := []string{"metadata", "annotations"}
	unpin := func(ctx context.Context, c *kube.Client) error {
		_, err := c.Unpin(ctx, "argocd", "shop")
		return err
	}
	runCommands(t, []commandCase{
		{
			reason: "to a commit", app: shop, do: pinning(view.Pinning{Revision: firstCommit, By: "anna"}),
			want: `{evenkeel.dev/pin: "` + firstCommit + `", evenkeel.dev/pin-by: anna}`, path: annotations,
		},
		{reason: "a pin syncs nothing", app: shop, do: pinning(view.Pinning{Revision: firstCommit}), want: "null", path: []string{"operation"}},
		{reason: "to no branch: it moves", app: shop, do: pinning(view.Pinning{Revision: "main"}), kind: fault.Invalid, says: `"main" is no full commit id`, want: "null", path: annotations},
		{
			reason: "what cannot be read can be removed", do: unpin, want: "{mine: kept}", path: annotations,
			app: strings.Replace(shop, "{name: shop,", "{name: shop, annotations: {evenkeel.dev/pin: x, evenkeel.dev/pin-reason: old, mine: kept},", 1),
		},
		{reason: "what is not pinned cannot be unpinned", app: shop, do: unpin, kind: fault.Conflict, says: "unpin application argocd/shop: it is not pinned", want: "null", path: annotations},
	})
}

// TestConfirmDeletion: the time is the one at which somebody confirmed.
func TestConfirmDeletion(t *testing.T) {
	s, c := startAPIServer(t, shop)
	before := time.Now().Truncate(time.Second)
	app, err := c.ConfirmDeletion(t.Context(), "argocd", "shop")
	if err != nil {
		t.Fatal(err)
	}
	text := s.objects["argocd/shop"].GetAnnotations()["argocd.argoproj.io/deletion-approved"]
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("confirmed at %q, %v", text, err)
	}
	if app.Annotations["argocd.argoproj.io/deletion-approved"] != text {
		t.Errorf("it gives %v", app.Annotations)
	}
}

// TestConfirmDeletionOfWhatBegins: an operation may be noted as begun later than it is now.
func TestConfirmDeletionOfWhatBegins(t *testing.T) {
	confirm := func(ctx context.Context, c *kube.Client) error {
		_, err := c.ConfirmDeletion(ctx, "argocd", "shop")
		return err
	}
	runCommands(t, []commandCase{{
		reason: "not before the operation that asks", app: shop + "status: {operationState: {phase: Running, startedAt: '2999-01-01T00:00:00Z'}}\n", do: confirm,
		want: `"2999-01-01T00:00:00Z"`, path: []string{"metadata", "annotations", "argocd.argoproj.io/deletion-approved"},
	}})
}
