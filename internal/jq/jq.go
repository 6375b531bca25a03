package jq

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/itchyny/gojq"

	"evenkeel.dev/internal/fault"
)

const (
	// DefaultTimeout is Argo CD's (ignore.normalizer.jq.timeout).
	DefaultTimeout = time.Second

	maxText     = 4096
	maxSteps    = 1_000_000
	maxCharge   = 8 << 20
	maxPaths    = 10_000
	maxOverruns = 3
)

// Options bound a Program. The zero value works.
type Options struct {
	// Timeout bounds one run; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Program is a compiled expression.
type Program struct {
	text     string
	timeout  time.Duration
	query    *gojq.Query
	runs     sync.Pool // of *run
	overruns atomic.Int32
}

// run is what one execution needs for itself: the code calls back into its meter.
type run struct {
	code  *gojq.Code
	meter *meter
}

// Compile reads an expression.
func Compile(text string, o Options) (*Program, error) {
	if len(text) > maxText {
		return nil, fault.New(fault.Invalid, "the jq expression has %d bytes, %d are allowed", len(text), maxText)
	}
	if strings.TrimSpace(text) == "" {
		return nil, fault.New(fault.Invalid, "the jq expression is empty")
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "jq expression %q: %s", text, err.Error())
	}
	g := &guard{}
	g.whole(query)
	query = &gojq.Query{Term: call("path", query)}
	if g.err != "" {
		return nil, fault.New(fault.Invalid, "jq expression %q: %s", text, g.err)
	}
	p := &Program{text: text, timeout: cmp.Or(o.Timeout, DefaultTimeout), query: query}
	first, err := p.compile()
	if err != nil {
		return nil, fault.New(fault.Invalid, "jq expression %q: %s", text, err.Error())
	}
	p.runs.Put(first)
	return p, nil
}

func (p *Program) compile() (*run, error) {
	r := &run{meter: &meter{}}
	code, err := gojq.Compile(p.query,
		gojq.WithFunction(passName, 0, 0, r.meter.pass),
		gojq.WithFunction(textName, 0, 0, r.meter.text),
		gojq.WithFunction(patternName, 0, 0, r.meter.pattern),
		gojq.WithFunction(multiplyName, 2, 2, multiply),
	)
	r.code = code
	return r, err
}

// String is the expression.
func (p *Program) String() string { return p.text }

// Paths are the places that the expression selects. None are given with an error.
func (p *Program) Paths(in *Input) (paths []Path, err error) {
	if p.overruns.Load() >= maxOverruns {
		return nil, p.fail("was over its limits %d times and is not run any more", maxOverruns)
	}
	r, ok := p.runs.Get().(*run)
	if !ok {
		if r, err = p.compile(); err != nil {
			return nil, p.fail("cannot be compiled")
		}
	}
	defer func() {
		if recover() != nil { // a run that panicked is not used again
			paths, err = nil, p.fail("made the interpreter panic")
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	*r.meter = meter{Context: ctx}
	paths, err = p.collect(r, in)
	*r.meter = meter{}
	p.runs.Put(r)
	return paths, err
}

func (p *Program) collect(r *run, in *Input) ([]Path, error) {
	var paths []Path
	iter := r.code.RunWithContext(r.meter, in.root)
	for {
		v, ok := iter.Next()
		if !ok {
			p.overruns.Store(0) // a machine that was busy for a while is not the expression's fault
			return paths, nil
		}
		if err, failed := v.(error); failed {
			return p.failed(paths, r.meter, err)
		}
		path, ok := pathOf(v, in.root)
		if !ok {
			continue
		}
		if paths = append(paths, path); len(paths) > maxPaths {
			return nil, p.over("selects more than %d fields", maxPaths)
		}
	}
}

// failed says why, or is no error for what only is not there.
func (p *Program) failed(paths []Path, m *meter, err error) ([]Path, error) {
	switch {
	case m.spent != "":
		return nil, p.over("%s", m.spent)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, p.over("ran for longer than %s", p.timeout)
	case err.Error() == "cannot iterate over: null":
		return paths, nil
	}
	if kinds := valueless.FindString(err.Error()); kinds != "" {
		return nil, p.fail("does not fit: %s", kinds)
	}
	return nil, p.fail("does not fit")
}

// valueless is the part of an interpreter's error that names no value.
var valueless = regexp.MustCompile(`^(?:cannot [a-z ]+|expected an? [a-z ]+|invalid path[a-z ]*)(?:: (?:null|boolean|number|string|array|object))?\b`)

func (p *Program) over(format string, args ...any) error {
	p.overruns.Add(1)
	return p.fail(format, args...)
}

func (p *Program) fail(format string, args ...any) error {
	return fault.New(fault.Invalid, "jq expression %q "+format, append([]any{p.text}, args...)...)
}
