package cli

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

type manifestsOptions struct {
	name     appName
	revision string
	source   *choice
	format   *choice
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

  # Get the objects as the cluster has them
  evenkeel app manifests my-app --source live`,
		Args: args(1, 1, "one application"),
	}
	o.source = &choice{value: "git", allowed: []string{"git", "live"}}
	o.format = outputFlag(cmd, "yaml", "json")
	namespaceFlag(cmd, &namespace, "Namespace of the application")
	cmd.Flags().StringVar(&o.revision, "revision", "", "Show manifests at a specific revision")
	cmd.Flags().Var(o.source, "source", "Source of manifests. One of: live|git")
	refuse(cmd, cmd.Flags(), append(sourceRevisionRefusals(), refusal{name: "local"}, refusal{name: "local-repo-root"}))
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if o.source.value == "live" && o.revision != "" {
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

// sourceRevisionRefusals are the flags that choose a revision for one of several
// sources.
func sourceRevisionRefusals() []refusal {
	return []refusal{
		{name: "revisions", why: multiSource}, {name: "source-names", why: multiSource}, {name: "source-positions", why: multiSource},
	}
}

func (s *session) manifests(ctx context.Context, o manifestsOptions) error {
	app, err := s.get(ctx, o.name)
	if err != nil {
		return err
	}
	if err := oneRevision(app, o.revision); err != nil {
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
		objects, err = pipeline.Manifests(ctx, app, o.revision)
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
