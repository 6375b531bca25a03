package cli

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/cli/revisions"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

type manifestsOptions struct {
	name      appName
	revisions revisions.Flags
	source    *choice
	format    *choice
}

func newManifests(s *session) *cobra.Command {
	var namespace string
	var o manifestsOptions
	cmd := &cobra.Command{
		Use:   "manifests APPNAME",
		Short: "Print manifests of an application",
		Long:  "Print manifests of an application. The values of Secrets are masked.",
		Example: `  # Get manifests for an application
  evenkeel app manifests my-app

  # Get manifests for an application at a specific revision
  evenkeel app manifests my-app --revision 0.0.1

  # The same for two of several sources
  evenkeel app manifests my-app --revisions 0.0.1 --source-positions 1 --revisions 0.0.2 --source-positions 2

  # Get the objects as the cluster has them
  evenkeel app manifests my-app --source live`,
		Args: args(1, 1, "one application"),
	}
	o.source = &choice{value: "git", allowed: []string{"git", "live"}}
	o.format = outputFlag(cmd, "yaml", "json")
	namespaceFlag(cmd, &namespace, "Namespace of the application")
	o.revisions.Add(cmd.Flags(), "Show manifests at a specific revision")
	cmd.Flags().Var(o.source, "source", "Source of manifests. One of: live|git")
	refuse(cmd, cmd.Flags(), []refusal{{name: "local"}, {name: "local-repo-root"}})
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if o.source.value == "live" && o.revisions.Given() {
			return fault.New(fault.Invalid, "--revision goes with --source git: the cluster has one state only")
		}
		o.name, err = s.parseName(args[0], namespace)
		if err != nil {
			return err
		}
		return s.manifests(cmd.Context(), o)
	}
	return cmd
}

func (s *session) manifests(ctx context.Context, o manifestsOptions) error {
	app, err := s.get(ctx, o.name)
	if err != nil {
		return err
	}
	at, err := o.revisions.Of(app)
	if err != nil {
		return err
	}
	pipeline, err := s.open(ctx)
	if err != nil {
		return err
	}
	var objects []*unstructured.Unstructured
	if o.source.value == "live" {
		objects, err = pipeline.Live(ctx, app)
	} else {
		objects, err = pipeline.Manifests(ctx, app, at)
	}
	if err != nil {
		return err
	}
	return s.printManifests(o.format.value, objects)
}

func (s *session) printManifests(format string, objects []*unstructured.Unstructured) error {
	p := s.printer()
	bodies := make([]map[string]any, len(objects))
	for i, obj := range objects {
		masked := resource.Masked(obj).DeepCopy()
		masked.SetManagedFields(nil)
		bodies[i] = masked.Object
	}
	if format == "json" {
		return p.JSON(bodies)
	}
	for _, b := range bodies {
		p.Line("---")
		if err := p.YAML(b); err != nil {
			return err
		}
	}
	return nil
}
