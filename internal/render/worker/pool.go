package worker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/remote"
)

// Defaults of Options.
const (
	DefaultMemory  = 1 << 30
	DefaultTimeout = 90 * time.Second // Argo CD's ARGOCD_EXEC_TIMEOUT
	DefaultOutput  = 256 << 20
	DefaultIdle    = time.Minute
)

// maxJobs is after how many renderings a worker is replaced: what a template has
// left in its memory does not stay for ever.
const maxJobs = 500

// waitFactor is how many processes there may be for each that computes: a server that
// answers slowly must not hold up those who ask none.
const waitFactor = 8

// Options bound a Pool. The zero value works.
type Options struct {
	// Size is how many processes compute at most at a time; 0 means one for each CPU. There
	// may be waitFactor times as many, most of which wait for something to be fetched.
	Size int
	// Memory is what one process may use, in bytes; 0 means DefaultMemory.
	Memory int64
	// Timeout is how long one rendering may take; 0 means DefaultTimeout.
	Timeout time.Duration
	// Output is how much one rendering may make, in bytes of JSON; 0 means DefaultOutput.
	Output int64
	// Idle is how long a process without work stays; 0 means DefaultIdle. One stays
	// for ever, so that the next commit does not wait for it to start.
	Idle time.Duration
	// Unconfined renders also where the system cannot shut the jail.
	Unconfined bool
	// Plugins runs the plugins of requests that bring no Runner of their own; nil
	// runs none. It is called on the goroutine of Render.
	Plugins plugin.Runner
	// Program is what is executed; empty means this program.
	Program string
	Log     *slog.Logger
}

// Pool renders in processes of its own. It is safe for concurrent use.
type Pool struct {
	o Options
	// places are for processes, slots for those of them that compute.
	places, slots chan struct{}

	mu     sync.Mutex
	idle   []*process // the last was used last
	closed bool
	open   bool // that a process is not confined has been said
}

// New makes a Pool; processes start when they are needed.
func New(o Options) (*Pool, error) {
	if o.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "render workers")
		}
		o.Program = self
	}
	o.Size = cmp.Or(o.Size, runtime.GOMAXPROCS(0))
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Output = cmp.Or(o.Output, DefaultOutput)
	o.Idle = cmp.Or(o.Idle, DefaultIdle)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return &Pool{o: o, places: make(chan struct{}, waitFactor*o.Size), slots: make(chan struct{}, o.Size)}, nil
}

// Close ends all processes that are idle; those at work end with their rendering.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, w := range idle {
		w.end()
	}
}

// Render is render.Render in a worker. It waits until one is free. It reads the
// request's trees, and asks its Fetcher, from the goroutine that it is called on.
func (p *Pool) Render(ctx context.Context, r render.Request) (render.Result, error) {
	if r.Source == nil || r.FS == nil {
		return render.Result{}, fault.New(fault.Internal, "render: a request needs a source and a tree")
	}
	if r.Runner == nil {
		r.Runner = p.o.Plugins
	}
	for _, turn := range [...]chan struct{}{p.places, p.slots} {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return render.Result{}, fault.Wrap(fault.Unavailable, ctx.Err(), "rendering stopped")
		}
	}
	if r.Fetcher != nil {
		r.Fetcher = idling{r.Fetcher, p.slots}
	}
	for {
		w, err := p.take()
		if err != nil {
			return render.Result{}, err
		}
		out, err := w.render(ctx, p.o, r)
		if errors.Is(err, errStale) {
			continue // it was idle and has ended by itself; each try takes one away
		}
		if w.usable() && w.jobs < maxJobs {
			p.give(w)
		} else {
			w.end()
		}
		return out, err
	}
}

// take is a process that waits for a job.
func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		w.rest.Stop()
		p.mu.Unlock()
		return w, nil
	}
	p.mu.Unlock()
	w, open, err := start(p.o)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "starting a render worker")
	}
	if open == "" {
		return w, nil
	}
	if !p.o.Unconfined {
		w.end()
		return nil, fault.New(fault.Internal, "render workers cannot be confined here (%s); to render all the same, start with --unconfined-rendering", open)
	}
	p.mu.Lock()
	said := p.open
	p.open = true
	p.mu.Unlock()
	if !said {
		p.o.Log.Warn("render workers are not confined: templates run with the rights of this process", "err", open)
	}
	return w, nil
}

// give lays a process by for the next job.
func (p *Pool) give(w *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go w.end()
		return
	}
	w.rest = time.AfterFunc(p.o.Idle, func() { p.retire(w) })
	p.idle = append(p.idle, w)
}

// retire ends a process that has been idle for long, unless it is the last.
func (p *Pool) retire(w *process) {
	p.mu.Lock()
	at := -1
	for i, x := range p.idle {
		if x == w && len(p.idle) > 1 {
			at = i
		}
	}
	if at >= 0 {
		p.idle = append(p.idle[:at], p.idle[at+1:]...)
	}
	p.mu.Unlock()
	if at >= 0 {
		w.end()
	}
}

// idling lets somebody else compute while something is fetched.
type idling struct {
	from  remote.Fetcher
	slots chan struct{}
}

func (f idling) Fetch(ctx context.Context, w remote.Want) (remote.Got, error) {
	<-f.slots
	got, err := f.from.Fetch(ctx, w)
	f.slots <- struct{}{}
	return got, err
}
