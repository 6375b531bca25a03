package conformance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/kubetest"
	"evenkeel.dev/test/playgroundtest"
)

// play is one run of a case.
type play struct {
	*stage
	c  *kase
	ns string

	repos   [2]repository // of v1, v2 ... and of w1, w2 ...
	uids    map[string]types.UID
	seen    map[string]string // Application -> when its operation that was seen last began
	marks   int
	planned string // the hash that action plan noted
}

// repository is one of a play's.
type repository struct {
	*gitserver.Repo
	content   map[string]string // what its head holds
	revisions []string
	// word stands for its commits, with their numbers.
	word string
}

func newPlay(s *stage, c *kase) *play {
	return &play{
		stage: s, c: c, ns: fmt.Sprintf("c%03d-%s", c.number, c.name),
		repos: [2]repository{{word: "$REV"}, {word: "$WREV"}}, uids: map[string]types.UID{}, seen: map[string]string{},
	}
}

// run does what the case says and returns it with what came of it.
func (p *play) run(ctx context.Context) string {
	lines := slices.Clone(p.c.lines)
	marks := make([]int, len(lines)) // of the lines that are more than waiting
	err := p.begin(ctx)
	for i := range lines {
		l := &lines[i]
		l.results = nil
		if err != nil {
			l.writes = nil
			continue
		}
		var results []string
		marks[i], results, err = p.act(ctx, l.action)
		for _, r := range results {
			l.results = append(l.results, p.plain(r))
		}
		l.results = reconcile(p.c.lines[i].results, l.results)
		if err != nil {
			l.results = append(l.results, "! "+p.plain(err.Error()))
		}
	}
	if err != nil && len(lines) > 0 && !strings.Contains(formatRun(lines), "! ") {
		lines[0].results = []string{"! " + p.plain(err.Error())}
	}
	p.end(ctx)
	if err := p.attribute(ctx, lines, marks); err != nil {
		lines = append(lines, line{action: "! " + err.Error()})
	}
	return formatRun(lines)
}

// attribute gives each line the writes that it led to.
func (p *play) attribute(ctx context.Context, lines []line, marks []int) error {
	last, err := p.mark(ctx)
	if err != nil {
		return err
	}
	at := map[int]time.Time{} // of marks
	requests, err := p.requests(p.ns)
	for ; err == nil; requests, err = p.requests(p.ns) {
		for _, r := range requests {
			var n int
			if _, err := fmt.Sscanf(r.Name, p.ns+".mark-%d", &n); err == nil && at[n].IsZero() {
				at[n] = r.Time
			}
		}
		if !at[last].IsZero() {
			break
		}
		if _, err := p.mark(ctx); err != nil { // the log cannot be watched: give it time
			return err
		}
	}
	if err != nil {
		return err
	}
	dryRuns := slices.ContainsFunc(p.c.lines, func(l line) bool {
		return slices.ContainsFunc(l.writes, func(w string) bool { return strings.HasPrefix(w, dryRun) })
	})
	slices.SortStableFunc(requests, func(a, b playgroundtest.Request) int { return a.Time.Compare(b.Time) })
	for i := range lines {
		want := p.c.lines[i].writes
		lines[i].writes = nil
		if marks[i] == 0 {
			continue
		}
		until := at[last]
		for _, m := range marks[i+1:] {
			if m > 0 {
				until = at[m]
				break
			}
		}
		var within []playgroundtest.Request
		for _, r := range requests {
			if !r.Time.Before(at[marks[i]]) && r.Time.Before(until) {
				within = append(within, r)
			}
		}
		lines[i].writes = arrange(p.writes(within), want, dryRuns)
	}
	return nil
}

// mark leaves a mark in the audit log: a patch of what does not exist.
func (p *play) mark(ctx context.Context) (int, error) {
	p.marks++
	err := p.client.Merge(ctx, "ConfigMap", fmt.Sprintf("default/%s.mark-%d", p.ns, p.marks), kubetest.Manager, []byte("{}"))
	if err == nil || !strings.Contains(err.Error(), "not found") {
		return 0, fmt.Errorf("mark: %w", err)
	}
	return p.marks, nil
}

// begin brings about what is there before the first action.
func (p *play) begin(ctx context.Context) error {
	if p.c.lines[0].action != noNamespace {
		if err := p.client.Apply(ctx, p.ns, []byte("{apiVersion: v1, kind: Namespace, metadata: {name: "+p.ns+"}}")); err != nil {
			return err
		}
	}
	if err := p.initialize(ctx); err != nil {
		return err
	}
	if err := p.client.Apply(ctx, p.ns, []byte(p.expand(p.c.files["setup.yaml"]))); err != nil {
		return fmt.Errorf("setup.yaml: %w", err)
	}
	app, err := p.application()
	if err != nil {
		return fmt.Errorf("app.yaml: %w", err)
	}
	if err := p.client.Create(ctx, app, kubetest.Manager); err != nil {
		return err
	}
	return p.client.Await(ctx, kubetest.AppKind, kubetest.App(p.ns), func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		app, err := kubetest.DecodeApp(o)
		switch {
		case err != nil:
			return err.Error()
		case app.Status.Sync.Status == "" && len(app.Status.Conditions) == 0:
			return "nobody looks after it"
		}
		return ""
	})
}

