package evenkeeltest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"evenkeel.dev/test/playgroundtest"
)

const (
	startLimit = time.Minute // much more than it takes, for machines that are busy
	stopLimit  = time.Minute
)

// Options say how the program is started. Cluster and Dir are needed.
type Options struct {
	Cluster *playgroundtest.Cluster
	// Dir holds the program's data, its log, and the count of git processes. Started
	// again with the same Dir the program finds what it left there.
	Dir string
	// Args are further flags of evenkeel run.
	Args []string
	// Env is the environment, to which KUBECONFIG is added; nil means this process's.
	Env []string
	// CountGit has [Program.Git] tell which git processes were started.
	CountGit bool
}

// Program is a running "evenkeel run".
type Program struct {
	// URL is where it serves: http://127.0.0.1:PORT.
	URL string
	// Pid is its process id.
	Pid int
	// Log is the file to which its log is appended.
	Log string

	git    string // the file that counts git processes
	cmd    *exec.Cmd
	exited chan struct{} // closed when err is set and the log is written
	err    error
}

// Start starts the program and returns when it is ready. It is killed when ctx
// ends.
func (b *Build) Start(ctx context.Context, o Options) (*Program, error) {
	binary, err := b.Binary()
	if err != nil {
		return nil, err
	}
	env := slices.Clone(o.Env)
	if o.Env == nil {
		env = os.Environ()
	}
	p := &Program{Log: filepath.Join(o.Dir, "evenkeel.log"), exited: make(chan struct{})}
	if o.CountGit {
		p.git = filepath.Join(o.Dir, "git-processes")
		if env, err = countGit(env, o.Dir, p.git); err != nil {
			return nil, err
		}
	}
	args := append([]string{"run", "--listen", "127.0.0.1:0", "--data", filepath.Join(o.Dir, ".data")}, o.Args...)
	p.cmd = exec.CommandContext(ctx, binary, args...)
	p.cmd.Env = append(env, "KUBECONFIG="+o.Cluster.Kubeconfig)
	p.cmd.SysProcAttr = playgroundtest.DieWithParent()
	addr, err := p.launch()
	if err != nil {
		return nil, err
	}
	if err := p.serves(ctx, addr); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// launch starts the process; the address that it serves comes by the channel.
func (p *Program) launch() (<-chan string, error) {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	err = p.cmd.Start()
	_ = w.Close() // the process has its own
	if err != nil {
		return nil, errors.Join(err, r.Close(), log.Close())
	}
	p.Pid = p.cmd.Process.Pid
	addr := make(chan string, 1)
	go func() {
		defer close(p.exited)
		copyLog(log, r, addr)
		p.err = p.cmd.Wait()
	}()
	return addr, nil
}

var serving = regexp.MustCompile(`msg=serving url=http://(\S+)`)

// copyLog appends lines to a file and sends the address in the first that tells it.
func copyLog(log io.WriteCloser, r io.ReadCloser, addr chan<- string) {
	defer log.Close()
	defer r.Close()
	told := false
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(log, line) // a log of a test
		if m := serving.FindStringSubmatch(line); m != nil && !told {
			told = true
			addr <- m[1]
		}
		if err != nil {
			return
		}
	}
}

// serves waits for the address and until /readyz says ok.
func (p *Program) serves(ctx context.Context, addr <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case a := <-addr:
		p.URL = "http://" + a
	case <-p.exited:
		return errors.New("evenkeel ended before it was ready")
	case <-ctx.Done():
		return errors.New("evenkeel does not serve")
	}
	tick := time.NewTicker(20 * time.Millisecond) // readiness has no watch
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			return errors.New("evenkeel ended before it was ready")
		case <-ctx.Done():
			return errors.New("evenkeel does not get ready")
		case <-tick.C:
		}
	}
}

// Stop ends the program with SIGTERM. That it exits with another code than 0 is
// an error, and so is that it has ended by itself.
func (p *Program) Stop() error {
	select {
	case <-p.exited:
		return fmt.Errorf("evenkeel had ended by itself: %s", p.cmd.ProcessState)
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(stopLimit, func() { _ = p.cmd.Process.Kill() })
	<-p.exited
	if !late.Stop() {
		return fmt.Errorf("not stopped in %s, killed", stopLimit)
	}
	if p.err != nil {
		return fmt.Errorf("after SIGTERM: %w%s", p.err, p.race())
	}
	return nil
}

// race is what the race detector said first, "" if it said nothing. It has the
// program exit with 66 only at its end.
func (p *Program) race() string {
	const enough = 8 << 10
	log, err := os.ReadFile(p.Log)
	if err != nil {
		return "; its log cannot be read: " + err.Error()
	}
	at := bytes.Index(log, []byte("WARNING: DATA RACE"))
	if at < 0 {
		return ""
	}
	return "\n" + string(log[at:min(len(log), at+enough)])
}

// Kill ends the program with SIGKILL, as a crash would. Killing what has ended
// does nothing.
func (p *Program) Kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
