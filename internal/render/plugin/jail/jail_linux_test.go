package jail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/plugin"
)

// The test's own program is the child, the burglar, and a parent that is killed.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 2 && os.Args[1] == Argument:
		os.Exit(Main(os.Args[2:]))
	case len(os.Args) > 3 && os.Args[1] == burglary:
		burgle(os.Args[2], os.Args[3])
		return
	case len(os.Args) > 2 && os.Args[1] == killedParent:
		beKilled(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

func syscallTime() time.Time { return time.Unix(1, 0) }

func newJail(t *testing.T, o Options) *Jail {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	j, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		j.Close()
		if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
			t.Errorf("left in the directory of copies: %v %v", left, err)
		}
	})
	return j
}

// shell is a plugin whose generate is a script.
func shell(script string) v1alpha1.ConfigManagementPlugin {
	p := v1alpha1.ConfigManagementPlugin{}
	p.Metadata.Name = "test"
	p.Spec.Generate = v1alpha1.PluginCommand{Command: []string{"sh", "-c"}, Args: []string{script}}
	return p
}

func (j *Jail) generate(ctx context.Context, files fs.FS, p v1alpha1.ConfigManagementPlugin) (string, error) {
	out, err := j.Run(ctx, files, []v1alpha1.ConfigManagementPlugin{p}, plugin.Job{Plugin: p.FullName(), Task: plugin.Generate, Root: ".", Dir: "."})
	return string(out), err
}

