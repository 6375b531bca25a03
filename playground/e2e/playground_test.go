package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"
)

// awaitLimit is much more than anything takes, for machines that are busy.
const awaitLimit = 90 * time.Second

// playground is a running binary.
type playground struct {
	cmd        *exec.Cmd
	exited     chan error
	kubeconfig string
}

func binary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	path := os.Getenv("PLAYGROUND_BIN")
	if path == "" {
		path = "../../bin/evenkeel-playground"
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run playground/build.sh, or name a binary in PLAYGROUND_BIN", err)
	}
	return path
}

// up starts the binary and returns when it says that it is ready.
func up(t *testing.T, dir string, args ...string) *playground {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(binary(t), append([]string{"up", "--dir", dir}, args...)...)
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	p := &playground{cmd: cmd, exited: make(chan error, 1)}
	go func() { p.exited <- cmd.Wait(); close(p.exited) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-p.exited })
	late := time.AfterFunc(awaitLimit, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if errors.Is(err, io.EOF) {
		t.Fatalf("it ended: %v: %s", <-p.exited, stderr.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.kubeconfig = strings.TrimSuffix(line, "\n")
	return p
}

// terminate sends SIGTERM and returns how long it took and the error of the exit.
func (p *playground) terminate(t *testing.T) (time.Duration, error) {
	t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := <-p.exited
	return time.Since(began), err
}

func (p *playground) config(t *testing.T) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", p.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	config.UserAgent = "e2e"
	return config
}

func (p *playground) client(t *testing.T) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(p.config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (p *playground) dynamic(t *testing.T) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(p.config(t))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// await watches until one of the objects that source shows is as is says.
func await[T runtime.Object](t *testing.T, source cache.ListerWatcher, what string, is func(T) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitLimit)
	defer cancel()
	var last, example T
	_, err := watchtools.UntilWithSync(ctx, source, example, nil, func(e watch.Event) (bool, error) {
		object, ok := e.Object.(T)
		if !ok || e.Type == watch.Deleted {
			return false, nil
		}
		last = object
		return is(object), nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v; last seen: %+v", what, err, last)
	}
}

// do fails the test on an error.
func do[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// awaitDeleted waits for the one object that w shows to be deleted.
func awaitDeleted(t *testing.T, w watch.Interface) {
	t.Helper()
	limit := time.After(awaitLimit)
	for {
		select {
		case e, open := <-w.ResultChan():
			if !open {
				t.Fatal("the watch ended")
			}
			if e.Type == watch.Deleted {
				return
			}
		case <-limit:
			t.Fatal("not deleted")
		}
	}
}
