package statedir

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

// The sockets that may be in a directory.
const (
	EtcdSocket     = "etcd.sock"
	EtcdPeerSocket = "peer.sock"
)

// Dir is an open directory.
type Dir struct {
	// PKI is its keys and certificates.
	PKI pki.Store

	path    string
	lock    *os.File // to be kept: the lock ends when it is closed or collected
	sockets string   // where the sockets are: path, unless that is too long
}

// Open creates what is missing of the directory at path and locks it. The API
// server's certificate will be valid for serviceIP besides loopback.
func Open(path string, serviceIP net.IP) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	lock, err := lockDir(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{path: path, lock: lock, sockets: path}
	if err := d.fill(serviceIP); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Dir) fill(serviceIP net.IP) error {
	store, err := pki.Ensure(d.Path("pki"), serviceIP)
	if err != nil {
		return err
	}
	d.PKI = store
	if len(d.path) > maxSocketDir {
		sockets, err := os.MkdirTemp("", "playground-")
		if err != nil {
			return fmt.Errorf("directory for sockets: %w", err)
		}
		d.sockets = sockets
	}
	for _, name := range []string{EtcdSocket, EtcdPeerSocket} {
		if err := removeIfThere(d.Socket(name)); err != nil {
			return fmt.Errorf("stale socket: %w", err)
		}
	}
	return nil
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

// Path is that of the file or directory name inside.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Socket is the path for a socket: inside, or where the path is short enough.
func (d *Dir) Socket(name string) string { return filepath.Join(d.sockets, name) }

// LogPath is where all components log.
func (d *Dir) LogPath() string { return d.Path("playground.log") }

// Kubeconfig is the path of user's; the administrator's is the one that is handed out.
func (d *Dir) Kubeconfig(user string) string {
	if user == pki.Admin {
		return d.Path("kubeconfig")
	}
	return d.PKI.File(user + ".kubeconfig")
}

// WriteKubeconfigs makes them all name the API server at address.
func (d *Dir) WriteKubeconfigs(address net.Addr) error {
	for _, user := range []string{pki.Admin, pki.ControllerManager, pki.Scheduler} {
		if err := d.PKI.WriteKubeconfig(d.Kubeconfig(user), user, "https://"+address.String()); err != nil {
			return err
		}
	}
	return nil
}

// Listen takes port on loopback, or if that is 0, the one that the file name
// remembers from the last time, or if that is taken, any.
func (d *Dir) Listen(name string, port int) (net.Listener, error) {
	file := d.Path(name)
	if last := readPort(file); port == 0 && last != 0 {
		if l, err := listenOn(last); err == nil {
			return l, nil
		}
	}
	l, err := listenOn(port)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, fmt.Appendln(nil, PortOf(l)), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("remember port: %w", err), l.Close())
	}
	return l, nil
}

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// PortOf is the port of a listener that Listen returned.
func PortOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

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

// Close removes etcd's sockets and lets another process have the directory.
func (d *Dir) Close() error {
	var errs []error
	for _, name := range []string{EtcdSocket, EtcdPeerSocket} {
		errs = append(errs, removeIfThere(d.Socket(name)))
	}
	if d.sockets != d.path {
		errs = append(errs, os.Remove(d.sockets))
	}
	return errors.Join(append(errs, d.lock.Close())...)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
