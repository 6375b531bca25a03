package ledger_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/ledger"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	theApp  = types.NamespacedName{Namespace: "argocd", Name: "guestbook"}
	migrate = `
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: shop
  annotations: {argocd.argoproj.io/hook: PreSync, evenkeel.dev/run: once-per-input}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: side, image: side}
      - name: migrate
        image: migrate:%s
        envFrom: [{secretRef: {name: db}}, {configMapRef: {name: conf, optional: true}}]
`
)

func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	return o
}

func database(t testing.TB) *unstructured.Unstructured {
	return object(t, `{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: shop}, data: {password: aHVudGVyMg==}}`)
}

// rig is a store over a server, and a hook.
type rig struct {
	*testing.T
	server *apiServer
	conn   *cluster.Conn
	store  *ledger.Store
}

func newRig(t *testing.T, objects ...*unstructured.Unstructured) rig {
	t.Helper()
	server, conn := startAPIServer(t, append(objects, database(t))...)
	r := rig{T: t, server: server, conn: conn}
	return r.restart()
}

// restart is the same cluster seen by a new process.
func (r rig) restart() rig {
	r.store = ledger.New(ledger.Options{Conn: r.conn, Namespace: "argocd", Now: func() time.Time { return noon }})
	return r
}

func nothing(resource.Key) *unstructured.Unstructured { return nil }

// run is the run of the hook with an image's tag, as doc.go says to make it.
func (r rig) run(ctx context.Context, tag string) (ledger.Run, error) {
	hook := object(r.T, fmt.Sprintf(migrate, tag))
	got, err := r.store.Gather(ctx, r.conn, hook, nothing)
	if err != nil {
		return ledger.Run{}, err
	}
	mac, err := r.store.MACKey(ctx)
	if err != nil {
		return ledger.Run{}, err
	}
	task, err := once.NewTask(hook, once.Inputs{Objects: got.Objects, MACKey: mac})
	if err != nil {
		return ledger.Run{}, err
	}
	task.Revision = tag
	return ledger.Run{App: theApp, Instance: "guestbook", Target: r.conn, Hook: hook, Task: task}, nil
}

func (r rig) mustRun(tag string) ledger.Run {
	r.Helper()
	run, err := r.run(r.Context(), tag)
	if err != nil {
		r.Fatal(err)
	}
	return run
}

func (r rig) step(run ledger.Run) ledger.Progress {
	r.Helper()
	p, err := r.store.Step(r.Context(), run)
	if err != nil {
		r.Fatal(err)
	}
	return p
}

func (r rig) entries() []once.Entry {
	r.Helper()
	l, err := r.store.Read(r.Context(), theApp)
	if err != nil {
		r.Fatal(err)
	}
	return l.Entries
}

func jobID(run ledger.Run) string { return "jobs/shop/" + once.JobName(run.Task.Name, run.Task.Key) }

// end has the Job controller say how a Job ended.
func (s *apiServer) end(id, condition string) {
	s.change(id, func(o *unstructured.Unstructured) {
		o.Object["status"] = map[string]any{"conditions": []any{map[string]any{
			"type": condition, "status": "True", "reason": "BackoffLimitExceeded", "message": "no luck",
		}}}
	})
}

func (r rig) wantRequests(why string, want ...string) {
	r.Helper()
	if d := cmp.Diff(want, r.server.requests()); d != "" {
		r.Errorf("%s: requests (-want +got)\n%s", why, d)
	}
}

