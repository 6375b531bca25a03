package cli

import (
	"context"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/cli/preview"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

func newPlan(s *session) *cobra.Command {
	return preview.New(preview.Options{
		App: s.named,
		Plan: func(ctx context.Context, app *v1alpha1.Application, sync v1alpha1.SyncOperation) (view.Plan, error) {
			pipeline, err := s.open(ctx)
			if err != nil {
				return view.Plan{}, err
			}
			return pipeline.Plan(ctx, app, sync)
		},
		Keep: func(plan view.Plan) {
			if s.env.Plans != nil {
				_ = s.env.Plans.Keep(plan) // without it less can be said of a plan that is out of date
			}
		},
		Differences: s.showDifferences, Printer: s.printer, Changes: differs{code: 1},
	})
}

// named is the Application that an argument names.
func (s *session) named(ctx context.Context, arg, namespace string) (*v1alpha1.Application, error) {
	n, err := s.parseName(arg, namespace)
	if err != nil {
		return nil, err
	}
	return s.get(ctx, n)
}

var planPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (o *syncOptions) checkPlan() error {
	switch {
	case o.plan == "":
		return nil
	case !planPattern.MatchString(o.plan):
		return fault.New(fault.Invalid, "--plan %q: want the hash that \"evenkeel app plan\" prints", o.plan)
	case len(o.selection.Args) != 1:
		return fault.New(fault.Invalid, "--plan goes with the name of one application: a plan is of one")
	case o.hooks.Given():
		return fault.New(fault.Invalid, "--plan and --hooks or --hook exclude each other: \"evenkeel app plan\" does not ask about hooks")
	case o.preview:
		return fault.New(fault.Invalid, "--plan and --preview-changes exclude each other: the plan is what was looked at")
	}
	return nil
}

// sayMoved says what moved since a plan was made, if a sync was refused for that.
func (s *session) sayMoved(ctx context.Context, n appName, hash string, sync v1alpha1.SyncOperation) {
	app, err := s.get(ctx, n)
	if err != nil || app.Status.OperationState == nil || !strings.Contains(app.Status.OperationState.Message, "plan "+hash+" is out of date") {
		return
	}
	pipeline, err := s.open(ctx)
	if err != nil {
		return
	}
	now, err := pipeline.Plan(ctx, app, sync)
	if err != nil || now.Hash == hash {
		return
	}
	p := &output.Printer{W: s.env.Err}
	if before, ok := s.remembered(hash); ok {
		p.Line("What moved since plan %s:", hash)
		for _, line := range preview.Moved(before, now) {
			p.Line("  %s", line)
		}
		p.Line("")
	}
	p.Line("What would be done now:")
	preview.Print(p, n.String(), now)
}

func (s *session) remembered(hash string) (view.Plan, bool) {
	if s.env.Plans == nil {
		return view.Plan{}, false
	}
	return s.env.Plans.Find(hash)
}
