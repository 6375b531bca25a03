package playgroundtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLife(t *testing.T) {
	c := Start(t, Options{AuditLog: true})
	kubeconfig := content(t, c)
	before := len(c.AuditLog())
	if before == 0 {
		t.Error("a start without a request")
	}

	c.Pause()
	wantState(t, c, "T")
	c.Resume()
	c.Stop()
	c.Stop()

	c.Restart(t)
	if got := content(t, c); got != kubeconfig {
		t.Error("another kubeconfig after a restart")
	}
	c.Kill()
	c.Restart(t)
	c.Restart(t)
	if got := len(c.AuditLog()); got <= before {
		t.Errorf("%d requests after restarts, %d before", got, before)
	}
	c.Pause() // a paused one can be stopped, too
}

func TestStartFailsWithWhatThePlaygroundSays(t *testing.T) {
	binary := find(t, Options{})
	_, _, err := start(binary, []string{"up"})
	if err == nil || !strings.Contains(err.Error(), "--dir is missing") {
		t.Errorf("error %v, want what the playground says", err)
	}
}

func TestArgs(t *testing.T) {
	for _, tt := range []struct {
		options Options
		want    string
	}{
		{Options{}, "up --dir /d --nodes 1"},
		{Options{Nodes: 3, AuditLog: true}, "up --dir /d --nodes 3 --audit-log /d/audit.log"},
		{Options{Nodes: -1, Args: []string{"--full"}}, "up --dir /d --nodes 0 --full"},
	} {
		c := &Cluster{Dir: "/d", options: tt.options}
		if got := strings.Join(c.args(), " "); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.options, got, tt.want)
		}
	}
}

func content(t *testing.T, c *Cluster) string {
	t.Helper()
	b, err := os.ReadFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantState checks the process's state as the kernel has it; other systems
// than Linux do not tell.
func wantState(t *testing.T, c *Cluster, want string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	stat, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(c.process.cmd.Process.Pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	if got, _, _ := strings.Cut(rest, " "); got != want {
		t.Errorf("process state %s, want %s", got, want)
	}
}
