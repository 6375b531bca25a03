package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// stopLimit is how long a program gets to end by itself.
	stopLimit = 10 * time.Second
	// pipeLimit is how long its own children may keep its output open after it.
	pipeLimit = time.Second
	// logTail is how much of its log a program's unexpected end shows, in bytes.
	logTail = 2048
)

// childOptions say which program to run.
type childOptions struct {
	name string
	path string
	args []string
	// log is the file that gets its output.
	log string
	// line is called with each line of its output.
	line func(string)
}

// child is a program that runs until it is stopped. It has a process group of its
// own, so that Ctrl-C reaches the demo alone, which stops its programs in order.
type child struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; read it when done is closed
}

func startChild(o childOptions) (*child, error) {
	log, err := os.Create(o.log)
	if err != nil {
		return nil, err
	}
	c := &child{name: o.name, log: o.log, done: make(chan struct{})}
	c.cmd = exec.Command(o.path, o.args...) //nolint:noctx // stop ends it, when it is its turn
	output := &lineWriter{file: log, line: o.line}
	c.cmd.Stdout, c.cmd.Stderr = output, output
	c.cmd.SysProcAttr = ownGroup()
	c.cmd.WaitDelay = pipeLimit
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", o.name, err), log.Close())
	}
	go func() {
		c.err = c.cmd.Wait()
		_ = log.Close() // what is not in the log by now is of no use
		close(c.done)
	}()
	return c, nil
}

// ended is the error of a program that was not told to end.
func (c *child) ended() error {
	reason := "it returned"
	if c.err != nil {
		reason = c.err.Error()
	}
	return fmt.Errorf("%s ended: %s; the end of its log:\n%s", c.name, reason, tail(c.log))
}

// stop ends the program, and what it started, and waits for that.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it has ended already if this fails
	late := time.AfterFunc(stopLimit, c.killGroup)
	<-c.done
	late.Stop()
	c.killGroup()
}

// killGroup ends what is left of the program's process group, if anything.
func (c *child) killGroup() { _ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) }

// await is the first value that arrives, unless ctx or the program ends before.
func await[T any](ctx context.Context, c *child, values <-chan T) (T, error) {
	var none T
	select {
	case v := <-values:
		return v, nil
	case <-c.done:
		return none, c.ended()
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// tail is the end of a log.
func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-logTail):])
}

// programPath is the path of one of the demo's programs.
func programPath(bin, name string) (string, error) {
	path := filepath.Join(bin, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not built: %w; run make build", name, err)
	}
	return path, nil
}

// lineWriter writes to a file and tells of each line.
type lineWriter struct {
	file *os.File
	line func(string)
	rest []byte // of a line that has not ended
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			break
		}
		w.line(string(line))
		w.rest = rest
	}
	return w.file.Write(p)
}
