package oracle_test

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/render/kustomize"
	"evenkeel.dev/test/playgroundtest"
)

// directoryVariable may be read here as this is test code.
const directoryVariable = "ORACLE_BIN"

// patience is how long a program may run: it renders in a fraction of a second.
const patience = 2 * time.Minute

// program is the path of a program. Without it the test is skipped, except where
// nobody would notice.
func program(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv(directoryVariable)
	if dir == "" {
		dir = filepath.Join(root(t), "bin", "oracle")
	}
	p := filepath.Join(dir, name)
	_, err := os.Stat(p)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skipf("no program at %s to compare with: run make bin/oracle/.built, which needs the network once, or name its directory in %s", p, directoryVariable)
	}
	if err != nil {
		t.Fatalf("%v: run make bin/oracle/.built", err)
	}
	return p
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := playgroundtest.Repository()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program in dir, with nothing of the caller's environment and a home of
// its own.
func run(ctx context.Context, home, dir, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + home, "PATH=/usr/bin:/bin"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errors.New(filepath.Base(name) + " " + strings.Join(args, " ") + ": " + err.Error() + ": " + strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// TestVersions: an oracle of another version than the library would be none.
func TestVersions(t *testing.T) {
	t.Parallel()
	gomod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ program, module string }{
		{"helm", "helm.sh/helm/v4"},
		{"kustomize", "sigs.k8s.io/kustomize/api"},
		{"kustomize", "sigs.k8s.io/kustomize/kyaml"},
		{"jsonnet", "github.com/google/go-jsonnet"},
	} {
		info, err := buildinfo.ReadFile(program(t, c.program))
		if err != nil {
			t.Fatal(err)
		}
		if c.program == "kustomize" && info.Main.Version != kustomize.Version {
			t.Errorf("kustomize is %s, kustomize.Version is %s", info.Main.Version, kustomize.Version)
		}
		version := "?"
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == c.module {
				version = m.Version
			}
		}
		if !bytes.Contains(gomod, []byte(c.module+" "+version+"\n")) {
			t.Errorf("%s is built of %s %s, go.mod has another: go get that one in test/oracle/programs", c.program, c.module, version)
		}
	}
}
