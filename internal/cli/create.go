package cli

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/spec"
	"evenkeel.dev/internal/fault"
)

type createOptions struct {
	spec         spec.Options
	file         string
	name         string
	namespace    string
	upsert       bool
	validate     bool
	setFinalizer bool
	labels       []string
	annotations  []string
}

func newCreate(s *session) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:   "create APPNAME",
		Short: "Create an application",
		Long: `Create an application from flags, or applications from a file. An application
that exists and is the same is left alone; one that differs is an error without
--upsert.`,
		Example: `  # Create a directory app
  evenkeel app create guestbook --repo https://github.com/argoproj/argocd-example-apps.git --path guestbook --dest-namespace default --dest-server https://kubernetes.default.svc --directory-recurse

  # Create a Helm app
  evenkeel app create helm-guestbook --repo https://github.com/argoproj/argocd-example-apps.git --path helm-guestbook --dest-namespace default --dest-server https://kubernetes.default.svc --helm-set replicaCount=2

  # Create a Helm app from a Helm repo
  evenkeel app create nginx-ingress --repo https://charts.helm.sh/stable --helm-chart nginx-ingress --revision 1.24.3 --dest-namespace default --dest-server https://kubernetes.default.svc

  # Create a Kustomize app
  evenkeel app create kustomize-guestbook --repo https://github.com/argoproj/argocd-example-apps.git --path kustomize-guestbook --dest-namespace default --dest-server https://kubernetes.default.svc --kustomize-image quay.io/argoprojlabs/argocd-e2e-container:0.1

  # Create apps from a file, or from the standard input
  evenkeel app create -f apps.yaml
  evenkeel app create -f - < apps.yaml`,
		Args: args(0, 1, "at most one name"),
	}
	flags := cmd.Flags()
	namespaceFlag(cmd, &o.namespace, "Namespace where the application will be created in")
	flags.StringVarP(&o.file, "file", "f", "", "Filename of Kubernetes manifests for the app; - is the standard input")
	flags.StringVar(&o.name, "name", "", "A name for the app, ignored if a file is set (DEPRECATED)")
	flags.BoolVar(&o.upsert, "upsert", false, "Allows to override application with the same name even if supplied application spec is different from existing spec")
	flags.BoolVar(&o.validate, "validate", true, "Validation of repo and cluster: the manifests must render")
	flags.BoolVar(&o.setFinalizer, "set-finalizer", false, "Sets deletion finalizer on the application, application resources will be cascaded on deletion")
	flags.StringArrayVarP(&o.labels, "label", "l", nil, "Labels to apply to the app")
	flags.StringArrayVar(&o.annotations, "annotations", nil, "Set metadata annotations (e.g. example=value)")
	o.spec.Read = s.read
	o.spec.Flags(cmd)
	refuse(cmd, flags, createRefusals)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		apps, err := s.wanted(cmd, &o, args)
		if err != nil {
			return err
		}
		for _, app := range apps {
			if err := s.create(cmd.Context(), app, o); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

const noHydrator = "sources are not hydrated yet"

var createRefusals = []refusal{
	{name: "env", why: "ksonnet applications are gone from Argo CD, too"},
	{name: "dry-source-path", why: noHydrator},
	{name: "dry-source-repo", why: noHydrator},
	{name: "dry-source-revision", why: noHydrator},
	{name: "sync-source-branch", why: noHydrator},
	{name: "sync-source-path", why: noHydrator},
	{name: "hydrate-to-branch", why: noHydrator},
}

// wanted are the Applications that the file or the flags describe.
func (s *session) wanted(cmd *cobra.Command, o *createOptions, args []string) ([]*v1alpha1.Application, error) {
	name, err := o.givenName(args)
	if err != nil {
		return nil, err
	}
	var apps []*v1alpha1.Application
	if o.file == "" {
		apps, err = s.fromFlags(name, o)
	} else {
		apps, err = s.fromFile(name, o)
	}
	if err != nil {
		return nil, err
	}
	labels, err := spec.Pairs("label", o.labels)
	if err != nil {
		return nil, err
	}
	annotations, err := spec.Pairs("annotations", o.annotations)
	if err != nil {
		return nil, err
	}
	for _, app := range apps {
		app.Labels = merged(app.Labels, labels)
		app.Annotations = merged(app.Annotations, annotations)
		if o.setFinalizer && !slices.Contains(app.Finalizers, v1alpha1.FinalizerForeground) {
			app.Finalizers = append(app.Finalizers, v1alpha1.FinalizerForeground)
		}
		if err := o.spec.Apply(cmd, app); err != nil {
			return nil, err
		}
		if app.Spec.Project == "" {
			app.Spec.Project = v1alpha1.DefaultProject
		}
	}
	return apps, spec.Check(apps)
}

func (o *createOptions) givenName(args []string) (string, error) {
	if len(args) == 0 {
		return o.name, nil
	}
	if o.name != "" && o.name != args[0] {
		return "", fault.New(fault.Invalid, "--name %q and the argument %q differ: give one of the two", o.name, args[0])
	}
	return args[0], nil
}

func (s *session) fromFlags(name string, o *createOptions) ([]*v1alpha1.Application, error) {
	if name == "" {
		return nil, fault.New(fault.Invalid, "which application? give its name, or --file (evenkeel app create --help)")
	}
	n, err := s.parseName(name, o.namespace)
	if err != nil {
		return nil, err
	}
	app := &v1alpha1.Application{}
	app.APIVersion, app.Kind = v1alpha1.GroupVersion.String(), "Application"
	app.Name, app.Namespace = n.Name, n.Namespace
	return []*v1alpha1.Application{app}, nil
}

func (s *session) fromFile(name string, o *createOptions) ([]*v1alpha1.Application, error) {
	data, err := s.read(o.file)
	if err != nil {
		return nil, err
	}
	apps, err := spec.Parse(o.file, data)
	if err != nil {
		return nil, err
	}
	for _, app := range apps {
		if name != "" && app.Name != "" && app.Name != name {
			return nil, fault.New(fault.Invalid, "%s: application %q is not %q: leave the name out, or give this one", o.file, app.Name, name)
		}
		if app.Name == "" {
			app.Name = name
		}
		if app.Name == "" {
			return nil, fault.New(fault.Invalid, "%s: an application has no metadata.name: add it, or give a name", o.file)
		}
		if o.namespace != "" {
			app.Namespace = o.namespace
		}
		if app.Namespace == "" {
			app.Namespace = s.connection.Namespace
		}
	}
	return apps, nil
}

// read reads a local file or, for "-", the standard input.
func (s *session) read(file string) ([]byte, error) {
	if file == "-" {
		data, err := io.ReadAll(s.env.In)
		return data, fault.Wrap(fault.Invalid, err, "read the standard input")
	}
	if strings.HasPrefix(file, "http://") || strings.HasPrefix(file, "https://") {
		return nil, fault.New(fault.Unsupported, "%s: URLs are not read: download it and pipe it in, with - as the file", file)
	}
	data, err := s.env.ReadFile(file)
	return data, fault.Wrap(fault.Invalid, err, "read file")
}

// create creates app, or changes the one that exists when that is allowed.
func (s *session) create(ctx context.Context, app *v1alpha1.Application, o createOptions) error {
	// Neither is for whoever creates to say (argo-cd.md §3): an operation goes
	// through sync and its rules.
	app.Operation, app.Status = nil, v1alpha1.ApplicationStatus{}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if o.validate {
		if err := s.validate(ctx, app); err != nil {
			return err
		}
	}
	existing, err := c.Get(ctx, app.Namespace, app.Name)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if existing == nil || err != nil {
		if _, err := c.Create(ctx, app); err != nil {
			return err
		}
		s.printer().Line("application '%s' created", app.Name)
		return nil
	}
	changed, next := upserted(existing, app)
	switch {
	case !changed:
		s.printer().Line("application '%s' unchanged", app.Name)
		return nil
	case !o.upsert:
		return fault.New(fault.Conflict, "application %s exists with another spec: use --upsert to override it", nameOf(app))
	}
	if _, err := c.Update(ctx, next); err != nil {
		return err
	}
	s.printer().Line("application '%s' updated", app.Name)
	return nil
}

// upserted is existing with app's spec, and with app's labels, annotations and
// finalizers beside its own, which others may have set.
func upserted(existing, app *v1alpha1.Application) (changed bool, next *v1alpha1.Application) {
	next = existing.DeepCopy()
	next.Spec = *app.Spec.DeepCopy()
	next.Labels = merged(existing.Labels, app.Labels)
	next.Annotations = merged(existing.Annotations, app.Annotations)
	for _, f := range app.Finalizers {
		if !slices.Contains(next.Finalizers, f) {
			next.Finalizers = append(next.Finalizers, f)
		}
	}
	same := equality.Semantic.DeepEqual(existing.Spec, next.Spec) &&
		maps.Equal(existing.Labels, next.Labels) && maps.Equal(existing.Annotations, next.Annotations) &&
		slices.Equal(existing.Finalizers, next.Finalizers)
	return !same, next
}

func (s *session) validate(ctx context.Context, app *v1alpha1.Application) error {
	pipeline, err := s.open(ctx)
	if err != nil {
		return err
	}
	if _, err := pipeline.Manifests(ctx, app, nil); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "application %s is not created (--validate=false creates it all the same)", nameOf(app))
	}
	return nil
}

func merged(base, over map[string]string) map[string]string {
	if len(over) == 0 {
		return base
	}
	out := maps.Clone(base)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, over)
	return out
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
