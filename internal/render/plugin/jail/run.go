package jail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/plugin"
)

const (
	// startTime is how long a child may take to shut its jail on a busy machine.
	startTime = 30 * time.Second
	// drainTime is how long pipes are read when all that wrote to them has been killed.
	drainTime = time.Second
)

var errTimeout = errors.New("out of time")

// run is the commands of one job in one directory.
type run struct {
	o   Options
	dir string
	job plugin.Job
}

// process is one command.
type process struct {
	cmd  *exec.Cmd
	talk *os.File // from the child, until it has become the plugin
	out  stdout
	err  ring

	mu     sync.Mutex
	reason error // why it was killed
	over   bool  // it has been killed or waited for
}

// spec is what a child is told.
type spec struct {
	Argv     []string `json:"argv"`
	Dir      string   `json:"dir"` // all that may be written to
	Programs []string `json:"programs"`
	Memory   int64    `json:"memory"`
	Tasks    int      `json:"tasks"`
	Disk     int64    `json:"disk"`
	Seconds  uint64   `json:"seconds"` // of CPU time, for one process
	// Unconfined goes on where the jail cannot be shut.
	Unconfined bool `json:"unconfined"`
}

// report is what a child says when it does not become the plugin, and why.
type report struct {
	Open  string `json:"open,omitempty"`
	Error string `json:"error,omitempty"`
}

// command runs one command and returns what it wrote.
func (r run) command(ctx context.Context, c named) ([]byte, error) {
	where := fmt.Sprintf("plugin %s: %s", r.job.Plugin, c.field)
	dir, err := r.workDir()
	if err != nil {
		return nil, fault.Keep(fault.Broken, err, "%s", where)
	}
	p, closers, err := r.start(c, dir)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "%s: starting", where)
	}
	defer closers.close()
	stop := context.AfterFunc(ctx, func() { p.stop(context.Cause(ctx)) })
	defer stop()
	done := make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { r.watch(p, done) })
	said := p.listen()
	waitErr := p.wait()
	close(done)
	closers.drain()
	helpers.Wait()
	return p.outcome(r, c, said, waitErr)
}

// workDir is the source's directory in the copy, with symbolic links resolved: the
// child would follow them before its jail is shut.
func (r run) workDir() (string, error) {
	source := filepath.Join(r.dir, sourceName)
	dir, err := filepath.EvalSymlinks(filepath.Join(source, filepath.FromSlash(r.job.Dir)))
	if err != nil {
		return "", err
	}
	if dir != source && !strings.HasPrefix(dir, source+string(filepath.Separator)) {
		return "", fault.New(fault.Broken, "the source's path leads out of the repository")
	}
	return dir, nil
}

// pipes are the parent's ends.
type pipes struct {
	readers []*os.File
	reading sync.WaitGroup
}

// drain waits until all that was written has been read.
func (p *pipes) drain() {
	for _, f := range p.readers {
		_ = f.SetReadDeadline(time.Now().Add(drainTime)) // a pipe has deadlines
	}
	p.reading.Wait()
}

func (p *pipes) close() {
	for _, f := range p.readers {
		_ = f.Close() // only read from
	}
}

func (r run) start(c named, dir string) (*process, *pipes, error) {
	s, err := json.Marshal(spec{
		Argv: c.argv, Dir: r.dir, Programs: r.o.Programs, Memory: r.o.Memory, Tasks: r.o.Processes, Disk: r.o.Disk,
		Seconds: uint64(r.o.Timeout/time.Second) + 1, Unconfined: r.o.Unconfined,
	})
	if err != nil {
		return nil, nil, err
	}
	p := &process{cmd: exec.Command(r.o.Program, Argument, string(s))} //nolint:noctx // it is killed with its whole group
	p.out = stdout{left: r.o.Output, full: func() {
		p.stop(fault.New(fault.Broken, "it writes more than the %d MiB that are allowed", r.o.Output>>20))
	}}
	p.cmd.Env, p.cmd.Dir, p.cmd.SysProcAttr = r.env(), dir, attributes()
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close() // the child has its own
		}
	}()
	ends := &pipes{}
	for range 3 {
		in, out, err := os.Pipe()
		if err != nil {
			ends.close()
			return nil, nil, err
		}
		ends.readers, theirs = append(ends.readers, in), append(theirs, out)
	}
	p.talk = ends.readers[2]
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = theirs[0], theirs[1], theirs[2:]
	if err := p.cmd.Start(); err != nil {
		ends.close()
		return nil, nil, err
	}
	ends.reading.Go(func() { _, _ = io.Copy(&p.out, ends.readers[0]) }) // it ends with the process
	ends.reading.Go(func() { _, _ = io.Copy(&p.err, ends.readers[1]) }) // it ends with the process
	return p, ends, nil
}

