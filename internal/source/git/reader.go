package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source/lru"
)

// state says whether an object was found.
type state int

const (
	found state = iota
	missing
	ambiguous
)

// header is what git says about an object before its content.
type header struct {
	state state
	oid   string
	kind  string
	size  int64
}

// tooLargeError is an object's size beyond the limit.
type tooLargeError struct{ size, limit int64 }

func (e tooLargeError) Error() string {
	return fmt.Sprintf("is %d bytes large, more than the %d that are read", e.size, e.limit)
}

// reader reads objects of one mirror through one git cat-file, which is started
// when it is needed, ended when nobody reads for a while, and replaced when it
// has died. Readers take turns.
type reader struct {
	run    *runner
	gitDir string
	idle   time.Duration
	limit  int64
	// kept are small files by their id, such as of a base that many Applications read.
	kept *lru.Cache[string, []byte]

	// turn is held by the one who talks to the process; proc and closed belong to him.
	turn   chan struct{}
	proc   *catFile
	timer  *time.Timer
	closed bool
}

func newReader(s *Store, gitDir string) *reader {
	r := &reader{run: s.run, gitDir: gitDir, idle: s.opts.IdleTimeout, limit: s.opts.MaxBlobSize, kept: s.blobs, turn: make(chan struct{}, 1)}
	r.timer = time.AfterFunc(r.idle, r.restIfIdle)
	r.timer.Stop()
	return r
}

// contents is an object, whose name must be made of an object id and nothing
// that somebody else has written.
func (r *reader) contents(ctx context.Context, object string) (header, []byte, error) {
	return r.ask(ctx, "contents", object)
}

func (r *reader) info(ctx context.Context, object string) (header, error) {
	h, _, err := r.ask(ctx, "info", object)
	return h, err
}

func (r *reader) ask(ctx context.Context, verb, object string) (header, []byte, error) {
	if data, ok := r.kept.Get(object); ok {
		return header{oid: object, kind: "blob", size: int64(len(data))}, bytes.Clone(data), ctx.Err()
	}
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return header{}, nil, fault.Wrap(fault.Unavailable, context.Cause(ctx), "git cat-file")
	}
	defer func() { <-r.turn }()
	if r.closed {
		return header{}, nil, fault.New(fault.Unavailable, "git cat-file: the store is closed")
	}
	for {
		fresh := r.proc == nil
		if fresh {
			p, err := startCatFile(r.run, r.gitDir)
			if err != nil {
				return header{}, nil, fault.Wrap(fault.Internal, err, "git cat-file")
			}
			r.proc = p
		}
		h, body, err := r.proc.ask(ctx, verb+" "+object, r.limit)
		if err == nil {
			r.timer.Reset(r.idle)
			if len(body) > 0 && len(body) <= maxKeptBlob && h.kind == "blob" && h.oid == object {
				r.kept.Add(object, bytes.Clone(body))
			}
			return h, body, nil
		}
		// Whatever it would still say would be taken for the next answer.
		stderr := r.proc.kill()
		r.proc = nil
		switch {
		case errors.As(err, new(tooLargeError)):
			return h, nil, err
		case ctx.Err() != nil:
			return header{}, nil, fault.Wrap(fault.Unavailable, context.Cause(ctx), "git cat-file")
		case fresh:
			return header{}, nil, catFileFailure(err, stderr)
		}
	}
}

func catFileFailure(err error, stderr string) error {
	said := strings.Join(strings.Fields(stderr), " ")
	if damage.MatchString(said) {
		return fault.Wrap(fault.Unavailable, errDamaged, "git cat-file: %s", said)
	}
	return fault.Wrap(fault.Unavailable, err, "git cat-file: %s", said)
}

// restIfIdle ends the process unless somebody is talking to it, who will set the timer again.
func (r *reader) restIfIdle() {
	select {
	case r.turn <- struct{}{}:
		r.end()
		<-r.turn
	default:
	}
}

// rest ends the process; the next reader gets a new one.
func (r *reader) rest() {
	r.turn <- struct{}{}
	r.end()
	<-r.turn
}

// close ends the process for good.
func (r *reader) close() {
	r.turn <- struct{}{}
	r.timer.Stop()
	r.closed = true
	r.end()
	<-r.turn
}

func (r *reader) end() {
	if r.proc != nil {
		r.proc.kill()
		r.proc = nil
	}
}

// catFile is a running git cat-file --batch-command.
type catFile struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
	done   chan struct{}
}

func startCatFile(run *runner, gitDir string) (*catFile, error) {
	c := &catFile{stderr: &tail{}, done: make(chan struct{})}
	c.cmd = run.command(call{gitDir: gitDir, verb: "cat-file", args: []string{"--batch-command"}, env: localConfig().environ()})
	c.cmd.Stderr = c.stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	c.out = bufio.NewReaderSize(out, 64<<10)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.done)
		// Why it ended is told by what it wrote to stderr.
		_ = c.cmd.Wait()
	}()
	return c, nil
}

// kill ends the process, which has nothing to lose, and is what it complained about.
func (c *catFile) kill() string {
	_ = c.in.Close()         // the process ends by it or is killed
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.done
	return c.stderr.String()
}

// ask is the answer to one line. After an error the process is of no use any more.
func (c *catFile) ask(ctx context.Context, line string, limit int64) (header, []byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.cmd.Process.Kill() }) // it may have ended
	defer stop()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		return header{}, nil, err
	}
	answer, err := c.out.ReadString('\n')
	if err != nil {
		return header{}, nil, err
	}
	h, err := parseHeader(strings.TrimSuffix(answer, "\n"))
	if err != nil || h.state != found || !strings.HasPrefix(line, "contents ") {
		return h, nil, err
	}
	if h.size > limit {
		return h, nil, tooLargeError{h.size, limit}
	}
	body := make([]byte, h.size+1)
	if _, err := io.ReadFull(c.out, body); err != nil {
		return header{}, nil, err
	}
	return h, body[:h.size], nil
}

func parseHeader(line string) (header, error) {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 2 && fields[1] == "missing":
		return header{state: missing}, nil
	case len(fields) == 2 && fields[1] == "ambiguous":
		return header{state: ambiguous}, nil
	case len(fields) != 3:
		return header{}, fmt.Errorf("git cat-file said %.80q", line)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return header{}, fmt.Errorf("git cat-file said %.80q", line)
	}
	return header{oid: fields[0], kind: fields[1], size: size}, nil
}
