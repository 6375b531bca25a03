package script

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/playgroundtest"
)

// patience is the longest that a scenario waits for one thing.
const patience = time.Minute

// world is what a scenario happens in.
type world struct {
	ctx     context.Context //nolint:containedctx // one scenario's
	t       *testing.T
	dir     string
	env     []string
	cluster *playgroundtest.Cluster
	client  dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper

	gitDir    string
	gitServer *http.Server
	gitAddr   string
	password  string
	repos     map[string]*gitserver.Repo
	contents  map[string]map[string]string // repository -> what its head holds

	process *exec.Cmd
	log     string
	uids    map[string]types.UID
	seen    int // audit entries told
}

func newWorld(ctx context.Context, t *testing.T, env *testscript.Env) (*world, error) {
	w := &world{
		t: t, dir: env.WorkDir, repos: map[string]*gitserver.Repo{}, contents: map[string]map[string]string{},
		uids: map[string]types.UID{}, log: filepath.Join(env.WorkDir, "evenkeel.log"),
	}
	ctx, cancel := context.WithCancel(ctx)
	w.ctx = ctx
	env.Defer(func() {
		if w.process != nil {
			_ = w.process.Process.Kill()
			_ = w.process.Wait()
		}
		if w.gitServer != nil {
			_ = w.gitServer.Close()
		}
		if w.cluster != nil { // it may not have started
			w.cluster.Stop()
		}
		cancel()
	})
	w.cluster = playgroundtest.Start(t, playgroundtest.Options{AuditLog: true})
	w.gitDir = filepath.Join(env.WorkDir, ".git-server")
	if err := w.serveGit("127.0.0.1:0"); err != nil {
		return nil, err
	}
	if err := w.connect(); err != nil {
		return nil, err
	}
	env.Setenv("KUBECONFIG", w.cluster.Kubeconfig)
	env.Setenv("GIT", "http://"+w.gitAddr)
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("PATH", binaries+string(filepath.ListSeparator)+env.Getenv("PATH"))
	w.env = env.Vars
	return w, w.bootstrap()
}

// serveGit serves the repositories, at the address of before if there was one.
func (w *world) serveGit(addr string) error {
	s, err := gitserver.New(w.ctx, gitserver.Options{Dir: w.gitDir, Username: user(w.password), Password: w.password})
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(w.ctx, "tcp", addr)
	if err != nil {
		return err
	}
	w.gitAddr = l.Addr().String()
	w.gitServer = &http.Server{Handler: s, ReadHeaderTimeout: patience}
	go w.gitServer.Serve(l) //nolint:errcheck // ends with Close
	return nil
}

func user(password string) string {
	if password == "" {
		return ""
	}
	return "git"
}

func (w *world) git(_ *testscript.TestScript, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "down":
		return w.gitServer.Close()
	case len(args) == 1 && args[0] == "up":
		return w.serveGit(w.gitAddr)
	case len(args) == 2 && args[0] == "password":
		w.password = args[1]
		if err := w.gitServer.Close(); err != nil {
			return err
		}
		return w.serveGit(w.gitAddr)
	}
	return errors.New("usage: git down|up|password VALUE")
}

// commit makes a directory the whole content of a repository.
func (w *world) commit(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: commit REPO DIR")
	}
	repo := w.repos[args[0]]
	if repo == nil {
		s, err := gitserver.New(w.ctx, gitserver.Options{Dir: w.gitDir})
		if err != nil {
			return err
		}
		if repo, err = s.Repo(w.ctx, args[0]); err != nil {
			return err
		}
		w.repos[args[0]] = repo
	}
	files, err := read(ts.MkAbs(args[1]))
	if err != nil {
		return err
	}
	change := map[string]string{}
	for name := range w.contents[args[0]] {
		change[name] = gitserver.Deleted
	}
	for name, content := range files {
		change[name] = content
	}
	sha, err := repo.Commit(w.ctx, change, "scenario: "+args[1])
	if err != nil {
		return err
	}
	w.contents[args[0]] = files
	ts.Setenv("HEAD", sha)
	return nil
}

func read(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(b)
		return err
	})
	return files, err
}

var serving = regexp.MustCompile(`msg=serving url=http://(\S+)`)

// start starts the program and waits until it says that it is ready.
func (w *world) start(ts *testscript.TestScript, args []string) error {
	if w.process != nil {
		return errors.New("it runs already")
	}
	log, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the process has its own
	r, pw, err := os.Pipe()
	if err != nil {
		return err
	}
	args = append([]string{"run", "--listen", "127.0.0.1:0", "--data", filepath.Join(w.dir, ".data")}, args...)
	cmd := exec.CommandContext(w.ctx, filepath.Join(binaries, "evenkeel"), args...)
	cmd.Env = append(slices.Clone(w.env), "KUBECONFIG="+w.cluster.Kubeconfig)
	cmd.Stderr = pw
	cmd.Stdout = pw
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = pw.Close()
	w.process = cmd
	addr := make(chan string, 1)
	go copyLog(r, log.Name(), addr)
	select {
	case a, ok := <-addr:
		if !ok {
			return errors.New("evenkeel ended before it was ready")
		}
		ts.Setenv("URL", "http://"+a)
		return w.ready("http://" + a)
	case <-time.After(patience):
		return errors.New("evenkeel does not serve")
	}
}

// copyLog appends lines to a file and sends the address that the program serves.
func copyLog(r *os.File, name string, addr chan<- string) {
	defer close(addr)
	defer r.Close() //nolint:errcheck // read to its end
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // a log of a test
	var once sync.Once
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		fmt.Fprintln(f, s.Text())
		if m := serving.FindStringSubmatch(s.Text()); m != nil {
			once.Do(func() { addr <- m[1] })
		}
	}
}

// ready waits until /readyz says ok. It asks anew only when it was refused.
func (w *world) ready(url string) error {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond) // readiness has no watch
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
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
		case <-ctx.Done():
			return errors.New("evenkeel does not get ready")
		case <-tick.C:
		}
	}
}

func (w *world) stop(*testscript.TestScript, []string) error {
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := w.process.Wait()
	w.process = nil
	if err != nil {
		return fmt.Errorf("after SIGTERM: %w", err)
	}
	return nil
}

func (w *world) kill9(*testscript.TestScript, []string) error {
	if err := w.process.Process.Kill(); err != nil {
		return err
	}
	_ = w.process.Wait() // killed
	w.process = nil
	return nil
}

func (w *world) control(_ *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: cluster kill|restart|pause|resume")
	}
	switch args[0] {
	case "kill":
		w.cluster.Kill()
	case "restart":
		w.cluster.Restart(w.t)
		return w.connect()
	case "pause":
		w.cluster.Pause()
	case "resume":
		w.cluster.Resume()
	default:
		return fmt.Errorf("cluster %s?", args[0])
	}
	return nil
}

// logTail is the end of the program's log, for a failure.
func (w *world) logTail() string {
	const n = 4000
	b, err := os.ReadFile(w.log)
	if err != nil {
		return ""
	}
	if len(b) > n {
		b = b[len(b)-n:]
	}
	return "evenkeel's log:\n" + string(b)
}
