package custom

import (
	"context"
	"errors"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/luavm"
)

// interruptSteps is after how many rounds of a comprehension the time is looked at.
const interruptSteps = 64

// evaluate gives nil, a string, or a map with status and message as far as there are.
func evaluate(program cel.Program, obj map[string]any) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), luavm.DefaultTime)
	defer cancel()
	out, _, err := program.ContextEval(ctx, map[string]any{"self": obj})
	switch {
	case ctx.Err() != nil:
		return nil, fault.New(fault.Failed, "the expression takes longer than %s", luavm.DefaultTime)
	case err != nil && strings.Contains(err.Error(), "cost limit exceeded"):
		return nil, fault.New(fault.Failed, "the expression takes more steps than it may")
	case err != nil:
		return nil, fault.New(fault.Failed, "%.1024s", strings.ToValidUTF8(err.Error(), ""))
	}
	return fromCEL(out)
}

func fromCEL(out ref.Val) (any, error) {
	if o, ok := out.(*types.Optional); ok {
		if !o.HasValue() {
			return nil, nil
		}
		out = o.GetValue()
	}
	switch v := out.(type) {
	case types.Null:
		return nil, nil
	case types.String:
		return string(v), nil
	case traits.Mapper:
		m := map[string]any{}
		for _, name := range [...]string{"status", "message"} {
			value, found := v.Find(types.String(name))
			if !found {
				continue
			}
			text, err := fromCEL(value)
			if err != nil {
				return nil, err
			}
			m[name] = text
		}
		if len(m) == 0 && v.Size() != types.IntZero {
			return nil, errNoStatus
		}
		return m, nil
	case types.Int, types.Uint, types.Double, types.Bool:
		return v.Value(), nil
	default:
		return nil, fault.New(fault.Invalid, "it gives a %s instead of a status and a message", out.Type().TypeName())
	}
}

var errNoStatus = errors.New("it gives no status")

// estimator says what calls cost of which CEL does not know the overload, as the types
// of an object's fields are not known: it would take them for one step each.
type estimator struct{}

// perByte is how many bytes of text are a step, as CEL counts.
const perByte = 10

// CallCost is nil where CEL knows better.
func (estimator) CallCost(function, overload string, args []ref.Val, _ ref.Val) *uint64 {
	if overload != "" && function != operators.Add {
		return nil
	}
	cost, product := uint64(1), uint64(1)
	for _, a := range args {
		n := uint64(0)
		switch a := a.(type) {
		case types.String:
			n = uint64(len(a)) / perByte
		case types.Bytes:
			n = uint64(len(a)) / perByte
		case traits.Lister:
			if function != operators.Add { // which only links lists
				n = sizeOf(a)
			}
		case traits.Mapper:
			n = sizeOf(a)
		}
		cost += n
		product *= 1 + n
	}
	switch function {
	case overloads.Matches, overloads.Contains, operators.In:
		cost = max(cost, product)
	}
	return &cost
}

func sizeOf(v traits.Sizer) uint64 {
	n, _ := v.Size().(types.Int)
	return uint64(max(n, 0))
}

// maxText bounds what one function of an expression makes, in bytes. CEL counts what
// a call has cost when it is over, and these can make anything of little.
const maxText = 1 << 20

// boundedFunctions are those of CEL's strings whose results can be longer than what
// they get, with that bound.
func boundedFunctions(env *cel.Env) ([]cel.EnvOption, error) {
	texts := cel.ListType(cel.StringType)
	format, err := formatOf(env)
	if err != nil {
		return nil, err
	}
	return []cel.EnvOption{
		cel.Function("replace",
			cel.MemberOverload("string_replace_string_string", []*cel.Type{cel.StringType, cel.StringType, cel.StringType}, cel.StringType,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val { return replace(args, -1) })),
			cel.MemberOverload("string_replace_string_string_int", []*cel.Type{cel.StringType, cel.StringType, cel.StringType, cel.IntType}, cel.StringType,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					n, _ := args[3].(types.Int)
					return replace(args, int(n))
				}))),
		cel.Function("join",
			cel.MemberOverload("list_join", []*cel.Type{texts}, cel.StringType,
				cel.UnaryBinding(func(list ref.Val) ref.Val { return join(list, types.String("")) })),
			cel.MemberOverload("list_join_string", []*cel.Type{texts, cel.StringType}, cel.StringType, cel.BinaryBinding(join))),
		cel.Function("format",
			cel.MemberOverload("string_format", []*cel.Type{cel.StringType, cel.ListType(cel.DynType)}, cel.StringType,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					room := maxText
					for _, a := range args {
						if room -= textSize(a, room); room < 0 {
							return tooLong("format")
						}
					}
					return format(args)
				}))),
	}, nil
}

// formatOf is CEL's own format, as a function.
func formatOf(env *cel.Env) (func(args []ref.Val) ref.Val, error) {
	inner, err := env.Extend(cel.Variable("text", cel.StringType), cel.Variable("args", cel.ListType(cel.DynType)))
	if err != nil {
		return nil, err
	}
	ast, issues := inner.Compile("text.format(args)")
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	program, err := inner.Program(ast)
	if err != nil {
		return nil, err
	}
	return func(args []ref.Val) ref.Val {
		out, _, err := program.Eval(map[string]any{"text": args[0], "args": args[1]})
		if err != nil {
			return types.WrapErr(err)
		}
		return out
	}, nil
}

func tooLong(function string) ref.Val {
	return types.NewErr("%s makes a text of more than %d KiB", function, maxText>>10)
}

func replace(args []ref.Val, n int) ref.Val {
	text, _ := args[0].(types.String)
	old, _ := args[1].(types.String)
	by, _ := args[2].(types.String)
	times := strings.Count(string(text), string(old))
	if n >= 0 {
		times = min(times, n)
	}
	if grown := len(by) - len(old); grown > 0 && times > (maxText-len(text))/grown {
		return tooLong("replace")
	}
	return types.String(strings.Replace(string(text), string(old), string(by), n))
}

func join(list, separator ref.Val) ref.Val {
	parts, ok := list.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(list)
	}
	sep, _ := separator.(types.String)
	var b strings.Builder
	for it, first := parts.Iterator(), true; it.HasNext() == types.True; first = false {
		part, ok := it.Next().(types.String)
		if !ok {
			return types.NewErr("join of what is no string")
		}
		if b.Len()+len(sep)+len(part) > maxText {
			return tooLong("join")
		}
		if !first {
			b.WriteString(string(sep))
		}
		b.WriteString(string(part))
	}
	return types.String(b.String())
}

// textSize is about how long the text of a value is; it stops counting above most.
func textSize(v ref.Val, most int) int {
	const small = 32
	size := small
	switch v := v.(type) {
	case types.String:
		return small + len(v)
	case types.Bytes:
		return small + 4*len(v)
	case traits.Mapper:
		for it := v.Iterator(); it.HasNext() == types.True && size <= most; {
			key := it.Next()
			size += textSize(key, most-size) + textSize(v.Get(key), most-size)
		}
	case traits.Lister:
		for it := v.Iterator(); it.HasNext() == types.True && size <= most; {
			size += textSize(it.Next(), most-size)
		}
	}
	return size
}
