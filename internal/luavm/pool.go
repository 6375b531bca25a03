package luavm

import "sync"

// Pool keeps interpreters for later runs: making one takes longer than most scripts.
// What a script has done to one never shows to another: its global variables are its
// own, and an interpreter whose libraries it has changed, or that it has left with an
// error, is not used again. The zero Pool is ready; it is safe for concurrent use.
type Pool struct {
	open, closed sync.Pool
}

func (p *Pool) take(depth int, open bool) *run {
	if p != nil {
		if r, ok := p.of(open).Get().(*run); ok && r.depth == depth {
			return r
		}
	}
	return newRun(depth, open)
}

func (p *Pool) give(r *run, clean bool) {
	if p == nil || !clean || !r.unchanged() {
		r.state.Close()
		return
	}
	r.meter, r.now = nil, nil
	p.of(r.open).Put(r)
}

func (p *Pool) of(open bool) *sync.Pool {
	if open {
		return &p.open
	}
	return &p.closed
}
