package custom

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/luavm"
)

// DefaultCost is what an expression may take: some 200 ms, where a rule takes some dozens.
const DefaultCost = 500_000

// maxExpression bounds the text of an expression, in characters.
const maxExpression = 64 << 10

// compiler compiles rules; what they share is made when it is first needed.
type compiler struct {
	options Options
	pool    *luavm.Pool
	env     *cel.Env
}

func (c *compiler) rule(s Spec) *Rule {
	r := &Rule{spec: s, o: c.options}
	if s.Lua != "" {
		if c.pool == nil {
			c.pool = &luavm.Pool{}
		}
		r.pool = c.pool
		r.script, r.broken = luavm.Compile(s.Lua)
		return r
	}
	r.cel, r.broken = c.expression(s.CEL)
	return r
}

func (c *compiler) expression(text string) (program cel.Program, err error) {
	defer func() {
		// The parser is generated, and none of ours.
		if p := recover(); p != nil {
			program, err = nil, fault.New(fault.Internal, "the expression cannot be compiled: %v", p)
		}
	}()
	if c.env == nil {
		if c.env, err = newEnv(); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "preparing CEL")
		}
	}
	ast, issues := c.env.Compile(text)
	if err := issuesOf(issues); err != nil {
		return nil, err
	}
	program, err = c.env.Program(
		ast,
		cel.EvalOptions(cel.OptOptimize),
		cel.CostTracking(estimator{}),
		cel.CostLimit(cmp.Or(c.options.Cost, DefaultCost)),
		cel.InterruptCheckFrequency(interruptSteps),
	)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the expression cannot be compiled: %s", err.Error())
	}
	return program, nil
}

// newEnv is what expressions are written in: CEL with optional values, strings and
// sets. CEL has no function that looks at a clock.
func newEnv() (*cel.Env, error) {
	base, err := cel.NewEnv(
		cel.Variable("self", cel.DynType),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxExpression),
		ext.Strings(ext.StringsVersion(5)),
		ext.Sets(),
	)
	if err != nil {
		return nil, err
	}
	functions, err := boundedFunctions(base)
	if err != nil {
		return nil, err
	}
	return base.Extend(functions...)
}

// issuesOf tells the first of the compiler's findings, with its place.
func issuesOf(issues *cel.Issues) error {
	if issues == nil || len(issues.Errors()) == 0 {
		return nil
	}
	all := issues.Errors()
	first := all[0]
	text := fmt.Sprintf("line %d, column %d: %s", first.Location.Line(), first.Location.Column()+1, strings.TrimSpace(first.Message))
	if n := len(all) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return fault.New(fault.Invalid, "the expression cannot be compiled: %s", text)
}
