package evenkeeltest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/test/playgroundtest"
)

var program Build //nolint:gochecknoglobals // one per test binary

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestLife(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	ctx := t.Context()
	cluster := playgroundtest.Start(t, playgroundtest.Options{Nodes: -1})
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is there already is no hindrance
		if err := Install(ctx, client); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Cluster: cluster, Dir: t.TempDir(), CountGit: true}
	p := start(ctx, t, o)
	ask(ctx, t, p.URL+"/healthz")
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "exit status 0") {
		t.Errorf("second Stop: %v, want an error that says how it ended", err)
	}

	p = start(ctx, t, o)
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
	if err := p.Kill(); err != nil {
		t.Errorf("second Kill: %v", err)
	}

	p = start(ctx, t, o)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("Stop of what was killed: %v, want an error that says how it ended", err)
	}
	log, err := os.ReadFile(p.Log)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(serving.FindAll(log, -1)); n != 3 {
		t.Errorf("the log tells of %d starts, want 3:\n%s", n, log)
	}
	git, err := p.Git()
	if diff := cmp.Diff([]string{"version", "version", "version"}, git); diff != "" || err != nil {
		t.Errorf("git processes: %v (-want +got):\n%s", err, diff)
	}

	o.Args = []string{"--no-such-flag"}
	if _, err := program.Start(ctx, o); err == nil || !strings.Contains(err.Error(), "ended before it was ready") {
		t.Errorf("start with a bad flag: %v, want an error at once", err)
	}
}

func start(ctx context.Context, t *testing.T, o Options) *Program {
	t.Helper()
	p, err := program.Start(ctx, o)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(o.Dir, "evenkeel.log"))
		t.Fatalf("%v\n%s", err, log)
	}
	return p
}

func ask(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", url, res.Status)
	}
}

// TestCountGit: the wrapper counts subcommands, wherever options stand, and hands
// everything on to git, with its answer and its exit code.
func TestCountGit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a directory")
	p := &Program{git: filepath.Join(dir, "git processes")}
	if got, err := p.Git(); got != nil || err != nil {
		t.Errorf("before: %q, %v", got, err)
	}
	env, err := countGit([]string{"PATH=/usr/bin:/bin"}, dir, p.git)
	if err != nil {
		t.Fatal(err)
	}
	path := ""
	for _, v := range env {
		path = strings.TrimPrefix(v, "PATH=")
	}
	t.Setenv("PATH", path)
	for _, tt := range []struct {
		args []string
		ok   bool
	}{
		{[]string{"version"}, true},
		{[]string{"--git-dir=" + dir, "init", "--quiet"}, true},
		{[]string{"--git-dir=" + dir, "rev-parse", "no such ref"}, false},
		{[]string{"--version"}, true}, // no subcommand
	} {
		out, err := exec.CommandContext(t.Context(), "git", tt.args...).CombinedOutput()
		if (err == nil) != tt.ok {
			t.Errorf("git %q: %v\n%s", tt.args, err, out)
		}
	}
	got, err := p.Git()
	if diff := cmp.Diff([]string{"version", "init", "rev-parse"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

type buffer struct{ bytes.Buffer }

func (b *buffer) Close() error { return nil }

func TestCopyLog(t *testing.T) {
	content := "level=INFO msg=started\n" +
		`level=INFO msg=serving url=http://127.0.0.1:1 namespace=argocd` + "\n" +
		`level=INFO msg=serving url=http://127.0.0.1:2` + "\n" + "no end"
	var log buffer
	addr := make(chan string, 2)
	copyLog(&log, io.NopCloser(iotest.OneByteReader(strings.NewReader(content))), addr)
	close(addr)
	if diff := cmp.Diff(content, log.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a := <-addr; a != "127.0.0.1:1" {
		t.Errorf("address %q, want the first", a)
	}
}