// TestLife: the intent is written before the Job is made, waiting costs nothing,
// the outcome is written before the Job is let go, and then nothing runs again.
func TestLife(t *testing.T) {
	r := newRig(t)
	run := r.mustRun("v1")
	job := strings.TrimPrefix(jobID(run), "jobs/shop/")
	r.wantRequests("the key", "GET configmaps/conf", "GET secrets/db", "GET secrets/evenkeel-ledger-key", "POST secrets", "GET secrets/evenkeel-ledger-key")

	if p := r.step(run); p.Do != once.Wait || p.Reason != "waiting for completion of Job "+job || p.Entry.Outcome != once.Running {
		t.Fatalf("%+v", p)
	}
	const write = "PATCH configmaps/evenkeel-ledger-guestbook"
	r.wantRequests("the start", "GET configmaps/evenkeel-ledger-guestbook", "GET jobs/"+job,
		"POST configmaps", "GET jobs/"+job,
		"POST jobs", "GET jobs/"+job, write, "GET jobs/"+job)

	run.Seen = ledger.Seen{UID: r.server.find(jobID(run)).GetUID(), Going: true}
	if p := r.step(run); p.Do != once.Wait {
		t.Fatalf("%+v", p)
	}
	r.wantRequests("waiting")

	r.server.end(jobID(run), "Complete")
	run.Seen.Going = false
	if p := r.step(run); p.Do != once.Done || p.Entry.Outcome != once.Succeeded || !p.Entry.Finished.Equal(noon) || p.Entry.Held {
		t.Fatalf("%+v", p)
	}
	r.wantRequests("the end", "GET configmaps/evenkeel-ledger-guestbook", "GET jobs/"+job, "GET pods", write,
		"GET jobs/"+job, "PATCH jobs/"+job, "GET jobs/"+job, write, "GET jobs/"+job)
	if f := r.server.find(jobID(run)).GetFinalizers(); len(f) != 0 {
		t.Errorf("the Job is held: %v", f)
	}

	r.server.mu.Lock()
	delete(r.server.objects, jobID(run)) // as a TTL does
	r.server.mu.Unlock()
	r = r.restart()
	if p := r.step(r.mustRun("v1")); p.Do != once.Done || !strings.HasPrefix(p.Reason, "ran with these inputs at v1") {
		t.Fatalf("%+v", p)
	}
	if r.server.find(jobID(run)) != nil {
		t.Error("it ran again")
	}
}

