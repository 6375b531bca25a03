package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/remote"
)

// Argument is what a program is called with to be a worker, as its first argument;
// the second is the memory in bytes that it may use.
const Argument = "render-worker"

// exitMemory is how a child exits that needs more than its memory.
const exitMemory = 77

const (
	// maxStack bounds what calls itself without end; Go's own bound is a gigabyte.
	maxStack = 64 << 20
	// maxFrame bounds a file, and an object.
	maxFrame = 256 << 20
	// calm is how much a worker may have allocated, in bytes, before garbage is collected
	// at all, as long as less than half of it is alive. What lives is mostly schemas, 25 MiB,
	// and a rendering makes some MiB of garbage: to collect whenever the heap has doubled
	// takes a third of its time.
	calm = 128 << 20
)

// Main is a worker's life: it answers requests from standard input until that ends,
// and returns the exit status. It is called first of all in a program whose first
// argument is Argument.
func Main(args []string) int {
	log.SetOutput(io.Discard) // Helm's library logs values
	memory, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return 2
	}
	runtime.GOMAXPROCS(1) // it renders one thing at a time, and idle threads that look for work cost more than that
	debug.SetMaxStack(maxStack)
	collect(0, memory)
	guard(memory)
	c := &caller{pipe: newPipe(os.Stdin, os.Stdout, maxFrame)}
	var h hello
	if err := shut(); err != nil {
		h.Open = err.Error()
	}
	if err := c.sendJSON(saysHello, h); err != nil {
		return 1
	}
	if err := serve(c); err != nil {
		return 1
	}
	return 0
}

// collect says when garbage is collected next, by how much is alive now.
func collect(alive uint64, memory int64) {
	if alive < calm/2 && memory > calm {
		debug.SetGCPercent(-1)
		debug.SetMemoryLimit(calm)
		return
	}
	debug.SetGCPercent(100)
	debug.SetMemoryLimit(memory)
}

// guard ends the process when what is alive after a garbage collection is more than
// memory. A single allocation beyond all bounds is the parent's to refuse, by the
// process's limit of data.
func guard(memory int64) {
	// The sentinel is garbage at once, so it is finalized once in each collection.
	var watch func(*sentinel)
	watch = func(*sentinel) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapAlloc > uint64(memory) { //nolint:gosec // a size
			os.Exit(exitMemory)
		}
		collect(m.HeapAlloc, memory)
		runtime.SetFinalizer(&sentinel{}, watch)
	}
	runtime.SetFinalizer(&sentinel{}, watch)
}

type sentinel struct{ _ [16]byte }

// serve answers jobs until there are no more.
func serve(c *caller) error {
	var apis []string
	for {
		k, payload, err := c.receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || k != renders {
			return fmt.Errorf("a frame %q in the place of a job: %w", k, err)
		}
		var j job
		if err := json.Unmarshal(payload, &j); err != nil {
			return err
		}
		if j.SameAPIs {
			j.Request.APIVersions = apis
		}
		apis = j.Request.APIVersions
		if err := c.do(j); err != nil {
			return err
		}
	}
}

// do renders, with the shipment that follows the job. Its error is one of the pipe.
func (c *caller) do(j job) error {
	c.used = nil
	r := j.Request
	files := newTreeFS(c, 0)
	if err := files.expect(); err != nil {
		return err
	}
	r.FS, r.Fetcher, r.Runner = files, fetcher{c}, runner{c}
	r.Refs = map[string]fs.FS{}
	for i, name := range j.Refs {
		r.Refs[name] = newTreeFS(c, i+1)
	}
	result, err := render.Render(context.Background(), r)
	if c.broken != nil {
		return c.broken
	}
	last := end{SourceType: result.SourceType, Warnings: result.Warnings, Unsupported: result.Unsupported, OfRevision: result.OfRevision, OfAPIVersions: result.OfAPIVersions, Used: c.used}
	if err != nil {
		last.Failure = newFailure(err)
	}
	for _, o := range result.Objects {
		b, err := o.MarshalJSON()
		if err != nil {
			last.Failure = newFailure(fault.Wrap(fault.Broken, err, "%s %s", o.GetKind(), o.GetName()))
			break
		}
		if err := c.put(makes, b); err != nil {
			return err
		}
	}
	return c.sendJSON(ends, last)
}

// fetcher asks the parent for what is not in a tree.
type fetcher struct{ c *caller }

func (f fetcher) Fetch(_ context.Context, w remote.Want) (remote.Got, error) {
	payload, refused, err := f.c.call(wants, w, got)
	if refused != nil {
		return remote.Got{}, refused.err(w.URL)
	}
	var a answer
	if err == nil {
		err = json.Unmarshal(payload, &a)
	}
	if err != nil {
		return remote.Got{}, err
	}
	return remote.Got{FS: newTreeFS(f.c, a.Tree), Digest: a.Digest, Version: a.Version}, nil
}

// runner asks the parent to run a plugin: a worker can start no program.
type runner struct{ c *caller }

// Run ignores the tree and the declarations, which the parent has.
func (r runner) Run(_ context.Context, _ fs.FS, _ []v1alpha1.ConfigManagementPlugin, j plugin.Job) ([]byte, error) {
	payload, refused, err := r.c.call(runs, j, gives)
	if refused != nil {
		return nil, refused.err(j.Plugin)
	}
	return payload, err
}