// initialize makes the repositories and their first commits.
func (p *play) initialize(ctx context.Context) error {
	for i, r := range [...]struct{ name, first string }{{p.ns, "v1"}, {p.ns + "-w", "w1"}} {
		if i > 0 && !p.has(r.first) {
			continue
		}
		var err error
		if p.repos[i].Repo, err = p.git.Repo(ctx, r.name); err != nil {
			return err
		}
		if err := p.commit(ctx, r.first); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) has(dir string) bool {
	for name := range p.c.files {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

const application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: $NS, namespace: argocd}
spec:
  project: default
  source: {repoURL: $GIT/$NS.git, path: ., targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: $NS}
`

// application is the Application with app.yaml merged over it.
func (p *play) application() (*unstructured.Unstructured, error) {
	base, err := yaml.YAMLToJSON([]byte(p.expand(application)))
	if err != nil {
		return nil, err
	}
	if text := p.c.files["app.yaml"]; text != "" {
		over, err := yaml.YAMLToJSON([]byte(p.expand(text)))
		if err != nil {
			return nil, err
		}
		if base, err = jsonpatch.MergePatch(base, over); err != nil {
			return nil, err
		}
	}
	u := &unstructured.Unstructured{}
	return u, u.UnmarshalJSON(base)
}

// end lets the Applications go, so that they do not take part in other cases.
func (p *play) end(ctx context.Context) {
	names := []string{p.ns}
	for _, l := range p.c.lines {
		if x, ok := strings.CutPrefix(l.action, "@"); ok {
			x, _, _ = strings.Cut(x, " ")
			names = append(names, p.ns+"-"+x)
		}
	}
	for _, name := range names {
		_ = p.client.Merge(ctx, kubetest.AppKind, kubetest.App(name), kubetest.Manager, []byte(`{"metadata":{"finalizers":null}}`))
		_ = p.client.Delete(ctx, kubetest.AppKind, kubetest.App(name)) // it may be gone already
	}
}

// commit makes a directory of the case its repository's whole content.
func (p *play) commit(ctx context.Context, dir string) error {
	r := &p.repos[0]
	if strings.HasPrefix(dir, "w") {
		r = &p.repos[1]
	}
	change, content := map[string]string{}, map[string]string{}
	for name := range r.content {
		change[name] = gitserver.Deleted
	}
	for name, text := range p.c.files {
		if short, ok := strings.CutPrefix(name, dir+"/"); ok {
			content[short] = p.expand(text)
			change[short] = content[short]
		}
	}
	if len(change) == 0 {
		return errors.New("there is no " + dir)
	}
	sha, err := r.Commit(ctx, change, dir)
	if err != nil {
		return err
	}
	r.content, r.revisions = content, append(r.revisions, sha)
	return nil
}

func (p *play) expand(text string) string {
	for _, r := range p.repos {
		for i := len(r.revisions); i > 0; i-- { // $REV10 before $REV1
			text = strings.ReplaceAll(text, fmt.Sprint(r.word, i), r.revisions[i-1])
		}
	}
	now := time.Now().UTC()
	return strings.NewReplacer(
		"$NS", p.ns, "$GIT", p.gitURL, "$NOW", now.Format(time.RFC3339), "$PLAN", p.planned,
		"$EARLIER", now.Add(-2*ago).Format(time.RFC3339), "$CRON", now.Add(-ago).Format("4 15 2 1 *"),
	).Replace(text)
}

// ago is when $CRON was, and half of how long $EARLIER is ago: less than an operation's
// timeout.
const ago = 5 * time.Minute

var (
	clock  = regexp.MustCompile(`\b\d\d:\d\d(:\d\d)?Z?\b`)
	day    = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT?`)
	second = regexp.MustCompile(`\b1\d{9}\b`)
	hash   = regexp.MustCompile(`\bplan [0-9a-f]{16}\b`)
	inputs = regexp.MustCompile(`-[0-9a-f]{10}\b`) // of the cluster, too, in the name of a Job
)

// plain is text with words for what differs between runs.
func (p *play) plain(text string) string {
	text = strings.ReplaceAll(text, "\n", `\n`)
	text = strings.NewReplacer(p.ns, "$NS", p.gitURL, "$GIT").Replace(text)
	if p.planned != "" {
		text = strings.ReplaceAll(text, p.planned, "$PLAN")
	}
	for _, r := range p.repos {
		for i, sha := range r.revisions {
			for _, n := range [...]int{len(sha), 8, 7} {
				text = strings.ReplaceAll(text, sha[:n], fmt.Sprint(r.word, i+1))
			}
		}
	}
	text = hash.ReplaceAllString(text, "plan HASH")
	text = second.ReplaceAllString(text, "TIME") // before what may be digits only
	text = inputs.ReplaceAllString(text, "-INPUTS")
	text = day.ReplaceAllString(text, "")
	return clock.ReplaceAllString(text, "TIME")
}
