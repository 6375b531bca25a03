package jail

import (
	"cmp"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/plugin"
)

// Defaults of Options.
const (
	DefaultTimeout   = 90 * time.Second // Argo CD's ARGOCD_EXEC_TIMEOUT
	DefaultMemory    = 1 << 30
	DefaultProcesses = 256
	DefaultDisk      = 512 << 20
	DefaultFiles     = 100_000
	DefaultOutput    = 64 << 20
)

// DefaultPath is where programs are looked for.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Options bound a Jail. Those whose zero value is no bound have a default.
type Options struct {
	// Dir is where copies lie while plugins run; it is made if it does not exist.
	Dir string
	// Programs are directories with programs of plugins besides the system's. They are
	// also looked through for commands.
	Programs []string
	// Timeout is how long one run may take, init and generate together.
	Timeout time.Duration
	// Memory is what the processes of one run may use together, in bytes.
	Memory int64
	// Processes is how many processes and threads one run may have at a time.
	Processes int
	// Disk and Files are how many bytes and files a run's directory may hold, with
	// the copy.
	Disk  int64
	Files int
	// Output is how much a run may write to its standard output, in bytes.
	Output int64
	// Unconfined runs plugins also where the system cannot shut the jail.
	Unconfined bool
	// Program is what is executed; empty means this program.
	Program string
	Log     *slog.Logger
}

// Jail runs plugins.
type Jail struct {
	o     Options
	store *store
}

var _ plugin.Runner = (*Jail)(nil)

// New makes a Jail and removes what earlier ones have left.
func New(o Options) (*Jail, error) {
	if o.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "plugins")
		}
		o.Program = self
	}
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	o.Processes = cmp.Or(o.Processes, DefaultProcesses)
	o.Disk = cmp.Or(o.Disk, DefaultDisk)
	o.Files = cmp.Or(o.Files, DefaultFiles)
	o.Output = cmp.Or(o.Output, DefaultOutput)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	dir, err := filepath.Abs(o.Dir)
	if err != nil || o.Dir == "" {
		return nil, fault.New(fault.Invalid, "plugins: no directory for their copies")
	}
	o.Dir = dir
	for _, readable := range append(append([]string{}, programs...), o.Programs...) {
		if dir == readable || strings.HasPrefix(dir, strings.TrimSuffix(readable, "/")+"/") {
			return nil, fault.New(fault.Invalid, "plugins: their copies cannot lie in %s, which all of them may read", readable)
		}
	}
	s, err := newStore(dir, o.Log)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the directory of plugins' copies")
	}
	return &Jail{o: o, store: s}, nil
}

// programs are the directories of the system's programs, which all plugins may read
// and execute.
var programs = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"} //nolint:gochecknoglobals // a table

// Close removes the Jail's directory. No run may be under way.
func (j *Jail) Close() { j.store.close() }

// Run copies the tree, runs the commands of the job and removes the copy.
func (j *Jail) Run(ctx context.Context, files fs.FS, declared []v1alpha1.ConfigManagementPlugin, job plugin.Job) (out []byte, err error) {
	p := plugin.Declared(declared, job.Plugin)
	if p == nil {
		return nil, fault.New(fault.NotFound, "there is no plugin %q", job.Plugin)
	}
	if err := checkJob(job); err != nil {
		return nil, err
	}
	commands := commandsOf(p, job.Task)
	if len(commands) == 0 {
		return nil, fault.New(fault.Invalid, "plugin %s has no command to %s", job.Plugin, job.Task)
	}
	dir, err := j.store.make()
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "a directory for plugin %s", job.Plugin)
	}
	defer j.store.remove(dir)
	ctx, cancel := context.WithTimeoutCause(ctx, j.o.Timeout, errTimeout)
	defer cancel()
	c := copying{ctx: ctx, from: files, modes: p.Spec.PreserveFileMode, bytes: j.o.Disk, files: j.o.Files}
	if err := c.into(filepath.Join(dir, sourceName), job.Root); err != nil {
		return nil, fault.Keep(fault.Broken, err, "plugin %s: the copy of the source", job.Plugin)
	}
	r := run{o: j.o, dir: dir, job: job}
	for _, c := range commands {
		if out, err = r.command(ctx, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// named is a command and the field of the declaration that it stands in.
type named struct {
	field string
	argv  []string
}

func commandsOf(p *v1alpha1.ConfigManagementPlugin, task plugin.Task) []named {
	var out []named
	add := func(field string, c v1alpha1.PluginCommand) {
		if len(c.Command) > 0 {
			out = append(out, named{field, append(append([]string{}, c.Command...), c.Args...)})
		}
	}
	switch task {
	case plugin.Find:
		add("discover.find", p.Spec.Discover.Find.PluginCommand)
	case plugin.Generate:
		add("init", p.Spec.Init)
		add("generate", p.Spec.Generate)
	case plugin.Announce:
		add("parameters.dynamic", p.Spec.Parameters.Dynamic)
	}
	return out
}

// checkJob looks at what a render worker says, which is not trusted.
func checkJob(job plugin.Job) error {
	inside := job.Root == "." || job.Dir == job.Root || strings.HasPrefix(job.Dir, job.Root+"/")
	if !fs.ValidPath(job.Dir) || !fs.ValidPath(job.Root) || !inside {
		return fault.New(fault.Invalid, "a plugin cannot run in %.200q of %.200q", job.Dir, job.Root)
	}
	for _, v := range job.Env {
		name, _, ok := strings.Cut(v, "=")
		known := strings.HasPrefix(name, "ARGOCD_") || strings.HasPrefix(name, plugin.ParameterPrefix) || strings.HasPrefix(name, "KUBE_")
		if !ok || !known || strings.ContainsRune(v, 0) {
			return fault.New(fault.Invalid, "a plugin cannot have the variable %.100q", name)
		}
	}
	return nil
}
