package controlplane

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"evenkeel.dev/playground/internal/pki"
)

// maxSocketDir keeps a socket's path below the 107 bytes that Linux allows.
const maxSocketDir = 90

// state is the directory that a cluster lives in, locked for this process.
type state struct {
	dir     string
	lock    *os.File // to be kept: the lock ends when it is closed or collected
	pki     pki.Store
	sockets string // where etcd's sockets are: dir, unless its path is too long
}

func openState(dir string) (*state, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir, lock: lock, sockets: dir}
	if s.pki, err = pki.Ensure(s.path("pki"), net.ParseIP(serviceIP)); err != nil {
		s.close()
		return nil, err
	}
	if len(dir) <= maxSocketDir {
		return s, nil
	}
	if s.sockets, err = os.MkdirTemp("", "playground-"); err != nil {
		s.close()
		return nil, fmt.Errorf("directory for etcd's sockets: %w", err)
	}
	return s, nil
}

func lockDir(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return lock, nil
	}
	closeErr := lock.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another playground runs in %s; stop it or choose another --dir", dir)
	}
	return nil, fmt.Errorf("lock state directory: %w", errors.Join(err, closeErr))
}

func (s *state) path(name string) string   { return filepath.Join(s.dir, name) }
func (s *state) socket(name string) string { return filepath.Join(s.sockets, name) }

// logPath is where all components log.
func (s *state) logPath() string { return s.path("playground.log") }

// kubeconfig is user's; the administrator's is the one that is handed out.
func (s *state) kubeconfig(user string) string {
	if user == pki.Admin {
		return s.path("kubeconfig")
	}
	return s.pki.File(user + ".kubeconfig")
}

// writeKubeconfigs makes them all name the API server at address.
func (s *state) writeKubeconfigs(address net.Addr) error {
	for _, user := range []string{pki.Admin, pki.ControllerManager, pki.Scheduler} {
		if err := s.pki.WriteKubeconfig(s.kubeconfig(user), user, "https://"+address.String()); err != nil {
			return err
		}
	}
	return nil
}

// listen takes port on loopback, or if that is 0, the one that the file name
// remembers from the last time, or if that is taken, any.
func (s *state) listen(name string, port int) (net.Listener, error) {
	file := s.path(name)
	if last := readPort(file); port == 0 && last != 0 {
		if l, err := listenOn(last); err == nil {
			return l, nil
		}
	}
	l, err := listenOn(port)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, fmt.Appendln(nil, portOf(l)), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("remember port: %w", err), l.Close())
	}
	return l, nil
}

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// readPort is 0 if file does not hold a port.
func readPort(file string) int {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	port, err := strconv.ParseUint(strings.TrimSpace(string(content)), 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// close removes etcd's sockets and lets another process have the directory.
func (s *state) close() error {
	var errs []error
	for _, name := range []string{etcdClientSocket, etcdPeerSocket} {
		errs = append(errs, removeIfThere(s.socket(name)))
	}
	if s.sockets != s.dir {
		errs = append(errs, os.Remove(s.sockets))
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
