package revisions

import (
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Flags are what was given. The zero value asks for no revision.
type Flags struct {
	one       string
	several   []string
	positions []int64
	names     []string
}

// Add registers the flags; usage says what --revision does.
func (f *Flags) Add(flags *pflag.FlagSet, usage string) {
	flags.StringVar(&f.one, "revision", "", usage)
	flags.StringArrayVar(&f.several, "revisions", nil, "The same for one of several sources, which --source-positions or --source-names names. This option may be specified repeatedly")
	flags.Int64SliceVar(&f.positions, "source-positions", nil, "The sources that --revisions are for, by position. Counting starts at 1.")
	flags.StringArrayVar(&f.names, "source-names", nil, "The sources that --revisions are for, by name. This option may be specified repeatedly")
}

// Given says whether a revision was asked for.
func (f *Flags) Given() bool { return f.one != "" || f.ofSources() }

func (f *Flags) ofSources() bool { return len(f.several)+len(f.positions)+len(f.names) > 0 }

// Check says what is wrong with the flags whatever the Application.
func (f *Flags) Check() error {
	switch {
	case f.one != "" && f.ofSources():
		return fault.New(fault.Invalid, "--revision is for the one source of an application, --revisions for one of several: give one of them")
	case len(f.positions) > 0 && len(f.names) > 0:
		return fault.New(fault.Invalid, "--source-positions and --source-names exclude each other")
	case len(f.several) != len(f.positions)+len(f.names):
		return fault.New(fault.Invalid, "%d --revisions for %d sources: give a --source-positions or --source-names with each", len(f.several), len(f.positions)+len(f.names))
	}
	return nil
}

// Of are the revisions of an Application's sources, in their order and empty where none
// was asked for; nil if none was for any.
func (f *Flags) Of(app *v1alpha1.Application) ([]string, error) {
	if err := f.Check(); err != nil || !f.Given() {
		return nil, err
	}
	sources, name := resource.OriginOf(&app.Spec), app.Namespace+"/"+app.Name
	switch {
	case f.one != "" && sources.Listed:
		return nil, fault.New(fault.Invalid, "--revision does not fit application %s, which has a list of %d sources: use --revisions with --source-positions or --source-names",
			name, len(sources.Sources))
	case f.one != "":
		return []string{f.one}, nil
	case !sources.Listed:
		return nil, fault.New(fault.Invalid, "--revisions does not fit application %s, which has one source: use --revision", name)
	}
	out := make([]string, len(sources.Sources))
	for i, revision := range f.several {
		at, err := f.position(sources, i, name)
		if err != nil {
			return nil, err
		}
		if out[at] != "" {
			return nil, fault.New(fault.Invalid, "source %d of application %s is given two --revisions", at+1, name)
		}
		out[at] = revision
	}
	return out, nil
}

// position is which source the i-th of --revisions is for.
func (f *Flags) position(o resource.Origin, i int, app string) (int, error) {
	if len(f.names) == 0 {
		if at := f.positions[i]; at >= 1 && at <= int64(len(o.Sources)) {
			return int(at - 1), nil
		}
		return 0, fault.New(fault.Invalid, "--source-positions %d: application %s has %d sources, counted from 1", f.positions[i], app, len(o.Sources))
	}
	at := slices.IndexFunc(o.Sources, func(s v1alpha1.ApplicationSource) bool { return s.Name == f.names[i] })
	if f.names[i] == "" || at < 0 {
		return 0, fault.New(fault.NotFound, "application %s has no source named %q", app, f.names[i])
	}
	return at, nil
}

// Into puts the revisions into a sync of an Application.
func (f *Flags) Into(app *v1alpha1.Application, sync *v1alpha1.SyncOperation) error {
	all, err := f.Of(app)
	if err != nil {
		return err
	}
	if resource.OriginOf(&app.Spec).Listed {
		sync.Revisions = all
	} else if len(all) > 0 {
		sync.Revision = all[0]
	}
	return nil
}

// Words are the flags as they stand on a command line.
func (f *Flags) Words() []string {
	var out []string
	if f.one != "" {
		out = append(out, "--revision", f.one)
	}
	for i, revision := range f.several {
		out = append(out, "--revisions", revision)
		if i < len(f.positions) {
			out = append(out, "--source-positions", strconv.FormatInt(f.positions[i], 10))
		}
		if i < len(f.names) {
			out = append(out, "--source-names", f.names[i])
		}
	}
	return out
}
