package playgroundtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// binaryVariable may be read here as this is test code.
	binaryVariable = "PLAYGROUND_BIN"
	module         = "module evenkeel.dev"
)

// find returns the binary, or skips or fails t if there is none.
func find(t testing.TB, o Options) string {
	t.Helper()
	binary, err := locate(o.Binary, os.Getenv(binaryVariable))
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(binary)
	if err == nil {
		return binary
	}
	if errors.Is(err, fs.ErrNotExist) && testing.Short() {
		t.Skipf("no playground at %s", binary)
	}
	t.Fatalf("no playground: %v; run make build, or name one in %s", err, binaryVariable)
	return ""
}

// locate returns the first path that is not empty, or the repository's.
func locate(paths ...string) (string, error) {
	for _, path := range paths {
		if path != "" {
			return path, nil
		}
	}
	root, err := Repository()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "bin", "evenkeel-playground"), nil
}

// Repository is the nearest directory at or above the working directory that
// holds the main module's go.mod.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		content, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && isMainModule(string(content)) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.mod of evenkeel.dev at or above %s; name the playground's binary in %s", dir, binaryVariable)
		}
	}
}

func isMainModule(gomod string) bool {
	for line := range strings.Lines(gomod) {
		if strings.TrimSpace(line) == module {
			return true
		}
	}
	return false
}
