package script

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/test/evenkeeltest"
	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/kubetest"
	"evenkeel.dev/test/playgroundtest"
	"evenkeel.dev/test/registrytest"
)

// world is what a scenario happens in.
type world struct {
	ctx     context.Context //nolint:containedctx // one scenario's
	t       *testing.T
	dir     string
	env     []string
	cluster *playgroundtest.Cluster
	client  *kubetest.Client

	gitDir    string
	gitServer *http.Server
	gitAddr   string
	password  string
	repos     map[string]*gitserver.Repo
	contents  map[string]map[string]string // repository -> what its head holds

	process *evenkeeltest.Program
	uids    map[string]types.UID
	seen    int // audit entries told

	gitsSeen int // git processes told

	charts      chartServer
	registry    *registrytest.Registry
	rendersSeen map[string]int // by result
}

func newWorld(ctx context.Context, t *testing.T, env *testscript.Env) (*world, error) {
	w := &world{
		t: t, dir: env.WorkDir, repos: map[string]*gitserver.Repo{}, contents: map[string]map[string]string{},
		uids: map[string]types.UID{},
	}
	ctx, cancel := context.WithCancel(ctx)
	w.ctx = ctx
	env.Defer(func() {
		if w.process != nil {
			// testscript's own commands come before ours: one of them may have ended the scenario.
			t.Errorf("%s: it did not come to its end", filepath.Base(env.WorkDir))
			_ = w.process.Kill()
		}
		if w.gitServer != nil {
			_ = w.gitServer.Close()
		}
		_ = w.charts.close()
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
	w.charts.dir = filepath.Join(env.WorkDir, ".charts")
	if err := w.charts.serve(w.ctx); err != nil {
		return nil, err
	}
	if err := w.connect(); err != nil {
		return nil, err
	}
	env.Setenv("CHARTS", "http://"+w.charts.addr)
	env.Setenv("KUBECONFIG", w.cluster.Kubeconfig)
	env.Setenv("GIT", "http://"+w.gitAddr)
	env.Setenv("HOME", env.WorkDir)
	binary, err := program.Binary()
	if err != nil {
		return nil, err
	}
	env.Setenv("PATH", filepath.Dir(binary)+string(filepath.ListSeparator)+env.Getenv("PATH"))
	w.env = env.Vars
	return w, w.client.Install(ctx)
}

func (w *world) connect() error {
	var err error
	w.client, err = kubetest.New(w.cluster.Kubeconfig)
	return err
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
	w.gitServer = &http.Server{Handler: s, ReadHeaderTimeout: kubetest.Patience}
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

// others are variables that mean something within what is committed: servers, a
// directory, and a commit of another repository.
var others = regexp.MustCompile(`\$(GIT|CHARTS|REGISTRY|WORK|FIRST)\b`)

// commit makes a directory the whole content of a repository.
func (w *world) commit(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 && len(args) != 3 {
		return errors.New("usage: commit REPO DIR [KEY]")
	}
	repo, err := w.repo(args[0])
	if err != nil {
		return err
	}
	files, err := read(ts.MkAbs(args[1]))
	if err != nil {
		return err
	}
	for name, content := range files { // what is in a repository names others
		files[name] = others.ReplaceAllStringFunc(content, func(v string) string { return ts.Getenv(v[1:]) })
	}
	change := map[string]string{}
	for name := range w.contents[args[0]] {
		change[name] = gitserver.Deleted
	}
	maps.Copy(change, files)
	c := gitserver.Change{Message: "scenario: " + args[1], Files: map[string]gitserver.File{}}
	for name, content := range change {
		c.Files[name] = gitserver.File{Content: content}
	}
	if len(args) > 2 {
		c.SigningKey = ts.MkAbs(args[2])
	}
	sha, err := repo.Apply(w.ctx, c)
	if err != nil {
		return err
	}
	w.contents[args[0]] = files
	ts.Setenv("HEAD", sha)
	return nil
}

// tag points an annotated tag at the head of a repository.
func (w *world) tag(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 && len(args) != 3 || w.repos[args[0]] == nil {
		return errors.New("usage: tag REPO NAME [KEY]")
	}
	repo := w.repos[args[0]]
	if len(args) == 3 {
		return repo.SignTag(w.ctx, args[1], gitserver.DefaultBranch, ts.MkAbs(args[2]))
	}
	return repo.Tag(w.ctx, args[1], gitserver.DefaultBranch, "scenario")
}

// repo is a repository, made when it is first named.
func (w *world) repo(name string) (*gitserver.Repo, error) {
	if repo := w.repos[name]; repo != nil {
		return repo, nil
	}
	s, err := gitserver.New(w.ctx, gitserver.Options{Dir: w.gitDir})
	if err != nil {
		return nil, err
	}
	w.repos[name], err = s.Repo(w.ctx, name)
	return w.repos[name], err
}

// submodule makes a commit with another repository's commit at a path.
func (w *world) submodule(ts *testscript.TestScript, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: submodule REPO PATH COMMIT")
	}
	repo, err := w.repo(args[0])
	if err != nil {
		return err
	}
	sha, err := repo.Apply(w.ctx, gitserver.Change{
		Message: "scenario: submodule " + args[1], Files: map[string]gitserver.File{args[1]: {Content: args[2], Mode: gitserver.Submodule}},
	})
	ts.Setenv("HEAD", sha)
	return err
}

// large replaces a file by a pointer to it, with the content where the server of large
// files has that of REPO.
func (w *world) large(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: large REPO FILE")
	}
	repo, err := w.repo(args[0])
	if err != nil {
		return err
	}
	pointer, err := repo.Large(ts.ReadFile(args[1]))
	if err != nil {
		return err
	}
	return os.WriteFile(ts.MkAbs(args[1]), []byte(pointer), 0o600)
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

// start starts the program and waits until it says that it is ready.
func (w *world) start(ts *testscript.TestScript, args []string) error {
	if w.process != nil {
		return errors.New("it runs already")
	}
	flags := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") })
	if flags < 0 {
		flags = len(args)
	}
	p, err := program.Start(w.ctx, evenkeeltest.Options{
		Cluster: w.cluster, Dir: w.dir, Args: args[flags:], Env: append(slices.Clone(w.env), args[:flags]...), CountGit: true,
	})
	if err != nil {
		return err
	}
	w.process, w.rendersSeen = p, nil // a process counts from nothing
	ts.Setenv("URL", p.URL)
	return nil
}

func (w *world) end(*testscript.TestScript, []string) error {
	p := w.process
	w.process = nil
	return p.Stop()
}

func (w *world) kill9(*testscript.TestScript, []string) error {
	p := w.process
	w.process = nil
	return p.Kill()
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
	b, err := os.ReadFile(filepath.Join(w.dir, "evenkeel.log"))
	if err != nil {
		return ""
	}
	if len(b) > n {
		b = b[len(b)-n:]
	}
	return "evenkeel's log:\n" + string(b)
}
