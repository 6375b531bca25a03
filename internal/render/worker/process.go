package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/plugin"
)

// errStale is why a process that was idle did not begin its job.
var errStale = errors.New("the render worker has ended")

// startTime is how long a process may take to say hello on a busy machine.
const startTime = 30 * time.Second

// process is the parent's side of one child. It is for one goroutine at a time.
type process struct {
	cmd    *exec.Cmd
	pipe   *pipe
	stdin  io.Closer
	stdout io.Closer
	stderr *tail
	// rest ends it when it has been idle for long.
	rest *time.Timer
	jobs int
	// apis are the API versions of the last job.
	apis []string

	once   sync.Once
	killed chan struct{} // closed when it is being killed
	ended  chan struct{} // closed when it has been waited for
	state  error
}

// start executes a child and waits for its hello; open is why its jail is not shut.
func start(o Options) (w *process, open string, err error) {
	cmd := exec.Command(o.Program, Argument, strconv.FormatInt(o.Memory, 10)) //nolint:noctx // it outlives requests
	cmd.Env = []string{}                                                      // nil would be ours
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = attributes()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	w = &process{
		cmd: cmd, pipe: newPipe(stdout, stdin, maxFrame), stdin: stdin, stdout: stdout, stderr: &tail{},
		killed: make(chan struct{}), ended: make(chan struct{}),
	}
	cmd.Stderr = w.stderr
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	slow := time.AfterFunc(startTime, w.kill)
	defer slow.Stop()
	_, payload, err := w.pipe.receive()
	var h hello
	if err == nil {
		err = json.Unmarshal(payload, &h)
	}
	if err == nil {
		err = limit(cmd.Process.Pid, o.Memory)
	}
	if err != nil {
		w.end()
		return nil, "", fmt.Errorf("it says no hello: %w: %s", err, w.stderr.fatal())
	}
	return w, h.Open, nil
}

// kill ends the process at once. Reads of its pipes end with it.
func (w *process) kill() {
	w.once.Do(func() {
		close(w.killed)
		_ = w.cmd.Process.Kill() // it may have ended
	})
}

// end kills the process and waits for it.
func (w *process) end() {
	w.kill()
	select {
	case <-w.ended:
	default:
		w.state = w.cmd.Wait()
		close(w.ended)
	}
}

// usable says whether it can take another job.
func (w *process) usable() bool {
	select {
	case <-w.killed:
		return false
	default:
		return true
	}
}

// render has the child do one job. If it goes wrong the process is not usable.
func (w *process) render(ctx context.Context, o Options, r render.Request) (render.Result, error) {
	w.jobs++
	before := cpuTime(w.cmd.Process.Pid)
	late := make(chan struct{})
	timer := time.AfterFunc(o.Timeout, func() { close(late); w.kill() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, w.kill)
	defer stop()
	timed, cancel := context.WithTimeout(ctx, o.Timeout) // for what it has fetched
	defer cancel()
	s := session{pipe: w.pipe, output: o.Output, left: o.Output, apis: &w.apis}
	if r.Runner != nil {
		s.plugin = func(j plugin.Job) ([]byte, error) { // which has its own time
			timer.Stop()
			defer timer.Reset(o.Timeout)
			return r.Runner.Run(ctx, r.FS, r.Options.Plugins, j)
		}
	}
	result, err := s.run(timed, r)
	if err == nil || s.whole {
		return result, err // what ends well or with an error of the source leaves a process that is as before
	}
	w.end()
	select {
	case <-late:
		total := w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime()
		return render.Result{}, tooLong(o.Timeout, total-before)
	default:
	}
	switch {
	case ctx.Err() != nil:
		return render.Result{}, fault.Wrap(fault.Unavailable, ctx.Err(), "rendering stopped")
	case s.limit != nil:
		return render.Result{}, s.limit
	case !s.begun && w.jobs > 1:
		return render.Result{}, errStale
	}
	o.Log.DebugContext(ctx, "a render worker died", "path", r.Source.Path, "status", fmt.Sprint(w.state), "fatal", w.stderr.fatal())
	return render.Result{}, w.death(o)
}

// tooLong is the error of a rendering that was cut off. One that hardly computed
// will do better on a machine that is less busy.
func tooLong(limit, cpu time.Duration) error {
	kind := fault.Broken
	if cpu < limit/4 {
		kind = fault.Unavailable
	}
	return fault.New(kind, "rendering took longer than %s (%s of CPU time) and was stopped", limit, cpu.Round(10*time.Millisecond))
}

// death is why a child that was not killed has ended.
func (w *process) death(o Options) error {
	fatal := w.stderr.fatal()
	status := -1
	if exit, ok := errors.AsType[*exec.ExitError](w.state); ok {
		status = exit.ExitCode()
	}
	switch {
	case status == exitMemory, strings.Contains(fatal, "out of memory"), strings.Contains(fatal, "cannot allocate memory"):
		return fault.New(fault.Broken, "rendering needs more than %d MiB of memory and was stopped", o.Memory>>20)
	case strings.Contains(fatal, "stack"):
		return fault.New(fault.Broken, "something in the source calls or includes itself without end: the renderer's stack overflowed")
	case status < 0:
		return fault.New(fault.Unavailable, "the render worker was killed from outside (%v), perhaps because memory ran out on its node", w.state)
	}
	return fault.New(fault.Broken, "the renderer crashed (%v) %s", w.state, fatal)
}

// tail keeps the beginning of what a child writes to its standard error. It is not
// shown: a crash may write values there.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxTail = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b[:min(len(b), maxTail-t.buf.Len())])
	return len(b), nil
}

// fatal is what Go's runtime gives for a reason of its end, in words of its own.
func (t *tail) fatal() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range strings.Lines(t.buf.String()) {
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "runtime: goroutine stack exceeds") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