func (r run) env() []string {
	path := strings.Join(append(append([]string{}, r.o.Programs...), DefaultPath), ":")
	return append(append([]string{}, r.job.Env...),
		"PATH="+path, "HOME="+filepath.Join(r.dir, homeName), "TMPDIR="+filepath.Join(r.dir, tempName))
}

// listen hears what the child says until it has become the plugin or has ended.
func (p *process) listen() report {
	_ = p.talk.SetReadDeadline(time.Now().Add(startTime)) // a pipe has deadlines
	b, err := io.ReadAll(io.LimitReader(p.talk, maxReport))
	if err != nil {
		p.stop(fault.New(fault.Unavailable, "it did not begin within %s", startTime))
	}
	var said report
	if len(b) > 0 && json.Unmarshal(b, &said) != nil {
		said.Error = "it says something else than why it cannot begin"
	}
	return said
}

// maxReport bounds what a child says.
const maxReport = 64 << 10

// stop kills the whole group for a reason, of which the first counts.
func (p *process) stop(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over, p.reason = true, reason
	_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL) // it may have ended
}

// wait waits for the command, and ends what it has left running.
func (p *process) wait() error {
	pid := p.cmd.Process.Pid
	waitable(pid)
	p.mu.Lock()
	p.over = true
	// The command is a zombie, so that its number is nobody else's yet.
	_ = unix.Kill(-pid, unix.SIGKILL) // there may be nothing left
	p.mu.Unlock()
	err := p.cmd.Wait()
	// Orphans are ours if this is the first process of a container: nobody else would
	// ever take them away.
	for {
		if _, err := unix.Wait4(-pid, nil, 0, nil); !errors.Is(err, unix.EINTR) && err != nil {
			break
		}
	}
	return err
}

// outcome is what the command has made of it.
func (p *process) outcome(r run, c named, said report, waitErr error) ([]byte, error) {
	where := fmt.Sprintf("plugin %s: %s", r.job.Plugin, c.field)
	tail := masked(p.err.text(), r.job.Env)
	p.mu.Lock()
	reason := p.reason
	p.mu.Unlock()
	switch {
	case said.Open != "":
		return nil, fault.New(fault.Internal, "%s: plugins cannot be confined here (%s); to run them all the same, start with --unconfined-rendering", where, said.Open)
	case errors.Is(reason, errTimeout):
		return nil, p.tooLong(r.o.Timeout, where, tail)
	case errors.Is(reason, context.Canceled), errors.Is(reason, context.DeadlineExceeded):
		return nil, fault.Wrap(fault.Unavailable, reason, "%s: stopped", where)
	case reason != nil:
		return nil, fault.Keep(fault.Broken, reason, "%s: stopped", where)
	case said.Error != "":
		return nil, fault.New(fault.Broken, "%s: %s", where, said.Error)
	case waitErr == nil:
		return p.out.Bytes(), nil
	case r.job.Task == plugin.Find && exited(waitErr):
		return nil, nil
	case tail == "":
		return nil, fault.New(fault.Broken, "%s: %.100s failed (%v) and wrote no error", where, c.argv[0], waitErr)
	}
	return nil, fault.New(fault.Broken, "%s: %.100s failed (%v): %s", where, c.argv[0], waitErr, tail)
}

// exited says whether a command has ended by itself, and not by a signal.
func exited(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Exited()
}

// tooLong is the error of a run that was cut off. One that hardly computed will do
// better on a machine that is less busy.
func (p *process) tooLong(limit time.Duration, where, tail string) error {
	cpu := p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	kind := fault.Broken
	if cpu < limit/4 {
		kind = fault.Unavailable
	}
	return fault.New(kind, "%s: took longer than %s (%s of CPU time) and was stopped: %s", where, limit, cpu.Round(10*time.Millisecond), tail)
}

// stdout keeps what is written, up to a bound.
type stdout struct {
	bytes.Buffer
	left int64
	full func()
}

// Write says that all was written, so that the reader goes on until the end.
func (s *stdout) Write(b []byte) (int, error) {
	if s.left -= int64(len(b)); s.left < 0 {
		s.full()
		return len(b), nil
	}
	return s.Buffer.Write(b)
}

// ReadFrom keeps io.Copy from going around Write.
func (s *stdout) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{s}, r)
}
