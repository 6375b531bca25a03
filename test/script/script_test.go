package script

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// binaries is the directory with the evenkeel that the scenarios run.
var binaries string //nolint:gochecknoglobals // set once by TestMain, before any test

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "evenkeel-script")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a directory for temporary files
		binaries = dir
		return m.Run()
	}())
}

// build builds the program once, with the race detector if the tests have it.
func build(t *testing.T) {
	t.Helper()
	args := []string{"build", "-o", filepath.Join(binaries, "evenkeel")}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "evenkeel.dev/cmd/evenkeel")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building evenkeel: %v\n%s", err, out)
	}
}

func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("scenarios need a control plane each")
	}
	build(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			w, err := newWorld(context.Background(), t, env)
			if err != nil {
				return err
			}
			env.Values[worldKey{}] = w
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"commit":            command((*world).commit),
			"start":             command((*world).start),
			"stop":              command((*world).stop),
			"kill9":             command((*world).kill9),
			"apply":             command((*world).apply),
			"client-side-apply": command((*world).clientSideApply),
			"patch":             command((*world).patch),
			"remove":            command((*world).remove),
			"refresh":           command((*world).refresh),
			"app":               command((*world).app),
			"object":            command((*world).object),
			"same":              command((*world).same),
			"cluster":           command((*world).control),
			"git":               command((*world).git),
			"requests":          command((*world).requests),
		},
	})
}

type worldKey struct{}

func command(f func(*world, *testscript.TestScript, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		w, ok := ts.Value(worldKey{}).(*world)
		if !ok {
			ts.Fatalf("no world")
		}
		err := f(w, ts, args)
		switch {
		case neg && err == nil:
			ts.Fatalf("unexpected success")
		case !neg && err != nil:
			ts.Fatalf("%v\n%s", err, w.logTail())
		}
	}
}
