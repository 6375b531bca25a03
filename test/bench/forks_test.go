package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/render/worker"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git"
	"evenkeel.dev/test/gitserver"
	"evenkeel.dev/test/playgroundtest"
)

// BenchmarkRender renders each Application of a mixed repository once, from its
// mirror, in workers, and keeps the results, as the program does; finds them all again;
// and beside that has the programs helm and kustomize do it, one process per
// Application and work tree, as Argo CD does.
func BenchmarkRender(b *testing.B) {
	b.Logf("%d Applications; load at the start: %s", *apps, load())
	m := newMono(b)
	for k := range kinds {
		b.Run("cold/"+k.String(), func(b *testing.B) { m.measured(b, k, m.render(b)) })
		b.Run("known/"+k.String(), func(b *testing.B) { m.measured(b, k, m.render(b)) })
	}
	b.Run("held", func(b *testing.B) { m.held(b) })
	b.Run("forks/kustomize", func(b *testing.B) { m.measured(b, kustomize, m.kustomize(b)) })
	b.Run("forks/helm", func(b *testing.B) { m.measured(b, helmChart, m.helm(b)) })
	b.Logf("load at the end: %s", load())
}

// mono is a mixed repository, in a mirror and as a work tree.
type mono struct {
	content content
	tree    *git.Tree
	dir     string
	cache   *cache.Cache
	reads   []*trace.FS
}

func newMono(b *testing.B) *mono {
	b.Helper()
	m := &mono{content: content{apps: *apps, mixed: true}, dir: filepath.Join(b.TempDir(), "work")}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := gitserver.New(b.Context(), gitserver.Options{Dir: b.TempDir()})
	must(err)
	repo, err := s.Repo(b.Context(), "mono")
	must(err)
	sha, err := repo.Commit(b.Context(), m.content.files(), "generated")
	must(err)
	must(exec.CommandContext(b.Context(), "git", "clone", "--quiet", "--branch", "main", repo.Dir, m.dir).Run())
	store, err := git.Open(b.Context(), git.Options{Local: true, Dir: b.TempDir()})
	must(err)
	b.Cleanup(func() { _ = store.Close() })
	m.tree, err = store.Tree(b.Context(), source.Repository{URL: "file://" + repo.Dir}, sha)
	must(err)
	binary, err := program.Binary()
	must(err)
	workers, err := worker.New(worker.Options{Program: binary})
	must(err)
	b.Cleanup(workers.Close)
	m.cache, err = cache.Open(cache.Options{Dir: b.TempDir(), Render: workers.Render})
	must(err)
	return m
}

// measured does all Applications of a kind once, and reports what one costs: CPU
// seconds of this process and of all others that it starts.
func (m *mono) measured(b *testing.B, k kind, f func(i int) error) {
	b.Helper()
	if b.N != 1 {
		b.Fatal("run with -benchtime 1x: what was rendered once is known")
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	self, all := cpus(b)
	n := 0
	for i := range m.content.apps {
		if kindOf(i) == k {
			n++
			group.Go(func() error { return f(i) })
		}
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	selfAfter, allAfter := cpus(b)
	b.ReportMetric(1000*(allAfter-all)/float64(n), "cpu-ms/app")
	b.ReportMetric(1000*(selfAfter-self)/float64(n), "self-cpu-ms/app")
	b.ReportMetric(allAfter-all, "cpu-s")
	b.ReportMetric(0, "ns/op") // of no meaning, and 0 hides it
}

// cpus are the CPU seconds of this process, and of it and all that it has started.
func cpus(b *testing.B) (self, all float64) {
	b.Helper()
	all, err := usage(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	self, err = ownUsage(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	return self, all
}

// render renders an Application as the program does.
func (m *mono) render(b *testing.B) func(i int) error {
	b.Helper()
	versions := make([]string, 300) // about as many as a cluster with some operators serves
	for i := range versions {
		versions[i] = fmt.Sprintf("group-%d.example.com/v1/Kind%d", i/10, i)
	}
	m.reads = make([]*trace.FS, m.content.apps)
	return func(i int) error {
		files := trace.New(m.tree)
		m.reads[i] = files
		src := v1alpha1.ApplicationSource{RepoURL: "https://git.example.com/mono.git", Path: "apps/" + m.content.app(i)}
		if kindOf(i) == helmChart {
			src.Path, src.Helm = sharedDir(i), &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"/" + m.content.valuesFile(i)}}
		}
		made, err := m.cache.Render(context.Background(), cache.Trees{Main: files}, render.Request{
			Source: &src, Revision: m.tree.Revision(), AppName: m.content.app(i), AppNamespace: m.content.app(i), Project: "default",
			KubeVersion: "v1.37.2", APIVersions: versions,
		}, false)
		if err == nil && len(made.Objects) != 4 {
			err = fmt.Errorf("%s: %d objects, want 4", m.content.app(i), len(made.Objects))
		}
		return err
	}
}

// held asks what the program asks with each commit: whether all that was read of an
// Application is as it was.
func (m *mono) held(b *testing.B) {
	b.Helper()
	var sets []trace.ReadSet
	paths := 0
	render := m.render(b)
	for i := range m.content.apps {
		if err := render(i); err != nil {
			b.Fatal(err)
		}
		set, err := m.reads[i].ReadSet()
		if err != nil {
			b.Fatal(err)
		}
		sets, paths = append(sets, set), paths+len(set)
	}
	const rounds = 20 // the kernel counts in hundredths of a second
	_, before := cpus(b)
	begin := time.Now()
	for range rounds {
		for _, set := range sets {
			if same, err := set.StillHolds(m.tree); err != nil || !same {
				b.Fatal(same, err)
			}
		}
	}
	_, after := cpus(b)
	b.ReportMetric(1000*time.Since(begin).Seconds()/rounds, "ms/commit")
	b.ReportMetric(1000*(after-before)/rounds, "cpu-ms/commit")
	b.ReportMetric(float64(paths)/float64(len(sets)), "paths/app")
	b.ReportMetric(0, "ns/op")
}

// directoryVariable names where the programs are that rendering is compared with.
const directoryVariable = "ORACLE_BIN"

func oracle(b *testing.B, name string) string {
	b.Helper()
	root, err := playgroundtest.Repository()
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(cmp.Or(os.Getenv(directoryVariable), filepath.Join(root, "bin", "oracle")), name)
	if _, err := os.Stat(file); err != nil {
		b.Skipf("%v: %s names the directory of the program", err, directoryVariable)
	}
	return file
}

func (m *mono) kustomize(b *testing.B) func(i int) error {
	b.Helper()
	file := oracle(b, "kustomize")
	return func(i int) error { return m.fork(b, file, "build", "apps/"+m.content.app(i)) }
}

func (m *mono) helm(b *testing.B) func(i int) error {
	b.Helper()
	file := oracle(b, "helm")
	return func(i int) error {
		app := m.content.app(i)
		return m.fork(b, file, "template", app, sharedDir(i), "--namespace", app, "--values", m.content.valuesFile(i), "--include-crds", "--kube-version", "v1.37.2")
	}
}

func (m *mono) fork(b *testing.B, name string, args ...string) error {
	cmd := exec.CommandContext(b.Context(), name, args...)
	cmd.Dir = m.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