// TestLogIsKept: the newest Pod's telling container is read, and Secrets are masked.
func TestLogIsKept(t *testing.T) {
	for _, c := range []struct{ name, pods, log, condition, want string }{
		{"failed container", `
- {metadata: {name: old, creationTimestamp: "2026-11-23T11:00:00Z"}, spec: {containers: [{name: migrate}]}}
- metadata: {name: new, creationTimestamp: "2026-11-23T11:30:00Z"}
  spec: {containers: [{name: side}, {name: migrate}]}
  status:
    containerStatuses:
    - {name: side, state: {terminated: {exitCode: 0}}}
    - {name: migrate, state: {terminated: {exitCode: 3}}}
`, "new/migrate", "Failed", "connecting with ••••••\nfailed"},
		{"failed init container", `
- metadata: {name: new}
  spec: {containers: [{name: migrate}]}
  status: {initContainerStatuses: [{name: wait, state: {terminated: {exitCode: 1}}}]}
`, "new/wait", "Failed", "connecting with ••••••\nfailed"},
		{"named container", `
- metadata: {name: new, annotations: {kubectl.kubernetes.io/default-container: migrate}}
  spec: {containers: [{name: side}, {name: migrate}]}
`, "new/migrate", "Complete", "connecting with ••••••\nfailed"},
		{"first container", `
- {metadata: {name: new}, spec: {containers: [{name: side}, {name: migrate}]}}
`, "new/side", "Complete", "connecting with ••••••\nfailed"},
		{"no log", `
- {metadata: {name: new}, spec: {containers: [{name: side}]}}
`, "elsewhere", "Complete", ""},
		{"no Pod", `[]`, "", "Complete", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			run := r.mustRun("v1")
			r.step(run)
			var pods []map[string]any
			if err := yaml.Unmarshal([]byte(c.pods), &pods); err != nil {
				t.Fatal(err)
			}
			for _, pod := range pods {
				o := &unstructured.Unstructured{Object: pod}
				o.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "Pod"})
				o.SetNamespace("shop")
				o.SetLabels(map[string]string{"batch.kubernetes.io/controller-uid": string(r.server.find(jobID(run)).GetUID())})
				b := must(o.MarshalJSON())
				if err := o.UnmarshalJSON(b); err != nil { // numbers as a cluster gives them
					t.Fatal(err)
				}
				r.server.put(o)
			}
			r.server.logs["shop/"+c.log] = "connecting with \x1b[1mhunter2\x1b[0m\nfailed\n"
			r.server.end(jobID(run), c.condition)
			r.step(run)
			if d := cmp.Diff(c.want, r.entries()[0].Log); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestLogCutOff: a line that was cut off, which may be a part of a secret, is left out.
func TestLogCutOff(t *testing.T) {
	r := newRig(t)
	run := r.mustRun("v1")
	r.step(run)
	pod := object(t, `{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: a}]}}`)
	pod.SetLabels(map[string]string{"batch.kubernetes.io/controller-uid": string(r.server.find(jobID(run)).GetUID())})
	r.server.put(pod)
	fill := strings.Repeat("x", 64<<10-len("\nhunt"))
	r.server.logs["shop/p/a"] = fill + "\nhunter2"
	r.server.end(jobID(run), "Complete")
	r.step(run)
	if log := r.entries()[0].Log; log == "" || strings.Contains(log, "hunt") {
		t.Errorf("%q", log[len(log)-20:])
	}
}

// TestFailure: what failed is refused until a person retries or marks it.
func TestFailure(t *testing.T) {
	r := newRig(t)
	run := r.mustRun("v1")
	r.step(run)
	r.server.end(jobID(run), "Failed")
	p := r.step(run)
	if p.Do != once.Refuse || p.Entry.Message != "BackoffLimitExceeded: no luck" || !strings.Contains(p.Reason, "no luck") {
		t.Fatalf("%+v", p)
	}
	if p := r.step(run); p.Do != once.Refuse {
		t.Fatalf("it ran again by itself: %+v", p)
	}
	first := r.server.find(jobID(run)).GetUID()
	run.Choice = once.Choice{Word: once.Run, Request: "op2", By: "alice"}
	if p := r.step(run); p.Do != once.Wait || p.Entry.Attempts != 2 || p.Entry.By != "alice" {
		t.Fatalf("%+v", p)
	}
	second := r.server.find(jobID(run))
	if second.GetUID() == first || second.GetAnnotations()[v1alpha1.AnnotationAttempt] != "2" {
		t.Fatalf("no second Job: %v", second.GetAnnotations())
	}
	r.server.end(jobID(run), "Failed")
	if p := r.step(run); p.Do != once.Refuse {
		t.Fatalf("one operation retries once: %+v", p)
	}
	run.Choice = once.Choice{Word: once.Skip, Request: "op3", By: "alice"}
	if p := r.step(run); p.Do != once.Done || p.Entry.Outcome != once.Skipped {
		t.Fatalf("%+v", p)
	}
}

// TestRefused: a Job that the API server will not have did not run, and is tried
// again with the next sync.
func TestRefused(t *testing.T) {
	r := newRig(t)
	run := r.mustRun("v1")
	deny := func(req *http.Request) error {
		if req.Method == http.MethodPost && req.PathValue("resource") == "jobs" {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "jobs"}, "migrate", fmt.Errorf("exceeded quota"))
		}
		return nil
	}
	r.server.before = deny
	p := r.step(run)
	if p.Do != once.Refuse || !strings.Contains(p.Reason, "exceeded quota") || p.Entry.Message != p.Reason {
		t.Fatalf("%+v", p)
	}
	r.server.requests()
	r.step(run)
	r.wantRequests("the same again is not written again", "GET configmaps/evenkeel-ledger-guestbook",
		"GET "+strings.Replace(jobID(run), "jobs/shop/", "jobs/", 1), "POST jobs")
	r.server.before = nil
	if p := r.step(run); p.Do != once.Wait || p.Entry.Attempts != 1 || p.Entry.Message != "" {
		t.Fatalf("%+v", p)
	}
}

