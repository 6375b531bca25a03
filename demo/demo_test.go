package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/api/v1alpha1"
)

// asDemo as its first argument makes the test's program the demo, so that it can be killed.
const asDemo = "as-evenkeel-demo"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asDemo {
		os.Exit(run(context.Background(), program{name: asDemo, out: os.Stdout, err: os.Stderr}, os.Args[2:]))
	}
	os.Exit(m.Run())
}

// TestTries runs the demo and everything that it says can be tried, as printed,
// and compares what is said with testdata/tries.txtar: a file is a verb, or a
// number and a verb, tried in that order.
func TestTries(t *testing.T) {
	shown, err := demoContent()
	must(t, err)
	r := rehearse(t, shown)
	archive, err := txtar.ParseFile(filepath.Join("testdata", "tries.txtar"))
	must(t, err)
	for _, step := range archive.Files {
		verb := step.Name[strings.LastIndex(step.Name, " ")+1:]
		got := r.try(t, verb)
		if diff := cmp.Diff(strings.TrimSpace(string(step.Data)), strings.TrimSpace(timeless(got))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.Name, diff)
		}
	}
	r.autoscaled(t)
	r.stop(t)
}

// autoscaled: the autoscaler has its way, also when the application is compared again.
func (r *rehearsal) autoscaled(t *testing.T) {
	t.Helper()
	ctx, cancel := limit(t.Context(), tryLimit)
	defer cancel()
	web := object{kind: greeter().kind, namespace: "web", name: "web"}
	_, err := r.cluster.follow(ctx, web, time.Now(), func(obj *unstructured.Unstructured) bool { return replicas(obj) == 5 })
	must(t, err)
	asked := time.Now()
	must(t, r.cluster.refresh(ctx, "web"))
	_, err = r.cluster.followApplication(ctx, "web", asked, func(app *v1alpha1.Application) bool {
		return well(app) && app.Annotations[v1alpha1.AnnotationRefresh] == ""
	})
	must(t, err)
	obj, err := r.cluster.get(ctx, web)
	must(t, err)
	if n := replicas(obj); n != 5 {
		t.Errorf("Deployment web has %d replicas, want the 5 that its autoscaler set", n)
	}
}

// rehearsal is a demo that runs for one test.
type rehearsal struct {
	demo    demo
	cluster *cluster
	state   string
	cancel  context.CancelFunc
	ended   chan error
}

// rehearse starts a demo and returns when all its Applications are well.
func rehearse(t *testing.T, shown content) *rehearsal {
	t.Helper()
	if testing.Short() {
		t.Skip("a demo takes seconds to start")
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &rehearsal{state: filepath.Join(t.TempDir(), "demo.json"), cancel: cancel, ended: make(chan error, 1)}
	ready := make(chan demo, 1)
	o := upOptions{
		bin: filepath.Join("..", "bin"), crds: filepath.Join("..", "manifests", "crds"), state: r.state,
		port: 18200, nodes: 2, content: shown, ready: func(d demo) { ready <- d },
	}
	var out strings.Builder
	go func() { r.ended <- up(ctx, o, newConsole(&out, false)) }()
	t.Cleanup(func() {
		cancel()
		if r.ended == nil {
			return
		}
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case r.demo = <-ready:
	case err := <-r.ended:
		r.ended = nil
		t.Fatalf("up: %v\n%s", err, out.String())
	}
	var err error
	r.cluster, err = connect(r.demo.Kubeconfig)
	must(t, err)
	return r
}

// try is what a verb says.
func (r *rehearsal) try(t *testing.T, verb string) string {
	t.Helper()
	var out strings.Builder
	p := program{name: "evenkeel-demo", out: &out, err: &out}
	if code := run(t.Context(), p, []string{verb, "--state", r.state}); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", verb, code, out.String())
	}
	return out.String()
}

// stop ends the demo as Ctrl-C does, and sees that nothing is left.
func (r *rehearsal) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	err := <-r.ended
	r.ended = nil
	must(t, err)
	for _, path := range []string{r.demo.Dir, r.state} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	for _, address := range []string{r.demo.URL, r.demo.Git} {
		if c, err := net.Dial("tcp", hostOf(t, address)); err == nil {
			_ = c.Close()
			t.Errorf("somebody still listens at %s", address)
		}
	}
	if _, err := findDemo(r.state); !errors.Is(err, errNotRunning) {
		t.Errorf("findDemo: %v", err)
	}
}

// TestKilled: a demo that is killed takes its programs with it, and the next one
// removes its files.
func TestKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ties a process to its parent")
	}
	if testing.Short() {
		t.Skip("a demo takes seconds to start")
	}
	state := filepath.Join(t.TempDir(), "demo.json")
	d, process := startKillable(t, state)
	config, err := clientcmd.BuildConfigFromFlags("", d.Kubeconfig)
	must(t, err)
	var connections []net.Conn
	for _, address := range []string{d.URL, config.Host, d.Git} {
		c, err := net.Dial("tcp", hostOf(t, address))
		must(t, err)
		defer func() { _ = c.Close() }()
		connections = append(connections, c)
	}
	must(t, process.Kill())
	for _, c := range connections {
		must(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s is still there", c.RemoteAddr())
		}
	}
	next, err := claim(state)
	must(t, err)
	must(t, next.release())
	if _, err := os.Stat(d.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", d.Dir, err)
	}
}

// startKillable starts a demo as a process of its own, and waits until it is ready.
func startKillable(t *testing.T, state string) (demo, *os.Process) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], asDemo, "up", "--bin", filepath.Join("..", "bin"),
		"--crds", filepath.Join("..", "manifests", "crds"), "--state", state, "--port", "18300")
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			d, err := findDemo(state)
			must(t, err)
			return d, cmd.Process
		}
	}
	t.Fatalf("the demo ended: %v\n%s", cmd.Wait(), stderr.String())
	return demo{}, nil
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return u.Host
}
