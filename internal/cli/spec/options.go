package spec

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/equality"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// Options are the flags of "create" that say what an Application's spec is.
// Each flag is registered together with what it does to the spec; what was given
// is done in the order of registration.
type Options struct {
	set   *pflag.FlagSet
	steps []step
	retry Retry
	// Read reads a file that a flag names.
	Read func(file string) ([]byte, error)
}

type step struct {
	flag string
	do   func(*v1alpha1.Application) error
}

// Flags adds the flags to cmd.
func (o *Options) Flags(cmd *cobra.Command) {
	o.set = pflag.NewFlagSet("spec", pflag.ContinueOnError)
	o.sourceFlags()
	o.helmFlags()
	o.kustomizeFlags()
	o.directoryFlags()
	o.pluginFlags()
	o.destinationFlags()
	o.policyFlags()
	// Last, because it depends on what type the other flags made of the source.
	o.eachShort("parameter", "p", "set a parameter override (e.g. -p guestbook=image=example/guestbook:latest)", setParameter)
	cmd.Flags().AddFlagSet(o.set)
	o.retry.Flags(cmd, "sync-", "Sync retry")
}

// given are the flags of the spec that were set.
func (o *Options) given() []string {
	var names []string
	o.set.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			names = append(names, "--"+f.Name)
		}
	})
	return names
}

