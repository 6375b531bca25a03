package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const stopLimit = 3 * time.Second

func TestRestartKeepsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	p := up(t, dir)
	write(t, p, "stopped")
	took, err := p.terminate(t)
	if err != nil {
		t.Errorf("SIGTERM: %v, want exit 0", err)
	}
	if took > stopLimit {
		t.Errorf("SIGTERM: stopped after %s, want less than %s", took, stopLimit)
	}
	entries, err := filepath.Glob(filepath.Join(dir, "*.sock"))
	if err != nil || len(entries) > 0 {
		t.Errorf("left after a stop: %v (%v)", entries, err)
	}

	address := p.config(t).Host
	p = up(t, dir)
	if again := p.config(t).Host; again != address {
		t.Errorf("API server at %s after a restart, was at %s", again, address)
	}
	read(t, p, "stopped")
	write(t, p, "killed")
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.exited

	p = up(t, dir)
	read(t, p, "stopped")
	read(t, p, "killed")
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	p := up(t, dir, "--nodes", "0")
	write(t, p, "far")
	if _, err := p.terminate(t); err != nil {
		t.Error(err)
	}
	p = up(t, dir, "--nodes", "0")
	read(t, p, "far")
}

func TestDirInUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	p := up(t, dir, "--nodes", "0")
	out, err := exec.Command(binary(t), "up", "--dir", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another playground runs in "+dir) {
		t.Errorf("second one: %v: %s", err, out)
	}
	write(t, p, "undisturbed")
}

func TestBadInputIsExplained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		args   []string
		code   int
		says   string
		reason string
	}{
		{nil, 2, "usage: evenkeel-playground up", "no command"},
		{[]string{"down"}, 2, "usage: evenkeel-playground up", "a command that is none"},
		{[]string{"up"}, 2, "--dir is missing", ""},
		{[]string{"up", "--dir", dir, "extra"}, 2, `unexpected argument "extra"`, ""},
		{[]string{"up", "--dir", dir, "--nodes", "-1"}, 2, "--nodes -1", ""},
		{[]string{"up", "--dir", dir, "--bogus"}, 2, "bogus", "a flag that is none"},
		{[]string{"up", "--dir", file}, 1, file, "the directory is a file"},
		{[]string{"up", "--dir", dir, "--apiserver-arg", "--bogus"}, 1, "flags of kube-apiserver: unknown flag: --bogus", ""},
		{[]string{"up", "--dir", dir, "--controller-manager-arg", "--bogus"}, 1, "flags of kube-controller-manager: unknown flag: --bogus", "ends all, though it starts late"},
	} {
		cmd := exec.Command(binary(t), tt.args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.says) {
			t.Errorf("%v (%s): exit %d: %s\nwant exit %d and %q", tt.args, tt.reason, code, out, tt.code, tt.says)
		}
	}
}

func write(t *testing.T, p *playground, name string) {
	t.Helper()
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	do[*corev1.ConfigMap](t)(p.client(t).CoreV1().ConfigMaps("default").Create(t.Context(), config, metav1.CreateOptions{}))
}

func read(t *testing.T, p *playground, name string) {
	t.Helper()
	do[*corev1.ConfigMap](t)(p.client(t).CoreV1().ConfigMaps("default").Get(t.Context(), name, metav1.GetOptions{}))
}
