package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/filter"
	"evenkeel.dev/internal/cli/live"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// goal is what is waited for. Sync, operation and one of the health goals must
// hold at once; of the health goals one is enough.
type goal struct {
	sync, health, suspended, degraded, operation, deleted bool
}

// orDefault is Argo CD's: with no goal given, wait for sync, health and operation.
func (g goal) orDefault() goal {
	if g == (goal{}) {
		return goal{sync: true, health: true, operation: true}
	}
	return g
}

func (g goal) describe() string {
	var words []string
	for _, w := range [...]struct {
		wanted bool
		word   string
	}{
		{g.deleted, "deleted"}, {g.sync, "synced"}, {g.healthWords() != "", g.healthWords()}, {g.operation, "without a running operation"},
	} {
		if w.wanted {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}

func (g goal) healthWords() string {
	var words []string
	for h, wanted := range g.healths() {
		if wanted {
			words = append(words, strings.ToLower(string(healthOrder[h])))
		}
	}
	return strings.Join(words, " or ")
}

var healthOrder = [...]v1alpha1.HealthStatusCode{v1alpha1.HealthStatusHealthy, v1alpha1.HealthStatusSuspended, v1alpha1.HealthStatusDegraded}

// healths are the health goals in healthOrder.
func (g goal) healths() [3]bool { return [3]bool{g.health, g.suspended, g.degraded} }

// missing says what of the goal does not hold yet; empty when all does.
func (g goal) missing(app *v1alpha1.Application, fs filter.Filters) string {
	if g.deleted {
		return "it still exists"
	}
	if g.operation && live.Working(app) {
		return "an operation has not ended"
	}
	if len(fs) == 0 {
		return g.missingIn(string(app.Status.Sync.Status), string(app.Status.Health.Status))
	}
	states := live.States(app, fs.Keeper())
	if len(states) == 0 {
		return "no object of the application matches --resource"
	}
	for _, st := range states {
		if text := g.missingInObject(st); text != "" {
			return st.Key.Human() + ": " + text
		}
	}
	return ""
}

// missingInObject is missingIn for an object: a hook that succeeded is as wanted,
// and so is the health of a kind that has none.
func (g goal) missingInObject(st live.State) string {
	if st.Hook != "" {
		if v1alpha1.OperationPhase(st.Status) == v1alpha1.OperationSucceeded {
			return ""
		}
		return "hook is " + orUnknown(st.Status)
	}
	if st.Health == "" {
		st.Health = string(v1alpha1.HealthStatusHealthy)
	}
	return g.missingIn(st.Status, st.Health)
}

func (g goal) missingIn(status, health string) string {
	if g.sync && status != string(v1alpha1.SyncStatusSynced) {
		return "sync status is " + orUnknown(status)
	}
	wanted := false
	for i, w := range g.healths() {
		if w && health == string(healthOrder[i]) {
			return ""
		}
		wanted = wanted || w
	}
	if wanted {
		return "health is " + orUnknown(health)
	}
	return ""
}

func orUnknown(s string) string {
	if s == "" {
		return "not known yet"
	}
	return s
}

// wait is one wait for one Application.
type wait struct {
	name    appName
	goal    goal
	filters filter.Filters
	// timeout in seconds; 0 means without limit.
	timeout  uint
	progress live.Progress
}

// await follows the Application until the goal is reached. The state it returns
// is the last one seen, also with an error, and nil when it is gone.
func (s *session) await(ctx context.Context, w wait) (*v1alpha1.Application, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := ctx, context.CancelFunc(func() {})
	if w.timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, time.Duration(w.timeout)*time.Second)
	}
	defer cancel()
	seen := watched{wait: w}
	for app, err := range c.Watch(limited, w.name.Namespace, w.name.Name) {
		done, err := seen.take(app, err)
		if limited.Err() != nil && err != nil {
			break
		}
		if done || err != nil {
			return seen.app, err
		}
	}
	if ctx.Err() != nil {
		return seen.app, ctx.Err()
	}
	return seen.app, fault.New(fault.Failed, "timed out (%ds) waiting for application %s to be %s: %s",
		w.timeout, w.name, w.goal.describe(), seen.missing())
}

