package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// demo is what the verbs need to know of the demo that runs.
type demo struct {
	// Dir holds everything that the demo writes. It is known from the start; the
	// rest is empty until the demo is ready.
	Dir        string `json:"dir"`
	PID        int    `json:"pid"`
	URL        string `json:"url,omitempty"`
	Git        string `json:"git,omitempty"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Log        string `json:"log,omitempty"`
}

// dirPrefix begins the name of every demo's directory. Nothing else is ever removed.
const dirPrefix = "evenkeel-demo-"

var (
	errNotRunning = errors.New("no demo is running; start one with make demo, in another terminal")
	errStarting   = errors.New("the demo is still starting; try again when it says that it is ready")
)

// stateFile is held, locked, by the demo that runs. The lock goes with the
// process, however that ends.
type stateFile struct {
	path string
	file *os.File
}

// claim takes the state file, and removes what a demo that was killed has left.
func claim(path string) (*stateFile, error) {
	for {
		s, err := lockState(path)
		if err != nil {
			return nil, err
		}
		if !s.current() {
			_ = s.file.Close() // the demo that had it removed it just now
			continue
		}
		if err := s.sweep(); err != nil {
			return nil, errors.Join(err, s.file.Close())
		}
		return s, nil
	}
}

func lockState(path string) (*stateFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the demo's state file: %w; run make build, or name another --state", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &stateFile{path: path, file: file}, nil
	}
	defer func() { _ = file.Close() }()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	d, err := decodeState(file)
	if err != nil {
		return nil, fmt.Errorf("a demo is already running (%s is locked); stop it first", path)
	}
	return nil, fmt.Errorf("a demo is already running as process %d; use it, or stop it with Ctrl-C or: kill %d", d.PID, d.PID)
}

// current says whether the path still names the file that is locked.
func (s *stateFile) current() bool {
	held, err := s.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(s.path)
	return err == nil && os.SameFile(held, named)
}

// sweep removes the directory of a demo that could not.
func (s *stateFile) sweep() error {
	d, _ := decodeState(s.file) // a new file says nothing
	if !strings.HasPrefix(filepath.Base(d.Dir), dirPrefix) {
		return nil
	}
	if err := os.RemoveAll(d.Dir); err != nil {
		return fmt.Errorf("remove what an earlier demo left: %w", err)
	}
	return nil
}

// write replaces what the file says.
func (s *stateFile) write(d demo) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	_, err = s.file.WriteAt(append(text, '\n'), 0)
	return err
}

// release removes the file, and then lets go of it.
func (s *stateFile) release() error {
	return errors.Join(os.Remove(s.path), s.file.Close())
}

// findDemo is the demo that runs.
func findDemo(path string) (demo, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return demo{}, errNotRunning
	}
	if err != nil {
		return demo{}, fmt.Errorf("the demo's state file: %w", err)
	}
	defer func() { _ = file.Close() }()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return demo{}, errNotRunning
	}
	d, err := decodeState(file)
	if err != nil || d.URL == "" {
		return demo{}, errStarting
	}
	return d, nil
}

func decodeState(r io.ReadSeeker) (demo, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return demo{}, err
	}
	var d demo
	err := json.NewDecoder(r).Decode(&d)
	return d, err
}
