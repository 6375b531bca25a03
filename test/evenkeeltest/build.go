package evenkeeltest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"evenkeel.dev/test/playgroundtest"
)

// Build is the program as it is built for one test binary. The zero value is
// ready; its methods are safe for concurrent use.
type Build struct {
	once sync.Once
	dir  string
	err  error
}

// Main runs a test binary's tests and is its exit code. The built program lives
// as long.
func (b *Build) Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "evenkeel-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	return m.Run()
}

// Binary is the program's path. The first call builds it, with the race detector
// if the tests have that.
func (b *Build) Binary() (string, error) {
	b.once.Do(func() { b.err = b.build() })
	return filepath.Join(b.dir, "evenkeel"), b.err
}

func (b *Build) build() error {
	if b.dir == "" {
		return errors.New("building evenkeel: TestMain has to call Build.Main")
	}
	if err := lookAtSources(); err != nil {
		return err
	}
	args := []string{"build", "-o", filepath.Join(b.dir, "evenkeel")}
	if raceEnabled {
		args = append(args, "-race")
	}
	// Not of a test's context: the next one uses what this one has built.
	cmd := exec.Command("go", append(args, "evenkeel.dev/cmd/evenkeel")...) //nolint:noctx // see above
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building evenkeel: %w\n%s", err, out)
	}
	return nil
}

// lookAtSources lists the directories that the program is built from. Otherwise
// go test would answer from its cache when one of them has changed: it remembers
// what a test has looked at, but does not see what the go command beneath it reads.
func lookAtSources() error {
	root, err := playgroundtest.Repository()
	if err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, name := range []string{"api", "cmd", "internal", "manifests", "ui"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
