package git

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"evenkeel.dev/test/gitserver"
)

// BenchmarkTreeRead reads a monorepo of 100 applications with 10 files each, as
// one who sees a commit for the first time (cold: no tree is remembered) and as
// one who has seen it.
func BenchmarkTreeRead(b *testing.B) {
	f := newFixture(b, gitserver.Options{})
	files := map[string]string{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		var body strings.Builder
		for body.Len() < 2000 {
			fmt.Fprintf(&body, "key-%d: %x\n", r.IntN(100), r.Uint64())
		}
		files[fmt.Sprintf("apps/%03d/templates/%d.yaml", i/10, i%10)] = body.String()
	}
	sha := f.commit(b, files)
	f.fetch(b, "main")
	f.read(b, sha, "apps/000/templates/0.yaml")
	for _, cold := range []bool{true, false} {
		b.Run(map[bool]string{true: "cold", false: "warm"}[cold], func(b *testing.B) {
			started := f.processes("cat-file")
			self, children := cpu(syscall.RUSAGE_SELF), catFileCPU(f)
			for b.Loop() {
				if cold {
					f.store.trees.Clear()
				}
				readAll(b, must(f.store.Tree(b.Context(), f.source, sha)))
			}
			n := float64(b.N)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/n/1000, "µs/file")
			b.ReportMetric(float64(cpu(syscall.RUSAGE_SELF)-self)/n/1e6, "self-cpu-µs/file")
			b.ReportMetric(float64(catFileCPU(f)-children)/n/1e6, "git-cpu-µs/file")
			b.ReportMetric(float64(f.processes("cat-file")-started), "processes")
		})
	}
}

func readAll(b *testing.B, tree *Tree) {
	n := 0
	err := fs.WalkDir(tree, "apps", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		_, err = tree.ReadFile(name)
		return err
	})
	if err != nil || n != 1000 {
		b.Fatal(n, err)
	}
}

func cpu(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// catFileCPU is what the reading process has used, in ticks of 10 ms.
func catFileCPU(f *fixture) time.Duration {
	pid := must(f.store.mirror(f.source)).reader.proc.cmd.Process.Pid
	if runtime.GOOS != "linux" {
		return 0
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	var user, system int64
	fields := strings.Fields(rest)
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkTreeOpen opens the tree of a commit that others have opened before, as
// each Application of a monorepo does at each commit.
func BenchmarkTreeOpen(b *testing.B) {
	f := newFixture(b, gitserver.Options{})
	files := map[string]string{}
	for i := range 500 {
		files[fmt.Sprintf("app-%03d/a.yaml", i)] = "a: b\n"
	}
	sha := f.commit(b, files)
	f.fetch(b, "main")
	must(f.store.Tree(b.Context(), f.source, sha))
	for b.Loop() {
		must(f.store.Tree(b.Context(), f.source, sha))
	}
}