// Apply changes app's spec as the flags say.
func (o *Options) Apply(cmd *cobra.Command, app *v1alpha1.Application) error {
	if err := o.retry.Check(cmd, "sync-"); err != nil {
		return err
	}
	given := o.given()
	if len(given) > 0 && len(app.Spec.Sources) > 0 {
		return fault.New(fault.Invalid, "application %s has several sources: %s cannot say which one is meant, change the file",
			app.Namespace+"/"+app.Name, strings.Join(given, ", "))
	}
	for _, st := range o.steps {
		if !o.set.Lookup(st.flag).Changed {
			continue
		}
		if err := st.do(app); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("sync-retry-limit") {
		if err := o.applyRetry(app); err != nil {
			return err
		}
	}
	dropEmpty(app)
	return nil
}

func (o *Options) applyRetry(app *v1alpha1.Application) error {
	if o.retry.limit < 0 {
		return fault.New(fault.Invalid, "--sync-retry-limit %d: want 0 or more", o.retry.limit)
	}
	policy(app).Retry = o.retry.Strategy()
	return nil
}

// dropEmpty removes sections in which nothing is left: an empty section would
// say that the source is of that type.
func dropEmpty(app *v1alpha1.Application) {
	if src := app.Spec.Source; src != nil {
		if src.Helm != nil && equality.Semantic.DeepEqual(*src.Helm, v1alpha1.ApplicationSourceHelm{}) {
			src.Helm = nil
		}
		if src.Kustomize != nil && equality.Semantic.DeepEqual(*src.Kustomize, v1alpha1.ApplicationSourceKustomize{}) {
			src.Kustomize = nil
		}
		if src.Directory != nil && equality.Semantic.DeepEqual(*src.Directory, v1alpha1.ApplicationSourceDirectory{}) {
			src.Directory = nil
		}
	}
	if p := app.Spec.SyncPolicy; p != nil && equality.Semantic.DeepEqual(*p, v1alpha1.SyncPolicy{}) {
		app.Spec.SyncPolicy = nil
	}
}

// text registers a flag that takes one word.
func (o *Options) text(name, usage string, put func(*v1alpha1.Application, string) error) {
	value := o.set.String(name, "", usage)
	o.steps = append(o.steps, step{flag: name, do: func(app *v1alpha1.Application) error { return put(app, *value) }})
}

// word is text whose value goes into a field as it is.
func (o *Options) word(name, usage string, field func(*v1alpha1.Application) *string) {
	o.text(name, usage, func(app *v1alpha1.Application, v string) error {
		*field(app) = v
		return nil
	})
}

// truth registers a boolean flag that goes into a field.
func (o *Options) truth(name, usage string, field func(*v1alpha1.Application) *bool) {
	value := o.set.Bool(name, false, usage)
	o.steps = append(o.steps, step{flag: name, do: func(app *v1alpha1.Application) error {
		*field(app) = *value
		return nil
	}})
}

// each registers a flag that can be repeated; put is called for each word.
func (o *Options) each(name, usage string, put func(*v1alpha1.Application, string) error) {
	o.eachShort(name, "", usage, put)
}

func (o *Options) eachShort(name, shorthand, usage string, put func(*v1alpha1.Application, string) error) {
	values := o.set.StringArrayP(name, shorthand, nil, usage)
	o.steps = append(o.steps, step{flag: name, do: func(app *v1alpha1.Application) error {
		for _, v := range *values {
			if err := put(app, v); err != nil {
				return err
			}
		}
		return nil
	}})
}

// list registers a flag that can be repeated and replaces a list.
func (o *Options) list(name, usage string, field func(*v1alpha1.Application) *[]string) {
	values := o.set.StringArray(name, nil, usage)
	o.steps = append(o.steps, step{flag: name, do: func(app *v1alpha1.Application) error {
		*field(app) = *values
		return nil
	}})
}

// pairs registers a flag that can be repeated and holds KEY=VALUE words.
func (o *Options) pairs(name, usage string, field func(*v1alpha1.Application) *map[string]string) {
	values := o.set.StringArray(name, nil, usage)
	o.steps = append(o.steps, step{flag: name, do: func(app *v1alpha1.Application) error {
		m, err := Pairs(name, *values)
		if err != nil {
			return err
		}
		*field(app) = m
		return nil
	}})
}

func (o *Options) destinationFlags() {
	o.word("dest-server", "K8s cluster URL (e.g. https://kubernetes.default.svc)", func(app *v1alpha1.Application) *string { return &app.Spec.Destination.Server })
	o.word("dest-name", "K8s cluster Name (e.g. minikube)", func(app *v1alpha1.Application) *string { return &app.Spec.Destination.Name })
	o.word("dest-namespace", "K8s target namespace", func(app *v1alpha1.Application) *string { return &app.Spec.Destination.Namespace })
	o.word("project", "Application project name", func(app *v1alpha1.Application) *string { return &app.Spec.Project })
	limit := o.set.Int64("revision-history-limit", 10, "How many items to keep in revision history")
	o.steps = append(o.steps, step{flag: "revision-history-limit", do: func(app *v1alpha1.Application) error {
		if *limit < 0 {
			return fault.New(fault.Invalid, "--revision-history-limit %s: want 0 or more", strconv.FormatInt(*limit, 10))
		}
		app.Spec.RevisionHistoryLimit = new(*limit)
		return nil
	}})
}

func policy(app *v1alpha1.Application) *v1alpha1.SyncPolicy {
	if app.Spec.SyncPolicy == nil {
		app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{}
	}
	return app.Spec.SyncPolicy
}

// automation is the section of automated sync. Where there was none it is made
// switched off, as in Argo CD: --auto-prune alone does not turn automation on.
func automation(app *v1alpha1.Application) *v1alpha1.SyncPolicyAutomated {
	p := policy(app)
	if p.Automated == nil {
		p.Automated = &v1alpha1.SyncPolicyAutomated{Enabled: new(false)}
	}
	return p.Automated
}

func (o *Options) policyFlags() {
	o.text("sync-policy", "Set the sync policy (one of: manual (aliases of manual: none), automated (aliases of automated: auto, automatic))", setSyncPolicy)
	o.each("sync-option", "Add or remove a sync option, e.g add `Prune=false`. Remove using `!` prefix, e.g. `!Prune=false`", setSyncOption)
	o.truth("auto-prune", "Set automatic pruning for automated sync policy", func(app *v1alpha1.Application) *bool { return &automation(app).Prune })
	o.truth("self-heal", "Set self healing for automated sync policy", func(app *v1alpha1.Application) *bool { return &automation(app).SelfHeal })
	o.truth("allow-empty", "Set allow zero live resources for automated sync policy", func(app *v1alpha1.Application) *bool { return &automation(app).AllowEmpty })
}

func setSyncPolicy(app *v1alpha1.Application, word string) error {
	switch word {
	case "none", "manual":
		policy(app).Automated = nil
	case "auto", "automatic", "automated":
		policy(app).Automated = &v1alpha1.SyncPolicyAutomated{}
	default:
		return fault.New(fault.Invalid, "--sync-policy %q: want manual (or none) or automated (or auto, automatic)", word)
	}
	return nil
}

func setSyncOption(app *v1alpha1.Application, word string) error {
	option, remove := strings.CutPrefix(word, "!")
	name, _, ok := strings.Cut(option, "=")
	if !ok || name == "" {
		return fault.New(fault.Invalid, "--sync-option %q: want NAME=VALUE or !NAME=VALUE", word)
	}
	var kept []string
	for _, old := range policy(app).SyncOptions {
		if old != option {
			kept = append(kept, old)
		}
	}
	if !remove {
		kept = append(kept, option)
	}
	policy(app).SyncOptions = kept
	return nil
}
