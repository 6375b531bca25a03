package playgroundtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 3 * time.Minute // as stopLimit, much more than it takes, for machines that are busy
	stopLimit  = time.Minute
	logTail    = 4096 // bytes of the playground's log that a failed start shows
)

// Options says which control plane to start. The zero value is one with a node
// and without an audit log.
type Options struct {
	// Binary is the playground's program. Empty: the environment variable
	// PLAYGROUND_BIN, or if that is empty too, bin/evenkeel-playground of the
	// repository that the test is in.
	Binary string
	// Nodes is the number of fake nodes. 0: one. Negative: none, Pods stay Pending.
	Nodes int
	// AuditLog has the API server keep what [Cluster.AuditLog] returns.
	AuditLog bool
	// Args are further flags of evenkeel-playground up.
	Args []string
}

// Cluster is a control plane that runs for one test. Its methods are for that
// test's goroutine and fail the test that [Start] was called with, unless they
// take another.
type Cluster struct {
	// Kubeconfig is the path of the administrator's kubeconfig. It stays the
	// same over a restart, and so does the API server's address unless somebody
	// else took the port in between.
	Kubeconfig string
	// Dir holds the control plane's state, and playground.log.
	Dir string

	t       testing.TB
	binary  string
	options Options
	process *process // nil while it does not run
}

// Start starts a control plane, waits until Pods can be created in it, and stops
// it when t is done. Without a binary it skips t if -short is given and fails it
// otherwise.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	binary := find(t, o)
	dir, err := os.MkdirTemp("", "ek-") // not t.TempDir: a unix socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Dir: dir, t: t, binary: binary, options: o}
	t.Cleanup(func() {
		c.Stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	c.up(t)
	return c
}

// Pid is the process id of the control plane, all of which is one process.
func (c *Cluster) Pid() int {
	c.t.Helper()
	if c.process == nil {
		c.t.Fatal("playground: it does not run, so it has no process id")
	}
	return c.process.cmd.Process.Pid
}

// Restart starts the control plane again with what it held, after a [Cluster.Kill]
// or [Cluster.Stop] or, if it runs, after stopping it.
func (c *Cluster) Restart(t testing.TB) {
	t.Helper()
	c.Stop()
	c.up(t)
}

// Stop ends the control plane as a deployment would, with SIGTERM, and waits
// for it. Stopping what does not run does nothing.
func (c *Cluster) Stop() {
	c.t.Helper()
	if c.process == nil {
		return
	}
	c.signal(syscall.SIGCONT)
	c.signal(syscall.SIGTERM)
	if err := c.process.wait(stopLimit); err != nil {
		c.t.Errorf("stop playground: %v\n%s", err, c.tail())
	}
	c.process = nil
}

// Kill ends the control plane with SIGKILL, as a crash would.
func (c *Cluster) Kill() {
	c.t.Helper()
	if c.process == nil {
		return
	}
	c.signal(syscall.SIGKILL)
	_ = c.process.wait(stopLimit) // that it was killed is no news
	c.process = nil
}

// Pause makes the control plane stand still with SIGSTOP: connections stay open
// and nothing answers, from Pause's return until [Cluster.Resume].
func (c *Cluster) Pause() {
	c.t.Helper()
	c.signal(syscall.SIGSTOP)
	if err := awaitStopped(c.process.cmd.Process.Pid); err != nil {
		c.t.Fatalf("playground: pause: %v", err)
	}
}

// Resume lets a paused control plane go on.
func (c *Cluster) Resume() {
	c.t.Helper()
	c.signal(syscall.SIGCONT)
}

func (c *Cluster) signal(s syscall.Signal) {
	c.t.Helper()
	if c.process == nil {
		c.t.Fatalf("playground: cannot send %s, it does not run; call Restart first", s)
	}
	if err := c.process.cmd.Process.Signal(s); err != nil {
		c.t.Errorf("playground: %s: %v", s, err)
	}
}

func (c *Cluster) up(t testing.TB) {
	t.Helper()
	p, kubeconfig, err := start(c.binary, c.args())
	if err != nil {
		t.Fatalf("start playground: %v\n%s", err, c.tail())
	}
	c.process, c.Kubeconfig = p, kubeconfig
}

func (c *Cluster) args() []string {
	nodes := max(c.options.Nodes, 0)
	if c.options.Nodes == 0 {
		nodes = 1
	}
	args := []string{"up", "--dir", c.Dir, "--nodes", strconv.Itoa(nodes)}
	if c.options.AuditLog {
		args = append(args, "--audit-log", c.auditPath())
	}
	return append(args, c.options.Args...)
}

// tail is the end of the playground's log.
func (c *Cluster) tail() string {
	content, err := os.ReadFile(filepath.Join(c.Dir, "playground.log"))
	if err != nil {
		return ""
	}
	return string(content[max(0, len(content)-logTail):])
}

// process is a running playground.
type process struct {
	cmd    *exec.Cmd
	exited chan error // the one result of cmd.Wait
}

// start returns when the playground has said that it is ready.
func start(binary string, args []string) (*process, string, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &stderr
	cmd.SysProcAttr = DieWithParent()
	stdout, w, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer stdout.Close()
	cmd.Stdout = w
	err = cmd.Start()
	w.Close() // the child has its own: reading ends when the child does
	if err != nil {
		return nil, "", err
	}
	p := &process{cmd: cmd, exited: make(chan error, 1)}
	go func() { p.exited <- cmd.Wait() }()
	late := time.AfterFunc(startLimit, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if !late.Stop() {
		return nil, "", fmt.Errorf("not ready in %s, killed", startLimit)
	}
	if err == io.EOF {
		return nil, "", fmt.Errorf("it ended: %w: %s", <-p.exited, strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		return nil, "", err
	}
	return p, strings.TrimSuffix(line, "\n"), nil
}

// wait kills what has not ended after limit.
func (p *process) wait(limit time.Duration) error {
	late := time.AfterFunc(limit, func() { _ = p.cmd.Process.Kill() })
	err := <-p.exited
	if !late.Stop() {
		return fmt.Errorf("not stopped in %s, killed", limit)
	}
	return err
}
