package script

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"evenkeel.dev/test/evenkeeltest"
)

// program is the evenkeel that the scenarios run.
var program evenkeeltest.Build //nolint:gochecknoglobals // one per test binary

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("scenarios need a control plane each")
	}
	if _, err := program.Binary(); err != nil {
		t.Fatal(err)
	}
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
			"tag":               command((*world).tag),
			"start":             command((*world).start),
			"end":               command((*world).end),
			"kill9":             command((*world).kill9),
			"apply":             command((*world).apply),
			"client-side-apply": command((*world).clientSideApply),
			"patch":             command((*world).patch),
			"remove":            command((*world).remove),
			"refresh":           command((*world).refresh),
			"app":               command((*world).app),
			"answer":            command((*world).answer),
			"object":            command((*world).object),
			"same":              command((*world).same),
			"cluster":           command((*world).control),
			"git":               command((*world).git),
			"requests":          command((*world).requests),
			"webhook":           command((*world).webhook),
			"call":              command((*world).call),
			"gits":              command((*world).gits),
			"silent":            command((*world).silent),
			"large":             command((*world).large),
			"submodule":         command((*world).submodule),
			"chart":             command((*world).chart),
			"charts":            command((*world).repository),
			"downloads":         command((*world).downloads),
			"registry":          command((*world).startRegistry),
			"push-chart":        command((*world).pushChart),
			"push-artifact":     command((*world).pushArtifact),
			"renders":           command((*world).renders),
			"tree":              command((*world).tree),
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