// TestSomebodyElse: what others put in the way is left alone.
func TestSomebodyElse(t *testing.T) {
	for _, c := range []struct{ name, ledger, want string }{
		{
			"no ledger of ours", `{apiVersion: v1, kind: ConfigMap, metadata: {name: evenkeel-ledger-guestbook, namespace: argocd}, data: {ledger: "{}"}}`,
			"ConfigMap argocd/evenkeel-ledger-guestbook cannot be read as a ledger; nothing that runs once per input runs until it is mended: it is not the ledger of application guestbook: it lacks label app.kubernetes.io/managed-by or annotation evenkeel.dev/ledger-of",
		},
		{
			"no data", `{apiVersion: v1, kind: ConfigMap, metadata: {name: evenkeel-ledger-guestbook, namespace: argocd, labels: {app.kubernetes.io/managed-by: evenkeel}, annotations: {evenkeel.dev/ledger-of: guestbook}}}`,
			`ConfigMap argocd/evenkeel-ledger-guestbook cannot be read as a ledger; nothing that runs once per input runs until it is mended: it has no data "ledger"`,
		},
		{
			"damaged", `{apiVersion: v1, kind: ConfigMap, metadata: {name: evenkeel-ledger-guestbook, namespace: argocd, labels: {app.kubernetes.io/managed-by: evenkeel}, annotations: {evenkeel.dev/ledger-of: guestbook}}, data: {ledger: "{"}}`,
			"ConfigMap argocd/evenkeel-ledger-guestbook cannot be read as a ledger; nothing that runs once per input runs until it is mended: the ledger is no JSON of the form that is known here: unexpected EOF",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, object(t, c.ledger))
			run := r.mustRun("v1")
			_, err := r.store.Step(t.Context(), run)
			if err == nil || fault.KindOf(err) != fault.Invalid {
				t.Fatalf("got %v", err)
			}
			if d := cmp.Diff(c.want, err.Error()); d != "" {
				t.Error(d)
			}
			if r.server.find(jobID(run)) != nil {
				t.Error("it ran")
			}
		})
	}
}

// TestConflict: a ledger that moved since it was read is not written over.
func TestConflict(t *testing.T) {
	r := newRig(t)
	run := r.mustRun("v1")
	r.step(run)
	r.server.end(jobID(run), "Complete")
	r.server.before = func(req *http.Request) error {
		if req.Method != http.MethodPatch {
			return nil
		}
		r.server.before = nil
		moved := r.server.objects["configmaps/argocd/evenkeel-ledger-guestbook"].DeepCopy()
		r.server.put(moved)
		return nil
	}
	if _, err := r.store.Step(t.Context(), run); fault.KindOf(err) != fault.Conflict || !fault.KindOf(err).Transient() {
		t.Fatalf("got %v", err)
	}
	if p := r.step(run); p.Do != once.Done {
		t.Fatalf("%+v", p)
	}
}

// TestMACKey: there is one key, whoever is first; a broken one is never replaced.
func TestMACKey(t *testing.T) {
	r := newRig(t)
	a, err := r.store.MACKey(t.Context())
	if err != nil || len(a) != 32 {
		t.Fatalf("%d bytes, %v", len(a), err)
	}
	b, err := r.restart().store.MACKey(t.Context())
	if err != nil || string(a) != string(b) {
		t.Errorf("another process has another key: %v", err)
	}
	secret := r.server.find("secrets/argocd/evenkeel-ledger-key")
	if immutable, _, _ := unstructured.NestedBool(secret.Object, "immutable"); !immutable {
		t.Error("the key can be changed")
	}
	r.server.change("secrets/argocd/evenkeel-ledger-key", func(o *unstructured.Unstructured) { o.Object["data"] = map[string]any{"key": "eA=="} })
	if _, err := r.restart().store.MACKey(t.Context()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a broken key gives %v", err)
	}
	r.server.before = func(req *http.Request) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x", fmt.Errorf("it says aHVudGVyMg=="))
	}
	if _, err := r.restart().store.MACKey(t.Context()); fault.KindOf(err) != fault.Denied || strings.Contains(err.Error(), "aHVudGVyMg") {
		t.Errorf("got %v", err)
	}
}

