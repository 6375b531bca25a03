package statedir

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var serviceIP = net.IPv4(10, 96, 0, 1)

func TestOpenRefusesADirectoryInUseUntilItIsClosed(t *testing.T) {
	path := t.TempDir()
	first := open(t, path)
	if _, err := Open(path, serviceIP); err == nil || !strings.Contains(err.Error(), "another playground runs in "+path) {
		t.Errorf("second Open: error %v, want one that names the directory in use", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestOpenFailsOnAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, serviceIP); err == nil {
		t.Error("Open of a file succeeded")
	}
}

func TestSocketsFitAnAddress(t *testing.T) {
	for _, tt := range []struct {
		length int
		inside bool
		reason string
	}{
		{maxSocketDir, true, "the longest path that leaves room for a name"},
		{maxSocketDir + 1, false, "etcd could not listen there"},
	} {
		d := open(t, longDir(t, tt.length))
		socket := d.Socket(EtcdSocket)
		if inside := strings.HasPrefix(socket, d.Path("")); inside != tt.inside {
			t.Errorf("directory of %d bytes (%s): socket %s, inside %v, want %v", tt.length, tt.reason, socket, inside, tt.inside)
		}
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatalf("directory of %d bytes: %v", tt.length, err)
		}
		l.Close()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(socket); err == nil {
			t.Errorf("directory of %d bytes: %s is left", tt.length, socket)
		}
	}
}

func TestListenReturnsToItsPort(t *testing.T) {
	d := open(t, t.TempDir())
	first := listen(t, d, 0)
	port := PortOf(first)
	second := listen(t, d, 0)
	if PortOf(second) == port {
		t.Fatal("two listeners on one port")
	}
	first.Close()
	second.Close()

	third := listen(t, d, 0)
	if got, want := PortOf(third), PortOf(second); got != want {
		t.Errorf("port %d, want %d as the last time", got, want)
	}
	if _, err := d.Listen("port", PortOf(third)); err == nil {
		t.Error("a port that was asked for and is taken: no error")
	}
}

func TestListenIgnoresAFileThatHoldsNoPort(t *testing.T) {
	for _, content := range []string{"", "x", "-1", "65536", "80 81"} {
		d := open(t, t.TempDir())
		if err := os.WriteFile(d.Path("port"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		port := PortOf(listen(t, d, 0))
		if got, err := os.ReadFile(d.Path("port")); err != nil || string(got) != strconv.Itoa(port)+"\n" {
			t.Errorf("content %q: file holds %q (%v), want %d", content, got, err, port)
		}
	}
}

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path, serviceIP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() }) // again does no harm
	return d
}

func listen(t *testing.T, d *Dir, port int) net.Listener {
	t.Helper()
	l, err := d.Listen("port", port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// longDir is a path of length bytes below the directory for temporary files.
func longDir(t *testing.T, length int) string {
	t.Helper()
	base, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	return filepath.Join(base, strings.Repeat("x", length-len(base)-1))
}
