package cli_test

import (
	"context"
	_ "embed"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"evenkeel.dev/internal/cli"
)

//go:embed testdata/argocd-flags.tsv
var argocdFlags string

// argocdFlag is a line of the data file.
type argocdFlag struct {
	command, name, shorthand, kind, fallback, verdict, message string
}

func readFlags(t *testing.T) []argocdFlag {
	t.Helper()
	var out []argocdFlag
	for line := range strings.Lines(argocdFlags) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			t.Fatalf("line with %d columns: %q", len(f), line)
		}
		out = append(out, argocdFlag{f[0], f[1], f[2], f[3], f[4], f[5], f[6]})
	}
	return out
}

func commandNamed(t *testing.T, root *cobra.Command, path string) *cobra.Command {
	t.Helper()
	if path == "(every)" {
		path = "app get"
	}
	cmd, _, err := root.Find(strings.Fields(path))
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestArgoFlags holds every flag of Argo CD's against ours: there, with the same
// shorthand, and either honoured with the same default or refused with a message.
func TestArgoFlags(t *testing.T) {
	for _, want := range readFlags(t) {
		t.Run(want.command+" --"+want.name, func(t *testing.T) {
			var out, errs strings.Builder
			env := newWorld().env(&out, &errs)
			cmd := commandNamed(t, cli.New(env), want.command)
			f := cmd.Flags().Lookup(want.name)
			if f == nil {
				f = cmd.InheritedFlags().Lookup(want.name)
			}
			if f == nil {
				t.Fatal("there is no such flag")
			}
			got := argocdFlag{want.command, f.Name, orDash(f.Shorthand), kindOf(f), want.fallback, "honoured", "-"}
			if f.Hidden {
				got.verdict, got.message = "refused", refusal(t, want, env, &errs)
			} else if want.fallback != "-" {
				got.fallback = f.DefValue
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(argocdFlag{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// refusal is what the flag is refused with when it is used.
func refusal(t *testing.T, f argocdFlag, env cli.Env, errs *strings.Builder) string {
	t.Helper()
	command := f.command
	if command == "(every)" {
		command = "app get"
	}
	args := strings.Fields(command)
	switch args[len(args)-1] {
	case "list", "version":
	default:
		args = append(args, "my-app")
	}
	if f.kind == "value" {
		args = append(args, "--"+f.name, "x")
	} else {
		args = append(args, "--"+f.name)
	}
	if code := cli.Main(context.Background(), env, args); code != 20 && code != 2 {
		t.Errorf("%v exited with %d", args, code)
	}
	return strings.TrimSpace(strings.TrimPrefix(errs.String(), "evenkeel: "))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func kindOf(f *pflag.Flag) string {
	if f.NoOptDefVal != "" {
		return "bool"
	}
	return "value"
}

// TestRefusedFlagsAreArgos makes sure that nothing is refused which nobody gives.
func TestRefusedFlagsAreArgos(t *testing.T) {
	known := map[string]bool{}
	for _, f := range readFlags(t) {
		known[f.name] = true
	}
	var out, errs strings.Builder
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden && !known[f.Name] {
				t.Errorf("%s --%s is hidden and none of Argo CD's", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(cli.New(newWorld().env(&out, &errs)))
}