// TestBurglary: a plugin can do nothing that it need not do.
func TestBurglary(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	if err := os.Chmod(outside, 0o777); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	file := filepath.Join(outside, "file")
	if err := os.WriteFile(file, []byte("content"), 0o666); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	j := newJail(t, Options{Programs: []string{filepath.Dir(self)}})
	p := shell("")
	p.Spec.Generate = v1alpha1.PluginCommand{Command: []string{self, burglary, strconv.Itoa(os.Getpid()), outside}}
	got, err := j.generate(t.Context(), fstest.MapFS{}, p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("tried everything\n", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	after, err := os.Stat(file)
	if err != nil || after.ModTime() != before.ModTime() || after.Mode() != before.Mode() {
		t.Errorf("the file outside: %v %v, was %v", after, err, before)
	}
}

// TestBounds: what does not end by itself, or takes what it may not, is stopped with
// all that it has started, while others go on.
func TestBounds(t *testing.T) {
	t.Parallel()
	j := newJail(t, Options{Timeout: time.Minute, Processes: 50, Memory: 200 << 20, Disk: 32 << 20, Files: 2000, Output: 1 << 20})
	brief := newJail(t, Options{Timeout: time.Second / 2})
	for name, c := range map[string]struct {
		j      *Jail
		script string
		want   string
	}{
		"sleeps":                   {brief, "sleep 1000", "unavailable: plugin test: generate: took longer than 500ms"},
		"sleeps deaf":              {brief, "trap '' TERM INT HUP; while :; do sleep 1000; done", "unavailable: plugin test: generate: took longer than 500ms"},
		"computes":                 {brief, "while :; do :; done", "generate: took longer than 500ms"},
		"fork bomb":                {j, "f() { f | f & }; f; sleep 1000", "broken: plugin test: generate: stopped: it has more than 50 processes and threads"},
		"many sleepers":            {j, "while :; do sleep 1000 & done", "broken: plugin test: generate: stopped: it has more than 50 processes and threads"},
		"writes for ever":          {j, "yes", "broken: plugin test: generate: stopped: it writes more than the 1 MiB that are allowed"},
		"errors for ever":          {brief, "yes >&2", "generate: took longer than 500ms"},
		"a large file":             {j, "exec yes > $HOME/x", "signal: file size limit exceeded"},
		"many large files":         {j, "i=0; while :; do i=$((i+1)); head -c 8000000 /dev/zero > $TMPDIR/$i; done", "its directory holds more than the 32 MiB or 2000 files that are allowed"},
		"many files":               {j, "i=0; while :; do i=$((i+1)); : > $TMPDIR/$i; done", "its directory holds more than the 32 MiB or 2000 files that are allowed"},
		"memory":                   {j, "for i in 1 2 3 4 5; do head -c 60000000 /dev/zero | tail -c 60000000 | sleep 1000 & done; wait", "it needs more than 200 MiB of memory"},
		"leaves something running": {j, "sleep 1000 & (trap '' HUP TERM; sleep 1000) & echo 'a: 1'", ""},
		"shuts its directories":    {j, "mkdir -p $HOME/a/b/c && touch $HOME/a/b/c/d && (umask 777; mkdir $HOME/a/b/e); echo 'a: 1'", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := c.j.generate(t.Context(), fstest.MapFS{}, shell(c.script))
			if c.want == "" {
				if err != nil || out != "a: 1\n" {
					t.Errorf("%q, %v", out, err)
				}
				return
			}
			if got := explained(err); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func explained(err error) string {
	if err == nil {
		return ""
	}
	return fault.KindOf(err).String() + ": " + err.Error()
}

// TestCancelled: a run ends with its context, and the processes with it.
func TestCancelled(t *testing.T) {
	t.Parallel()
	j := newJail(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	files := &opened{FS: fstest.MapFS{"last": &fstest.MapFile{Data: []byte("x")}}, then: cancel}
	if _, err := j.generate(ctx, files, shell("sleep 1000")); fault.KindOf(err) != fault.Unavailable && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// opened calls then when a file is read.
type opened struct {
	fs.FS
	then func()
}

func (o *opened) Open(name string) (fs.File, error) {
	if name != "." {
		o.then()
	}
	return o.FS.Open(name)
}

// TestData runs the plugins of testdata: what they see, write, and fail with.
func TestData(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var p v1alpha1.ConfigManagementPlugin
			job := plugin.Job{Task: plugin.Generate, Root: ".", Dir: "."}
			files, want, wantError := fstest.MapFS{}, "", ""
			for _, f := range archive.Files {
				switch path, ok := strings.CutPrefix(f.Name, "repo/"); {
				case ok && strings.HasPrefix(string(f.Data), "link: "):
					files[path] = &fstest.MapFile{Data: []byte(strings.TrimSpace(string(f.Data[6:]))), Mode: fs.ModeSymlink | 0o777}
				case ok && strings.HasSuffix(path, ".sh"):
					files[path] = &fstest.MapFile{Data: f.Data, Mode: 0o755}
				case ok:
					files[path] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
				case f.Name == "plugin.yaml":
					err = yaml.UnmarshalStrict(f.Data, &p)
				case f.Name == "job.yaml":
					err = yaml.UnmarshalStrict(f.Data, &job)
				case f.Name == "want":
					want = string(f.Data)
				case f.Name == "want-error":
					wantError = string(f.Data)
				default:
					t.Fatalf("what is %s?", f.Name)
				}
				if err != nil {
					t.Fatal(f.Name, err)
				}
			}
			job.Plugin = p.FullName()
			out, err := newJail(t, Options{}).Run(t.Context(), files, []v1alpha1.ConfigManagementPlugin{p}, job)
			if err == nil {
				err = errors.New("")
			} else {
				err = fmt.Errorf("%s\n", explained(err))
			}
			if diff := cmp.Diff(wantError, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, string(out)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

// TestJobs: a job is asked for by a worker, which is not trusted.
func TestJobs(t *testing.T) {
	t.Parallel()
	j := newJail(t, Options{})
	for name, job := range map[string]plugin.Job{
		"another plugin":      {Plugin: "other", Task: plugin.Generate, Root: ".", Dir: "."},
		"no task":             {Plugin: "test", Root: ".", Dir: "."},
		"a task it lacks":     {Plugin: "test", Task: plugin.Announce, Root: ".", Dir: "."},
		"out of the tree":     {Plugin: "test", Task: plugin.Generate, Root: ".", Dir: "../x"},
		"absolute":            {Plugin: "test", Task: plugin.Generate, Root: "/", Dir: "/etc"},
		"out of what is read": {Plugin: "test", Task: plugin.Generate, Root: "a", Dir: "b"},
		"a loader's variable": {Plugin: "test", Task: plugin.Generate, Root: ".", Dir: ".", Env: []string{"LD_PRELOAD=x"}},
		"a path of its own":   {Plugin: "test", Task: plugin.Generate, Root: ".", Dir: ".", Env: []string{"PATH=/x"}},
		"no variable":         {Plugin: "test", Task: plugin.Generate, Root: ".", Dir: ".", Env: []string{"ARGOCD_APP"}},
	} {
		if out, err := j.Run(t.Context(), fstest.MapFS{}, []v1alpha1.ConfigManagementPlugin{shell("echo hello")}, job); err == nil {
			t.Errorf("%s: is run and writes %q", name, out)
		}
	}
}

// TestCopyBounds: a tree that is larger than a run may be is not copied.
func TestCopyBounds(t *testing.T) {
	t.Parallel()
	j := newJail(t, Options{Disk: 100, Files: 3})
	for name, files := range map[string]fstest.MapFS{
		"bytes": {"a": &fstest.MapFile{Data: make([]byte, 60)}, "b": &fstest.MapFile{Data: make([]byte, 60)}},
		"files": {"a/1": &fstest.MapFile{}, "a/2": &fstest.MapFile{}, "a/3": &fstest.MapFile{}},
	} {
		_, err := j.generate(t.Context(), files, shell("true"))
		if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "manifest-generate-paths") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

const killedParent = "killed-parent"

// beKilled has a run under way and says so.
func beKilled(dir string) {
	j, err := New(Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	files := &opened{FS: fstest.MapFS{"f": &fstest.MapFile{}}, then: func() {
		fmt.Println("begun")
		select {} // until it is killed
	}}
	_, _ = j.generate(context.Background(), files, shell("true"))
}

// TestKilledParent: what a parent has left that was killed is removed by the next, and
// what belongs to one that lives is not.
func TestKilledParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	living, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := living.generate(t.Context(), fstest.MapFS{}, shell("true")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, killedParent, dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 6)
	if n, err := out.Read(said); string(said[:n]) != "begun\n" {
		t.Fatalf("%q %v", said, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	count := func() (n int) {
		runs, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(runs)
	}
	if n := count(); n != 4 {
		t.Fatalf("%d files and directories before, 4 wanted: a lock and a directory of each", n)
	}
	next, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 2 {
		t.Errorf("%d files and directories after, 2 wanted: those of the living", n)
	}
	if _, err := os.Stat(living.store.dir); err != nil {
		t.Error(err)
	}
	living.Close()
	next.Close()
	if n := count(); n != 0 {
		t.Errorf("%d files and directories at the end", n)
	}
}
