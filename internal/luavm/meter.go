package luavm

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"evenkeel.dev/internal/fault"
)

// Limits bound one run. What is zero has the default.
type Limits struct {
	// Steps are instructions, and what library functions do beyond one: a step of a
	// pattern, an element moved.
	Steps int
	// Memory is in bytes, counted as they are allocated: what a script drops and makes
	// again counts again.
	Memory int
	// Depth is how deep calls and results may nest.
	Depth int
	// Time is the wall time, for what the others let through. It is Argo CD's.
	Time time.Duration
}

// The defaults. A rule for health takes some hundred steps, for an object with a
// thousand conditions some ten thousand.
const (
	DefaultSteps  = 1_000_000
	DefaultMemory = 64 << 20
	DefaultDepth  = 200
	DefaultTime   = time.Second
)

// What allocations count for, in bytes. An instruction may grow a table by a slot or
// make a number, a new table with its maps takes several hundred.
const (
	stepBytes  = 48
	tableBytes = 512
	valueBytes = 16
)

// clockSteps is after how many steps the clock is looked at.
const clockSteps = 64

func (l Limits) orDefaults() Limits {
	set := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	set(&l.Steps, DefaultSteps)
	set(&l.Memory, DefaultMemory)
	set(&l.Depth, DefaultDepth)
	if l.Time <= 0 {
		l.Time = DefaultTime
	}
	return l
}

// meter counts what one run uses up. The interpreter asks its context before each
// instruction whether it is done, and so it is that context.
type meter struct {
	context.Context //nolint:containedctx // it is one, for the interpreter

	limits Limits
	steps  int
	memory int
	until  time.Time
	err    error
	done   chan struct{} // closed when err is set
}

func newMeter(ctx context.Context, l Limits) *meter {
	return &meter{Context: ctx, limits: l, steps: l.Steps, memory: l.Memory, until: time.Now().Add(l.Time), done: make(chan struct{})}
}

// Done is called before each instruction.
func (m *meter) Done() <-chan struct{} {
	m.use(1, stepBytes)
	if m.err == nil {
		return nil // which is never ready
	}
	return m.done
}

// Err is why the run has to end.
func (m *meter) Err() error { return m.err }

func (m *meter) use(steps, bytes int) {
	before := m.steps / clockSteps
	m.steps -= steps
	m.memory -= bytes
	if m.err == nil && (m.steps < 0 || m.memory < 0 || m.steps/clockSteps != before) {
		m.check()
	}
}

func (m *meter) check() {
	switch {
	case m.memory < 0:
		m.fail(fault.New(fault.Failed, "the script needs more than %d KiB of memory", m.limits.Memory>>10))
	case m.steps < 0:
		m.fail(fault.New(fault.Failed, "the script takes more than %d steps", m.limits.Steps))
	case m.Context.Err() != nil:
		m.fail(m.Context.Err())
	case time.Now().After(m.until):
		m.fail(fault.New(fault.Failed, "the script takes longer than %s", m.limits.Time))
	}
}

func (m *meter) fail(err error) {
	m.err = err
	close(m.done)
}

// charge is use for library functions: it ends the run at once when it has to.
func (m *meter) charge(l *lua.LState, steps, bytes int) {
	if m.use(steps, bytes); m.err != nil {
		l.RaiseError("%s", m.err.Error())
	}
}
