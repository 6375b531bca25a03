package application

import (
	"context"
	"runtime/debug"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/pin"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/view"
)

// outcome is what a step says about the steps after it.
type outcome int

const (
	// proceed with the next step.
	proceed outcome = iota
	// halt: skip to the report.
	halt
	// wait: end the pass without a report; an event will make another.
	wait
)

// pass is one walk through the steps for one Application.
type pass struct {
	c        *Controller
	s        *appState
	key      types.NamespacedName
	app      *v1alpha1.Application
	settings settings.Snapshot
	project  *v1alpha1.AppProject
	rules    *project.Rules
	now      time.Time

	// origin are the sources, without revisions, repos the repositories that they are in.
	origin resource.Origin
	repos  []source.Repository
	// revisions are the commits that are desired: newest, those that the targets name, or
	// those of the pin. None means that the last good rendering stays as it is.
	revisions []string
	newest    []string
	// targets are what is known of the sources' targets.
	targets []repository.State
	// against is why nothing of the rendering in force may be applied, unread why that is
	// not known. againstOp is the same of what the running operation is for.
	against, againstOp []string
	unread             error
	// moved says that something beyond the sources, which the rendering needed, is another
	// one now.
	moved bool
	// near is what is followed beyond the sources, as it is now.
	near    string
	fetcher asking
	pin     *pin.Pin
	// unpinned says that the pin has ended by itself.
	unpinned bool
	// newerThan is what the pin's annotation of that name is to say.
	newerThan string
	// broken says that desired is not the newest revision, because that cannot be read.
	broken bool
	// answered says that a requested refresh is done.
	answered bool

	// remaining is how much is left of an Application that is being deleted, toConfirm how
	// much of that a person has to confirm first.
	remaining, toConfirm int

	// managed is nil until desired and live were compared.
	managed    []managed
	conditions []v1alpha1.ApplicationCondition
	// why is what explain found; nil until it was asked.
	why *why.Explanation
	// longer are the problems that say more than fits into conditions.
	longer []view.Problem
	// operation is the operation's state after this pass, deployed the history entry
	// that it adds.
	operation      *v1alpha1.OperationState
	deployed       *v1alpha1.RevisionHistory
	clearOperation bool
	// finished says that the operation ended in this pass. Clients take an operation
	// for ended when status.reconciledAt is not before its end.
	finished bool
	// urgent says that the status must be written now.
	urgent bool
	// failing says that the pass met a failure that may pass.
	failing bool
	// again is when to make another pass; 0 means when something happens.
	again time.Duration
}

// reconcile makes one pass and says when to make another; 0 means when something
// happens.
func (c *Controller) reconcile(ctx context.Context, key types.NamespacedName) time.Duration {
	app := c.store.App(key)
	if app == nil {
		c.forget(key)
		return 0
	}
	if app.Annotations[v1alpha1.AnnotationSkipReconcile] == "true" {
		return 0
	}
	instance := resource.AppInstance(c.o.Namespace, app.Namespace, app.Name)
	p := &pass{
		c: c, s: c.state(key, instance), key: key, app: app, settings: c.o.Settings(), now: c.o.Now(),
		operation: app.Status.OperationState,
	}
	if app.DeletionTimestamp != nil {
		p.finalize(ctx)
		return p.again
	}
	for _, step := range []func(context.Context) outcome{p.admit, p.resolve, p.render, p.verify, p.compare, p.operate} {
		switch step(ctx) {
		case proceed:
			continue
		case wait:
			p.publish()
			return p.again
		case halt:
		}
		break
	}
	p.report(ctx)
	if !p.failing {
		p.s.tries = 0
	}
	c.o.Metrics.Reconciled(app.Namespace, v1alpha1.InClusterServer, c.o.Now().Sub(p.now))
	return p.again
}

// problem adds a condition for an error.
func (p *pass) problem(err error) { p.problemOf("", err) }

// problemOf adds a condition for an error of what prefix says, and keeps what does not
// fit there.
func (p *pass) problemOf(prefix string, err error) {
	t, message, whole := fault.KindOf(err).Condition(), prefix+err.Error(), prefix+fault.Whole(err)
	p.condition(t, message)
	if whole != message {
		p.longer = append(p.longer, view.Problem{Type: string(t), Message: message, Text: whole})
	}
}

func (p *pass) condition(t v1alpha1.ConditionType, message string) {
	p.conditions = append(p.conditions, v1alpha1.ApplicationCondition{Type: t, Message: message})
}

// wakeIn asks for another pass; the soonest request counts.
func (p *pass) wakeIn(d time.Duration) {
	if d > 0 && (p.again == 0 || d < p.again) {
		p.again = d
	}
}

const (
	firstPause = 100 * time.Millisecond
	maxTries   = 4 // up to 1.6 s
	// maxTriesBeyond is of what is asked for elsewhere, at servers that may be away for
	// long and that many Applications may need: up to 25.6 s.
	maxTriesBeyond = 8
)

// passing notes a failure that may pass, and has the pass made again after a while.
func (p *pass) passing() {
	p.failing = true
	tries := maxTries
	if p.fetcher.asked {
		tries = maxTriesBeyond
	}
	p.wakeIn(firstPause << min(p.s.tries, tries))
	p.s.tries++
}

func (p *pass) time() metav1.Time { return metav1.NewTime(p.now.UTC().Truncate(time.Second)) }

func stack() string { return string(debug.Stack()) }
