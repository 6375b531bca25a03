package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evenkeel.dev/internal/fault"
)

// refusal is a flag of Argo CD's that cannot be honoured. It is parsed, so that
// its value is not taken for something else, and then refused.
type refusal struct {
	// name is the flag's name, with its shorthand as "name|x".
	name string
	// boolean flags take no value.
	boolean bool
	// why completes "--name is not supported: …"; empty means "yet".
	why string
}

const refusedKey = "evenkeel.dev/refused"

// refuse registers the flags that cmd refuses. They do not show in the help.
func refuse(cmd *cobra.Command, flags *pflag.FlagSet, refusals []refusal) {
	for _, r := range refusals {
		name, shorthand, _ := strings.Cut(r.name, "|")
		if r.boolean {
			flags.BoolP(name, shorthand, false, "not supported")
		} else {
			flags.StringArrayP(name, shorthand, nil, "not supported")
		}
		// Both fail only for flags that do not exist.
		_ = flags.MarkHidden(name)
		_ = flags.SetAnnotation(name, refusedKey, []string{r.message(name)})
		if cmd.Annotations == nil {
			cmd.Annotations = map[string]string{}
		}
		cmd.Annotations[refusedKey] += " " + name
	}
}

func (r refusal) message(name string) string {
	if r.why == "" {
		return "--" + name + " is not supported yet"
	}
	return "--" + name + " is not supported: " + r.why
}

// checkRefused fails when a refused flag was given to cmd or to one above it.
func checkRefused(cmd *cobra.Command, _ []string) error {
	for c := cmd; c != nil; c = c.Parent() {
		for name := range strings.FieldsSeq(c.Annotations[refusedKey]) {
			f := cmd.Flags().Lookup(name)
			if f == nil || !f.Changed || len(f.Annotations[refusedKey]) == 0 {
				continue
			}
			return fault.New(fault.Unsupported, "%s", f.Annotations[refusedKey][0])
		}
	}
	return nil
}

// onlyTrue is a boolean that is always true; false is refused.
type onlyTrue struct{ why string }

func (*onlyTrue) String() string { return "true" }
func (*onlyTrue) Type() string   { return "bool" }

func (o *onlyTrue) Set(v string) error {
	switch strings.ToLower(v) {
	case "true", "t", "1":
		return nil
	}
	return fault.New(fault.Unsupported, "false is not supported: %s", o.why)
}

const (
	kubeconfigOnly = "the cluster is reached with a kubeconfig, see --kubeconfig and --context"
	oneBinary      = "Evenkeel has no such component"
	noLogs         = "only \"evenkeel run\" writes logs"
	alwaysConfirms = "every difference is confirmed by a server-side dry run of that one object"
	noJQ           = "this limit cannot be changed yet"
)

// globalRefusals are the flags that every command of argocd's inherits.
var globalRefusals = []refusal{
	{name: "argocd-context", why: kubeconfigOnly},
	{name: "auth-token", why: kubeconfigOnly},
	{name: "client-crt", why: kubeconfigOnly},
	{name: "client-crt-key", why: kubeconfigOnly},
	{name: "config", why: kubeconfigOnly},
	{name: "controller-name", why: oneBinary},
	{name: "grpc-web", boolean: true, why: kubeconfigOnly},
	{name: "grpc-web-root-path", why: kubeconfigOnly},
	{name: "header|H", why: kubeconfigOnly},
	{name: "http-retry-max", why: kubeconfigOnly},
	{name: "insecure", boolean: true, why: kubeconfigOnly},
	{name: "logformat", why: noLogs},
	{name: "loglevel", why: noLogs},
	{name: "plaintext", boolean: true, why: kubeconfigOnly},
	{name: "port-forward", boolean: true, why: kubeconfigOnly},
	{name: "port-forward-namespace", why: kubeconfigOnly},
	{name: "prompts-enabled", boolean: true, why: "questions are asked on a terminal only, and --yes answers them"},
	{name: "redis-compress", why: oneBinary},
	{name: "redis-haproxy-name", why: oneBinary},
	{name: "redis-name", why: oneBinary},
	{name: "repo-server-name", why: oneBinary},
	{name: "server", why: kubeconfigOnly},
	{name: "server-crt", why: kubeconfigOnly},
	{name: "server-name", why: oneBinary},
}
