package jq

import (
	"context"
	"errors"
	"math"
	"math/big"

	"github.com/itchyny/gojq"

	"evenkeel.dev/internal/fault"
)

const (
	// maxLength bounds one list, one object and what is looped over, of which the
	// interpreter makes a copy.
	maxLength = 20_000
	maxDepth  = 100
	// maxMatched and maxPattern bound what one regular expression costs: about one
	// times the other.
	maxMatched = 8192
	maxPattern = 256
)

// meter is the context of a run. The interpreter asks whether it is done before each
// instruction, which is where instructions are counted; the functions that guard put
// around whatever looks at a value as a whole report its size here.
type meter struct {
	context.Context
	steps, charged int
	// spent is which bound was passed.
	spent string
}

var errSpent = errors.New("over the limits")

// closed is a channel that is done.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done implements context.Context.
func (m *meter) Done() <-chan struct{} {
	if m.steps++; m.steps > maxSteps && m.spent == "" {
		m.spent = "takes more steps than are allowed"
	}
	if m.spent != "" {
		return closed
	}
	return m.Context.Done()
}

// Err implements context.Context.
func (m *meter) Err() error {
	if m.spent != "" {
		return errSpent
	}
	return m.Context.Err()
}

// pass is the function that gives back its input and charges for its size.
func (m *meter) pass(v any, _ []any) any {
	if !m.charge(v, 0) {
		if m.spent == "" {
			m.spent = "builds more than is allowed"
		}
		return errSpent
	}
	return v
}

// charge counts a value as often as it is met, for so does whatever is done with it.
func (m *meter) charge(v any, depth int) bool {
	m.charged += 16
	switch v := v.(type) {
	case string:
		m.charged += len(v)
	case *big.Int:
		m.charged += v.BitLen()
	case []any:
		if len(v) > maxLength || depth > maxDepth {
			return false
		}
		for _, e := range v {
			if !m.charge(e, depth+1) {
				return false
			}
		}
	case map[string]any:
		if len(v) > maxLength || depth > maxDepth {
			return false
		}
		for k, e := range v {
			m.charged += len(k)
			if !m.charge(e, depth+1) {
				return false
			}
		}
	}
	return m.charged <= maxCharge
}

// text is pass for what a regular expression is matched with.
func (m *meter) text(v any, _ []any) any { return m.limited(v, maxMatched) }

// pattern is pass for a regular expression itself.
func (m *meter) pattern(v any, _ []any) any { return m.limited(v, maxPattern) }

func (m *meter) limited(v any, most int) any {
	if s, ok := v.(string); ok && len(s) > most {
		m.spent = "matches a text or with a pattern that is longer than is allowed"
		return errSpent
	}
	return m.pass(v, nil)
}

// multiply is * for numbers. Of texts and objects it would make larger ones, and of
// numbers ever longer ones.
func multiply(_ any, args []any) any {
	x, okX := toFloat(args[0])
	y, okY := toFloat(args[1])
	if !okX || !okY {
		return errors.New("cannot multiply what is no number")
	}
	if f := x * y; math.Abs(f) > 1<<53 || f != math.Trunc(f) {
		return f
	}
	return int(x * y)
}

func toFloat(v any) (float64, bool) { return gojq.ToFloat64(v) }

// Input is an object as programs read it.
type Input struct{ root any }

const maxNodes = 500_000

// NewInput reads an object, which is not changed. It can be given to any number of
// programs, one after the other.
func NewInput(obj map[string]any) (*Input, error) {
	nodes := 0
	root, ok := input(obj, 0, &nodes)
	if !ok {
		return nil, fault.New(fault.Invalid, "the object is too large for jq expressions: a list or map of more than %d, more than %d levels, or more than %d values", maxLength, maxDepth, maxNodes)
	}
	return &Input{root: root}, nil
}

func input(v any, depth int, nodes *int) (any, bool) {
	if *nodes++; *nodes > maxNodes || depth > maxDepth {
		return nil, false
	}
	switch v := v.(type) {
	case int64:
		return int(v), true
	case map[string]any:
		if len(v) > maxLength {
			return nil, false
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			x, ok := input(e, depth+1, nodes)
			if !ok {
				return nil, false
			}
			out[k] = x
		}
		return out, true
	case []any:
		if len(v) > maxLength {
			return nil, false
		}
		out := make([]any, len(v))
		for i, e := range v {
			x, ok := input(e, depth+1, nodes)
			if !ok {
				return nil, false
			}
			out[i] = x
		}
		return out, true
	case nil, bool, string, int, float64:
		return v, true
	}
	return nil, false
}