// TestGather: desired goes before live, and what is not applied is named.
func TestGather(t *testing.T) {
	r := newRig(t, object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: conf, namespace: shop}, data: {a: live}}`))
	conf := resource.Key{Kind: "ConfigMap", Namespace: "shop", Name: "conf"}
	hook := object(t, fmt.Sprintf(migrate, "v1"))
	desired := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: conf, namespace: shop}, data: {a: desired}}`)
	got, err := r.store.Gather(t.Context(), r.conn, hook, func(k resource.Key) *unstructured.Unstructured {
		if k == conf {
			return desired
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]resource.Key{conf}, got.Unapplied); d != "" || got.Objects[conf] != desired || len(got.Objects) != 2 {
		t.Errorf("%v %s", got.Objects, d)
	}
	r.server.before = func(*http.Request) error { return apierrors.NewServiceUnavailable("busy") }
	if _, err := r.store.Gather(t.Context(), r.conn, hook, nothing); !fault.KindOf(err).Transient() {
		t.Errorf("got %v", err)
	}
}

// TestForget: the ledger of an Application whose objects are gone goes, and no
// ConfigMap of somebody else's.
func TestForget(t *testing.T) {
	r := newRig(t)
	r.step(r.mustRun("v1"))
	if err := r.store.Forget(t.Context(), theApp); err != nil {
		t.Fatal(err)
	}
	if n := len(r.entries()); n != 0 {
		t.Errorf("%d entries are left", n)
	}
	if err := r.store.Forget(t.Context(), theApp); err != nil {
		t.Errorf("twice: %v", err)
	}
	r.server.put(object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: evenkeel-ledger-guestbook, namespace: argocd}}`))
	if err := r.store.Forget(t.Context(), theApp); err != nil || r.server.find("configmaps/argocd/evenkeel-ledger-guestbook") == nil {
		t.Errorf("somebody's ConfigMap was deleted, or %v", err)
	}
}

// TestKilled: the connection is cut at each single request of a run, before or
// after the API server carried it out, and another process carries on: the Job
// runs once, and how it ended is written down.
func TestKilled(t *testing.T) {
	for _, late := range []bool{false, true} {
		for at := 1; ; at++ {
			if done := killedAt(t, at, late); done {
				t.Logf("answers lost %v: %d requests", late, at-1)
				if at < 15 {
					t.Fatalf("only %d requests were cut", at-1)
				}
				break
			}
		}
	}
}

// killedAt says whether the run needed fewer requests than at.
func killedAt(t *testing.T, at int, late bool) bool {
	t.Helper()
	r := newRig(t)
	n, created := 0, 0
	cut := func(req *http.Request) error {
		n++
		switch {
		case n != at:
			return nil
		case req.Method == http.MethodGet: // client-go would ask again after a second
			return apierrors.NewServiceUnavailable("cut")
		}
		return errHang
	}
	count := func(req *http.Request) error {
		if req.Method == http.MethodPost && req.PathValue("resource") == "jobs" {
			created++
		}
		return nil
	}
	if late {
		r.server.after = func(req *http.Request) error { _ = count(req); return cut(req) }
	} else {
		r.server.before, r.server.after = cut, count
	}
	tries := 0
	until := func(want once.Do) {
		t.Helper()
		for {
			if tries++; tries > 10 {
				t.Fatalf("cut at request %d, late %v: no %s", at, late, want)
			}
			run, err := r.run(t.Context(), "v1")
			if err == nil {
				var p ledger.Progress
				if p, err = r.store.Step(t.Context(), run); err == nil {
					if p.Do != want {
						t.Fatalf("cut at request %d, late %v: %+v", at, late, p)
					}
					return
				}
			}
			r = r.restart() // the process died of it
		}
	}
	until(once.Wait)
	jobs := 0
	for _, id := range r.server.ids() {
		if strings.HasPrefix(id, "jobs/") {
			r.server.end(id, "Complete")
			jobs++
		}
	}
	until(once.Done)
	done := n < at
	r.server.before, r.server.after = nil, nil
	e := r.entries()
	if jobs != 1 || created != 1 || len(e) != 1 || e[0].Outcome != once.Succeeded || e[0].Attempts != 1 || e[0].Held {
		t.Fatalf("cut at request %d, late %v: %d Jobs, %d made, ledger %+v", at, late, jobs, created, e)
	}
	return done
}
