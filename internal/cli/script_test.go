package cli_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/plan/once"
)

// scene is the state of one script.
type scene struct {
	world    *world
	terminal cli.Terminal
	answers  string
	code     int
}

type sceneKey struct{}

// TestScript runs the scripts in testdata/script against the command tree in this
// process. Beside testscript's own commands there are:
//
//	cluster FILE      the cluster holds the Applications in FILE
//	projects FILE     and the AppProjects in FILE
//	steps FILE        what a watch sees next: merge patches, or {gone: true}
//	ledger NS/NAME FILE  the ledger of an Application's hooks
//	pipeline FILE     what the pipeline gives
//	terminal WIDTH    the reader is a terminal with colours of that width
//	answers TEXT      what the reader types
//	[!] evenkeel ARG… runs a command; ! wants an exit code other than 0
//	code N            the last command exited with N
//	calls             prints what was asked of cluster and pipeline since the last time
//	stored NS/NAME    prints an Application as the cluster has it
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Values[sceneKey{}] = &scene{world: newWorld()}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"cluster": cmdCluster, "projects": cmdProjects, "steps": cmdSteps, "ledger": cmdLedger, "pipeline": cmdPipeline, "terminal": cmdTerminal, "answers": cmdAnswers,
			"evenkeel": cmdEvenkeel, "code": cmdCode, "calls": cmdCalls, "stored": cmdStored,
		},
	})
}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

func cmdCluster(ts *testscript.TestScript, _ bool, args []string) {
	apps, err := loadApps(ts.ReadFile(args[0]))
	ts.Check(err)
	for _, app := range apps {
		sceneOf(ts).world.put(app)
	}
}

func cmdProjects(ts *testscript.TestScript, _ bool, args []string) {
	w := sceneOf(ts).world
	w.projects = map[string]*v1alpha1.AppProject{}
	for _, doc := range documents(ts.ReadFile(args[0])) {
		p := &v1alpha1.AppProject{}
		ts.Check(yaml.UnmarshalStrict([]byte(doc), p))
		w.projects[p.Name] = p
	}
}

func cmdSteps(ts *testscript.TestScript, _ bool, args []string) {
	steps, err := loadSteps(ts.ReadFile(args[0]))
	ts.Check(err)
	sceneOf(ts).world.steps = steps
}

func cmdLedger(ts *testscript.TestScript, _ bool, args []string) {
	text, err := yaml.YAMLToJSON([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	l, err := once.Decode(string(text))
	ts.Check(err)
	sceneOf(ts).world.ledgers[args[0]] = l
}

func cmdPipeline(ts *testscript.TestScript, _ bool, args []string) {
	var data pipelineData
	ts.Check(yaml.UnmarshalStrict([]byte(ts.ReadFile(args[0])), &data))
	sceneOf(ts).world.data = data
}

func cmdTerminal(ts *testscript.TestScript, _ bool, args []string) {
	width, err := strconv.Atoi(args[0])
	ts.Check(err)
	sceneOf(ts).terminal = cli.Terminal{Out: true, Color: true, Width: width}
}

func cmdAnswers(ts *testscript.TestScript, _ bool, args []string) {
	sceneOf(ts).answers = strings.Join(args, "\n") + "\n"
}

func cmdEvenkeel(ts *testscript.TestScript, neg bool, args []string) {
	s := sceneOf(ts)
	var out, errs strings.Builder
	env := s.world.env(&out, &errs)
	env.Terminal = s.terminal
	env.In = strings.NewReader(s.answers)
	env.ReadFile = func(name string) ([]byte, error) { return os.ReadFile(ts.MkAbs(name)) }
	s.code = cli.Main(context.Background(), env, args)
	_, err := ts.Stdout().Write([]byte(out.String()))
	ts.Check(err)
	_, err = ts.Stderr().Write([]byte(errs.String()))
	ts.Check(err)
	if neg != (s.code != 0) {
		ts.Fatalf("exited with %d", s.code)
	}
}

func cmdCode(ts *testscript.TestScript, _ bool, args []string) {
	if got := strconv.Itoa(sceneOf(ts).code); got != args[0] {
		ts.Fatalf("exited with %s, want %s", got, args[0])
	}
}

func cmdCalls(ts *testscript.TestScript, _ bool, _ []string) {
	w := sceneOf(ts).world
	for _, c := range w.calls {
		_, err := ts.Stdout().Write([]byte(c + "\n"))
		ts.Check(err)
	}
	w.calls = nil
}

func cmdStored(ts *testscript.TestScript, _ bool, args []string) {
	app := sceneOf(ts).world.apps[args[0]]
	if app == nil {
		ts.Fatalf("no application %s", args[0])
	}
	b, err := yaml.Marshal(app)
	ts.Check(err)
	_, err = ts.Stdout().Write(b)
	ts.Check(err)
}
