package bench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/test/evenkeeltest"
)

// renders are what evenkeel_renders_total has counted, by result.
type renders struct{ rendered, known, held int }

func (w *world) renders() renders {
	w.t.Helper()
	count := func(result string) int {
		n, _ := w.metricIfAny(fmt.Sprintf("evenkeel_renders_total{result=%q}", result))
		return int(n)
	}
	return renders{rendered: count("rendered"), known: count("known"), held: count("held")}
}

// since are the renderings after those before, when every Application has been looked
// at with the newest commit.
func (w *world) since(before renders) renders {
	w.t.Helper()
	w.settle()
	now := w.renders()
	return renders{rendered: now.rendered - before.rendered, known: now.known - before.known, held: now.held - before.held}
}

// hookSecret is that of the webhook.
const hookSecret = "bench"

// setHook gives the program the secret of its webhook.
func (w *world) setHook() {
	w.t.Helper()
	secret := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata":   map[string]any{"name": "argocd-secret", "labels": map[string]any{"app.kubernetes.io/part-of": "argocd"}},
		"stringData": map[string]any{"webhook.github.secret": hookSecret},
	}}
	_, err := w.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(evenkeeltest.Namespace).
		Apply(w.ctx, secret.GetName(), secret, metav1.ApplyOptions{FieldManager: tester, Force: true})
	w.must(err)
}

// tell tells the program of a commit, as GitHub does.
func (w *world) tell() {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"ref": "refs/heads/main", "repository": map[string]any{"clone_url": w.content.url, "default_branch": "main"}})
	w.must(err)
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(body)
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.program.URL+"/api/webhook", strings.NewReader(string(body)))
	w.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Github-Event", "push")
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("the webhook answers %s: %s", res.Status, answer)
	}
}

// TestMonorepo counts the renderings of 60 Applications of one repository, a third
// each of plain manifests, of overlays over two bases, and of two charts with values of
// their own: a commit renders exactly those whose inputs it changes, going back
// renders none, and neither does a restart. Nothing but a webhook tells of a commit.
func TestMonorepo(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane and a minute")
	}
	w := newWorld(t, content{apps: 60, mixed: true}, map[string]any{"timeout.reconciliation": "0s"})
	w.setHook()
	w.create()
	w.synced(w.all(), "")
	n, c := w.content.apps, w.content
	want := func(what string, want, got renders) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	want("all for the first time", renders{rendered: n}, w.since(renders{}))
	for _, step := range []struct {
		what   string
		change map[string]string
		users  []int
		known  bool
	}{
		{what: "a file that no Application reads", change: map[string]string{"README.md": "Another text.\n"}},
		{what: "a new directory", change: map[string]string{"docs/new.md": "A text.\n"}},
		{what: "one plain directory", change: c.change(3, "plain"), users: []int{3}},
		{what: "one overlay", change: c.change(4, "overlay"), users: []int{4}},
		{what: "one file of values", change: c.change(5, "values"), users: []int{5}},
		{what: "back to the first values", change: c.change(5, "initial"), users: []int{5}, known: true},
		{what: "a base", change: map[string]string{sharedFile("bases/1"): sharedObject("new")}, users: c.users("bases/1")},
		{what: "a chart", change: map[string]string{sharedFile("charts/0"): sharedObject("new")}, users: c.users("charts/0")},
	} {
		before := w.renders()
		sha, err := w.repo.Commit(w.ctx, step.change, step.what)
		w.must(err)
		w.tell()
		var keys []string
		for _, i := range step.users {
			keys = append(keys, w.all()[i])
		}
		w.synced(keys, sha)
		expected := renders{rendered: len(step.users), held: n - len(step.users)}
		if step.known {
			expected.rendered, expected.known = 0, expected.rendered
		}
		want(step.what, expected, w.since(before))
	}
	w.must(w.program.Stop())
	w.start()
	want("a restart", renders{known: n}, w.since(renders{}))
	w.must(w.program.Stop())
}
