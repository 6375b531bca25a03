package hooks

import (
	"github.com/spf13/pflag"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
)

// Flags are --hooks and --hook. The zero value has neither.
type Flags struct{ choices once.Choices }

// Add adds the flags.
func (f *Flags) Add(flags *pflag.FlagSet) {
	flags.Var(every{f}, "hooks", "What to do with hooks that run once per input: run also what ran, skip and mark as applied, or leave it to the rules. One of: run|skip|auto")
	flags.Var(one{f}, "hook", "The same for one hook as NAME=run|skip|auto, with NAMESPACE/NAME if the name is not unique. This option may be specified repeatedly")
}

// Given says whether anything was decided.
func (f *Flags) Given() bool { return f.choices.All != "" || len(f.choices.Tasks) > 0 }

// Infos are the decisions as entries of operation.info.
func (f *Flags) Infos() []*v1alpha1.Info { return f.choices.Infos() }

// every is the flag --hooks.
type every struct{ *Flags }

func (every) Type() string { return "string" }

func (e every) String() string {
	if e.Flags == nil { // pflag asks a zero value what the default is
		return ""
	}
	return string(e.choices.All)
}

func (e every) Set(v string) (err error) {
	e.choices.All, err = once.ParseWord(v)
	return err
}

// one is the flag --hook.
type one struct{ *Flags }

func (one) Type() string   { return "stringArray" }
func (one) String() string { return "" }

func (o one) Set(v string) error {
	name, choice, err := once.ParseChoice(v)
	if err != nil {
		return err
	}
	if _, twice := o.choices.Tasks[name]; twice {
		return fault.New(fault.Invalid, "hook %s is named twice", name)
	}
	if o.choices.Tasks == nil {
		o.choices.Tasks = map[string]once.Choice{}
	}
	o.choices.Tasks[name] = choice
	return nil
}