// watched is what a wait has seen so far.
type watched struct {
	wait wait
	app  *v1alpha1.Application
	// health by object, as last seen.
	health map[resource.Key]string
}

// take takes in what a watch gave and says whether the wait is over.
func (w *watched) take(app *v1alpha1.Application, err error) (done bool, _ error) {
	if err != nil {
		return w.ended(err)
	}
	if w.health == nil {
		w.health = map[resource.Key]string{}
	}
	w.app = app
	w.wait.progress.Update(app)
	if w.wait.goal.missing(app, w.wait.filters) == "" {
		return true, nil
	}
	return false, w.broken(app)
}

// ended handles the error that ends a watch.
func (w *watched) ended(err error) (done bool, _ error) {
	if fault.KindOf(err) != fault.NotFound {
		return false, err
	}
	existed := w.app != nil
	w.app = nil
	switch {
	case w.wait.goal.deleted:
		return true, nil
	case existed:
		return false, fault.New(fault.Failed, "application %s was deleted while waiting for it to be %s", w.wait.name, w.wait.goal.describe())
	}
	return false, explainMissing(err, w.wait.name)
}

// broken fails when an object has become degraded while health is waited for:
// Argo CD gives up then too.
func (w *watched) broken(app *v1alpha1.Application) error {
	var err error
	for _, st := range live.States(app, w.wait.filters.Keeper()) {
		before, known := w.health[st.Key]
		if known && w.wait.goal.health && !w.wait.goal.degraded && becameDegraded(before, st.Health) && err == nil {
			err = fault.New(fault.Failed, "application %s: %s went from %s to %s%s",
				w.wait.name, st.Key.Human(), orUnknown(before), st.Health, because(st.Message))
		}
		if st.Hook == "" {
			w.health[st.Key] = st.Health
		}
	}
	return err
}

func becameDegraded(before, now string) bool {
	degraded, unknown := string(v1alpha1.HealthStatusDegraded), string(v1alpha1.HealthStatusUnknown)
	return now == degraded && before != degraded && before != unknown
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}

func (w *watched) missing() string {
	if w.app == nil {
		return "its state could not be read"
	}
	return w.wait.goal.missing(w.app, w.wait.filters)
}

// showProgress is the progress that suits the reader and the format.
func (s *session) showProgress(ctx context.Context, title, format string, fs filter.Filters) live.Progress {
	o := live.Options{
		W: s.env.Out, Now: s.env.Now, Keep: fs.Keeper(), Title: title,
		Color: s.env.Terminal.Color, Width: s.env.Terminal.Width, Environ: s.env.Terminal.Environ,
	}
	switch {
	case format == "json" || format == "yaml":
		return live.Silent{}
	case s.env.Terminal.Out:
		return live.NewTerminal(ctx, o)
	}
	return live.NewPlain(o)
}

// printOutcome writes how a wait ended.
func (s *session) printOutcome(app *v1alpha1.Application, format string, operation bool) error {
	if format == "json" || format == "yaml" {
		return printAs(s.printer(), format, tidy(app))
	}
	w := s.summary()
	w.Line("")
	w.App(app, nil)
	if operation && app.Status.OperationState != nil {
		w.Line("")
		w.Operation(app.Status.OperationState)
	}
	w.Objects(app, format)
	return nil
}

// follow waits with progress and writes how it ended. An interrupt writes nothing.
func (s *session) follow(ctx context.Context, w wait, title, format string) (*v1alpha1.Application, error) {
	w.progress = s.showProgress(ctx, title, format, w.filters)
	app, err := s.await(ctx, w)
	w.progress.Close()
	if app == nil || errors.Is(err, context.Canceled) {
		return app, err
	}
	if kind := fault.KindOf(err); err != nil && kind != fault.Failed {
		return app, err
	}
	if printErr := s.printOutcome(app, format, w.goal.operation); printErr != nil {
		return app, printErr
	}
	return app, err
}
