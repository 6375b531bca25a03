package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"evenkeel.dev/internal/fault"
)

// maxStderr is how much of the end of what git complains about is kept, in bytes.
const maxStderr = 16 << 10

var errTooMuchOutput = errors.New("too much output")

// runner starts git, and ssh where git does not. It is the only one that does.
type runner struct {
	git  string
	home string

	mu    sync.Mutex
	count map[string]int64
}

// call is one git process.
type call struct {
	// gitDir is the repository, or empty.
	gitDir string
	verb   string
	args   []string
	env    []string
	// dir is the working directory; empty means home.
	dir   string
	stdin io.Reader
	// maxOutput bounds standard output, in bytes; 0 means 1 MiB.
	maxOutput int64
	// maxMemory and maxFile bound what git and its children take of memory and write
	// into one file, in bytes; 0 means nothing. A server decides how much it sends, and
	// git keeps a list of refs in memory until it ends.
	maxMemory, maxFile int64
}

// command is a git process that can be started and is counted as if it had been.
func (r *runner) command(c call) *exec.Cmd {
	var args []string
	if c.gitDir != "" {
		args = append(args, "--git-dir="+c.gitDir)
	}
	name, args := c.limited(r.git, append(append(args, c.verb), c.args...))
	cmd := r.program(name, args, c.dir)
	cmd.Env = append(cmd.Env,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_PROTOCOL_FROM_USER=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		// No repository around the working directory must be found.
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(cmd.Dir),
	)
	cmd.Env = append(cmd.Env, c.env...)
	cmd.Stdin = c.stdin
	r.mu.Lock()
	r.count[c.verb]++
	r.mu.Unlock()
	return cmd
}

// limited is a command line with the call's limits. They have to be there before git
// starts children of its own, which only a shell in front of it can do. Where lower
// limits are in force, these stay. Without the signal a file that grows too large is an
// error, about which git says something.
func (c call) limited(name string, args []string) (string, []string) {
	if c.maxMemory == 0 || c.maxFile == 0 {
		return name, args
	}
	script := fmt.Sprintf(`ulimit -d %d 2>/dev/null; ulimit -f %d 2>/dev/null; trap "" XFSZ; exec "$0" "$@"`, max(c.maxMemory>>10, 1), max(c.maxFile>>9, 1))
	return "/bin/sh", append([]string{"-c", script, name}, args...)
}

// program is a process with next to no environment; an empty dir means home.
func (r *runner) program(name string, args []string, dir string) *exec.Cmd {
	cmd := exec.Command(name, args...) //nolint:noctx // it is ended with its whole group
	cmd.Dir = cmp.Or(dir, r.home)
	cmd.Env = []string{"HOME=" + r.home, "PATH=" + filepath.Dir(r.git) + ":/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"}
	// A group of its own, so that its children can be ended together with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// output is what a git process wrote. When it fails stderr is the end of its complaint.
func (r *runner) output(ctx context.Context, c call) (stdout []byte, stderr string, err error) {
	if ctx.Err() != nil {
		return nil, "", context.Cause(ctx)
	}
	return r.outputOf(ctx, r.command(c), cmp.Or(c.maxOutput, 1<<20))
}

// outputOf is what a process wrote, of at most limit bytes.
func (r *runner) outputOf(ctx context.Context, cmd *exec.Cmd, limit int64) (stdout []byte, stderr string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &bounded{left: limit, over: func() { cancel(errTooMuchOutput) }}
	complaint := &tail{}
	cmd.Stdout, cmd.Stderr = out, complaint
	// Grandchildren that outlive the group must not hold us by an open pipe.
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // it may have ended
	err = cmd.Wait()
	stop()
	if ctx.Err() != nil {
		return nil, complaint.String(), context.Cause(ctx)
	}
	return out.buf.Bytes(), complaint.String(), err
}

// checkVersion refuses a git that is too old.
func (r *runner) checkVersion(ctx context.Context) error {
	out, _, err := r.output(ctx, call{verb: "version"})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "%s version", r.git)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "git version %d.%d", &major, &minor); err != nil {
		return fault.New(fault.Invalid, "%s: cannot tell its version from %q", r.git, out)
	}
	if major < 2 || major == 2 && minor < 39 {
		return fault.New(fault.Invalid, "%s is git %d.%d; 2.39 or later is needed", r.git, major, minor)
	}
	return nil
}

func (r *runner) counts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.count)
}

// bounded keeps at most left bytes and calls over when there are more.
type bounded struct {
	buf  bytes.Buffer
	left int64
	over func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		b.over()
		return 0, errTooMuchOutput
	}
	b.left -= int64(len(p))
	return b.buf.Write(p)
}

// tail keeps the last maxStderr bytes.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - maxStderr; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
