package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/plugin/jail"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/test/memtree"
)

// The test's own program is the worker, and the burglar that tries what a worker cannot do.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == Argument {
		os.Exit(Main(os.Args[2:]))
	}
	if len(os.Args) > 2 && os.Args[1] == jail.Argument {
		os.Exit(jail.Main(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == burglary {
		burgle(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

func newPool(t *testing.T, o Options) *Pool {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// outcome is all that a rendering says, and all that it read.
type outcome struct {
	Objects               []map[string]any
	SourceType, Err       string
	Warnings, Unsupported []string
	OfRevision, OfAPIs    bool
	Reads                 trace.ReadSet
}

func outcomeOf(ctx context.Context, do func(context.Context, render.Request) (render.Result, error), r render.Request, files map[string]string) outcome {
	traced := trace.New(memtree.New(files))
	r.FS = traced
	result, err := do(ctx, r)
	out := outcome{SourceType: result.SourceType, Warnings: result.Warnings, Unsupported: result.Unsupported, OfRevision: result.OfRevision, OfAPIs: result.OfAPIVersions}
	for _, o := range result.Objects {
		out.Objects = append(out.Objects, o.Object)
	}
	if err != nil {
		out.Err = fault.KindOf(err).String() + ": " + err.Error() + "\n" + fault.Whole(err)
	}
	if out.Reads, err = traced.ReadSet(); err != nil {
		out.Err += err.Error()
	}
	return out
}

// TestSame: what a worker makes of each data file of package render, says of it and
// reads for it is what is made in this process.
func TestSame(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../testdata/*/*.txtar")
	if err != nil || len(names) < 100 {
		t.Fatalf("%d data files: %v", len(names), err)
	}
	p := newPool(t, Options{Size: 2})
	for _, name := range names {
		t.Run(filepath.Base(filepath.Dir(name))+"/"+strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			r, files := dataFile(t, name)
			want := outcomeOf(t.Context(), render.Render, r, files)
			if diff := cmp.Diff(want, outcomeOf(t.Context(), p.Render, r, files)); diff != "" {
				t.Errorf("(-here +in a worker):\n%s", diff)
			}
		})
	}
}

func dataFile(t *testing.T, name string) (render.Request, map[string]string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r render.Request
	files := map[string]string{}
	for _, f := range archive.Files {
		if rest, ok := strings.CutPrefix(f.Name, "repo/"); ok {
			files[rest] = string(f.Data)
		}
		if f.Name != "request.yaml" {
			continue
		}
		if err := yaml.Unmarshal(f.Data, &r); err != nil {
			t.Fatal(err)
		}
	}
	return r, files
}

func chart(template string) map[string]string {
	return map[string]string{"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": "x: 1\n", "templates/a.yaml": template}
}

const fine = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\n"

func request(files map[string]string) render.Request {
	return render.Request{FS: memtree.New(files), Source: &v1alpha1.ApplicationSource{Path: "."}, AppName: "app", AppNamespace: "ns"}
}

// anyKind is that of what took too long: it depends on how busy the machine was.
const anyKind = fault.Internal

// TestBounds: what a rendering does beyond its bounds costs a worker and an error that
// says which, and the next rendering is as if nothing had been.
func TestBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason, template string
		options          Options
		kind             fault.Kind
		want             string
	}{
		{
			"a loop that computes for ever", `{{ range $i, $_ := until 100000 }}{{ range $j, $_ := until 100000 }}{{ sha256sum "x" | trunc 0 }}{{ end }}{{ end }}`,
			Options{Timeout: time.Second},
			anyKind, "rendering took longer than 1s",
		},
		{
			"a text that calls itself", `{{ tpl .Values.loop . }}`,
			Options{Timeout: time.Minute, Memory: 4 << 30},
			fault.Broken, "calls or includes itself without end",
		},
		{
			"memory, little by little", `{{ $l := list }}{{ range until 10000000 }}{{ $l = append $l (repeat 1000 "x") }}{{ end }}`,
			Options{Memory: 96 << 20, Timeout: time.Minute},
			fault.Broken, "rendering needs more than 96 MiB of memory",
		},
		{
			"memory, at once", `{{ $x := repeat 8000000000 "x" }}{{ len $x }}`,
			Options{Memory: 96 << 20, Timeout: time.Minute},
			fault.Broken, "rendering needs more than 96 MiB of memory",
		},
		{
			"output", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: {{ repeat 3000000 \"x\" }}}\n",
			Options{Output: 2 << 20},
			fault.Broken, "the rendering makes more than the 2 MiB that are allowed",
		},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			t.Parallel()
			if raceDetector && tt.reason == "memory, at once" {
				t.Skip("nothing bounds a single allocation under the race detector")
			}
			tt.options.Size = 1
			p := newPool(t, tt.options)
			files := chart(tt.template)
			files["values.yaml"] = "loop: '{{ tpl .Values.loop . }}'\n"
			out, err := p.Render(t.Context(), request(files))
			if tt.kind != anyKind && fault.KindOf(err) != tt.kind || !strings.Contains(fmt.Sprint(err), tt.want) || out.Objects != nil {
				t.Errorf("got %v of kind %v", err, fault.KindOf(err))
			}
			if out, err := p.Render(t.Context(), request(chart(fine))); err != nil || len(out.Objects) != 1 {
				t.Errorf("the next: %v, %v", out.Objects, err)
			}
		})
	}
}

// TestOthersGoOn: while one rendering uses up its time, others are made.
func TestOthersGoOn(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{Size: 2, Timeout: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() {
		_, err := p.Render(ctx, request(chart(`{{ range $i, $_ := until 100000 }}{{ range $j, $_ := until 100000 }}{{ end }}{{ end }}`)))
		stopped <- err
	}()
	for range 10 {
		if out, err := p.Render(t.Context(), request(chart(fine))); err != nil || len(out.Objects) != 1 {
			t.Fatalf("%v, %v", out.Objects, err)
		}
	}
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("what was stopped: %v", err)
	}
}

// TestProcesses: a worker is used again, and one that ended while it was idle is
// replaced without anyone noticing.
func TestProcesses(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{Size: 1})
	pid := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.idle) != 1 {
			t.Fatalf("%d are idle", len(p.idle))
		}
		return p.idle[0].cmd.Process.Pid
	}
	one := func() {
		t.Helper()
		if out, err := p.Render(t.Context(), request(chart(fine))); err != nil || len(out.Objects) != 1 {
			t.Fatalf("%v, %v", out.Objects, err)
		}
	}
	one()
	first := pid()
	if _, err := p.Render(t.Context(), request(chart("{{ fail \"no\" }}"))); fault.KindOf(err) != fault.Broken {
		t.Errorf("%v", err)
	}
	one()
	if pid() != first {
		t.Error("a worker is used once")
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	one()
	if pid() == first {
		t.Error("the worker lives")
	}
	second := p.idle[0]
	p.retire(second)
	if pid() != second.cmd.Process.Pid {
		t.Error("the last was retired")
	}
	p.Close()
	if err := second.cmd.Process.Signal(syscall.Signal(0)); err == nil {
		t.Error("it outlives its pool")
	}
}

// wanted is a Fetcher that has one chart.
type wanted struct{ seen []remote.Want }

func (w *wanted) Fetch(_ context.Context, x remote.Want) (remote.Got, error) {
	w.seen = append(w.seen, x)
	if x.Name == "none" {
		return remote.Got{}, fault.New(fault.NotFound, "no such chart")
	}
	return remote.Got{FS: memtree.New(chart(fine)), Digest: "d", Version: "1.0.0"}, nil
}

// slow is a Fetcher that answers when it is told to.
type slow struct{ asked, answer chan struct{} }

func (s slow) Fetch(context.Context, remote.Want) (remote.Got, error) {
	s.asked <- struct{}{}
	<-s.answer
	return remote.Got{FS: memtree.New(map[string]string{"Chart.yaml": "apiVersion: v2\nname: dep\nversion: 1.0.0\n"})}, nil
}

// TestAFetchHoldsUpNobody: while something is fetched for one rendering, others are made.
func TestAFetchHoldsUpNobody(t *testing.T) {
	t.Parallel()
	p, s := newPool(t, Options{Size: 1}), slow{make(chan struct{}), make(chan struct{})}
	waiting := make(chan error)
	go func() {
		files := chart(fine)
		files["Chart.yaml"] += "dependencies: [{name: dep, version: ^1, repository: 'https://x'}]\n"
		r := request(files)
		r.Fetcher = s
		_, err := p.Render(t.Context(), r)
		waiting <- err
	}()
	<-s.asked
	if out, err := p.Render(t.Context(), request(chart(fine))); err != nil || len(out.Objects) != 1 {
		t.Errorf("%v, %v", out.Objects, err)
	}
	close(s.answer)
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	if len(p.slots) != 0 || len(p.places) != 0 {
		t.Errorf("%d slots and %d places are held", len(p.slots), len(p.places))
	}
}

// TestFetch: a want and its answer go through the pipe whole.
func TestFetch(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	w := &wanted{}
	go func() {
		s := session{pipe: newPipe(theirs, theirs, maxFrame), trees: []fs.FS{memtree.New(nil)}, fetch: w, left: 1 << 20}
		for {
			k, payload, err := s.pipe.receive()
			switch {
			case err != nil:
				return
			case k == wants:
				_ = s.get(t.Context(), payload)
			case k == asks:
				_ = s.answer(payload)
			}
		}
	}()
	c := &caller{pipe: newPipe(ours, ours, maxFrame)}
	want := remote.Want{Kind: remote.Chart, URL: "https://x", Name: "c", Version: "^1"}
	g, err := fetcher{c}.Fetch(t.Context(), want)
	if err != nil || g.Digest != "d" || g.Version != "1.0.0" {
		t.Fatalf("%+v, %v", g, err)
	}
	if b, err := fs.ReadFile(g.FS, "templates/a.yaml"); string(b) != fine || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := (fetcher{c}).Fetch(t.Context(), remote.Want{Name: "none"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff([]remote.Want{want, {Name: "none"}}, w.seen); diff != "" {
		t.Error(diff)
	}
}

// TestTreeFS: the child's view of a tree is a file system as the library wants one.
func TestTreeFS(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	files := memtree.New(map[string]string{"a.txt": "a", "d/b.txt": "bb", "d/e/c.txt": "ccc"})
	go func() {
		s := session{pipe: newPipe(theirs, theirs, maxFrame), trees: []fs.FS{files}, left: 1 << 20}
		for {
			_, payload, err := s.pipe.receive()
			if err != nil {
				return
			}
			_ = s.answer(payload)
		}
	}()
	tree := newTreeFS(&caller{pipe: newPipe(ours, ours, maxFrame)}, 0)
	if err := fstest.TestFS(tree, "a.txt", "d/b.txt", "d/e/c.txt"); err != nil {
		t.Error(err)
	}
}

// FuzzSession: a child that says what it likes gets nothing but an error, and the
// parent neither panics nor reads outside of its trees.
func FuzzSession(f *testing.F) {
	frame := func(k kind, v any) []byte {
		var b strings.Builder
		p := newPipe(strings.NewReader(""), &b, maxFrame)
		_ = p.sendJSON(k, v)
		return []byte(b.String())
	}
	f.Add(frame(asks, ask{Op: opRead, Name: "Chart.yaml"}))
	f.Add(append(frame(asks, ask{Tree: 7, Op: opList, Name: "../x"}), frame(ends, end{})...))
	f.Add(append(frame(makes, map[string]any{"kind": "X"}), frame(ends, end{Failure: &failure{Text: "x"}})...))
	f.Add(frame(wants, remote.Want{Kind: remote.Git, URL: "file:///"}))
	f.Add([]byte{'o', 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, said []byte) {
		s := session{pipe: newPipe(strings.NewReader(string(said)), &strings.Builder{}, 1<<20), left: 1 << 20}
		out, err := s.run(t.Context(), request(chart(fine)))
		if err != nil && out.Objects != nil {
			t.Error("objects beside an error")
		}
	})
}

const burglary = "burglary"

// loot is what a burglar got.
type loot struct {
	Environ []string
	Shut    string
	Got     map[string]string // what was tried -> error, empty if it worked
}

// burgle does what templates would do if they could, with all that Go has.
func burgle(victim string) {
	var l loot
	l.Environ = os.Environ()
	if err := shut(); err != nil {
		l.Shut = err.Error()
	}
	l.Got = map[string]string{}
	try := func(what string, do func() error) {
		if err := do(); err != nil {
			l.Got[what] = err.Error()
		} else {
			l.Got[what] = ""
		}
	}
	read := func(name string) func() error {
		return func() error { _, err := os.ReadFile(name); return err }
	}
	try("a file", read(victim))
	try("its own environment", read("/proc/self/environ"))
	try("its parent's environment", read(fmt.Sprintf("/proc/%d/environ", os.Getppid())))
	try("a directory", func() error { _, err := os.ReadDir("/"); return err })
	try("writing a file", func() error { return os.WriteFile(victim, nil, 0o600) })
	try("a network", func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err })
	try("a name", func() error { _, err := net.LookupHost("example.com"); return err })
	try("listening", func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err })
	try("a program", func() error { return exec.Command("/bin/true").Run() })
	try("replacing itself", func() error { return syscall.Exec("/bin/true", nil, nil) })
	try("killing its parent", func() error { return syscall.Kill(os.Getppid(), syscall.SIGCONT) })
	try("another thread's file", func() error {
		failed := make(chan error)
		go func() {
			runtime.LockOSThread()
			failed <- read(victim)()
		}()
		return <-failed
	})
	b, _ := json.Marshal(l)
	os.Stdout.Write(b)
}

// TestJail looks at the jail from the inside.
func TestJail(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can shut it")
	}
	victim := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(victim, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, burglary, victim)
	cmd.Env = []string{}
	out, err := cmd.Output()
	var l loot
	if err == nil {
		err = json.Unmarshal(out, &l)
	}
	if err != nil || l.Shut != "" || len(l.Environ) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	if len(l.Got) != 12 {
		t.Errorf("tried %v", l.Got)
	}
	for what, why := range l.Got {
		if !strings.Contains(why, "not permitted") && !strings.Contains(why, "failure in name resolution") {
			t.Errorf("%s: %q", what, why)
		}
	}
	if b, err := os.ReadFile(victim); string(b) != "secret" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// TestUnconfined: where a jail cannot be shut nothing is rendered, unless it was said
// that it need not be.
func TestUnconfined(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "worker")
	script := "#!/bin/sh\nprintf 'h\\017\\000\\000\\000{\"open\":\"none\"}'\nexec sleep 60\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{Program: program, Timeout: time.Second})
	if _, err := p.Render(t.Context(), request(chart(fine))); fault.KindOf(err) != fault.Internal || !strings.Contains(err.Error(), "--unconfined-rendering") {
		t.Errorf("%v", err)
	}
	p = newPool(t, Options{Program: program, Timeout: time.Second, Unconfined: true})
	if _, err := p.Render(t.Context(), request(chart(fine))); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "took longer") {
		t.Errorf("%v", err)
	}
}

func BenchmarkColdStart(b *testing.B) {
	p, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w, err := p.take()
		if err != nil {
			b.Fatal(err)
		}
		w.end()
	}
}

// BenchmarkRender renders a small chart here and in a worker.
func BenchmarkRender(b *testing.B) {
	p, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	for name, do := range map[string]func(context.Context, render.Request) (render.Result, error){"here": render.Render, "worker": p.Render} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := do(b.Context(), request(chart(fine))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
