package luavm

import (
	"encoding/json"
	"maps"
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"evenkeel.dev/internal/fault"
)

// toLua converts a JSON value. Maps are filled in the order of their keys, so that
// pairs has one order.
func toLua(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case int:
		return lua.LNumber(v)
	case int32:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case json.Number:
		return lua.LString(v)
	case []any:
		t := l.CreateTable(len(v), 0)
		for _, x := range v {
			t.Append(toLua(l, x))
		}
		return t
	case map[string]any:
		t := l.CreateTable(0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			t.RawSetString(key, toLua(l, v[key]))
		}
		return t
	default:
		return lua.LNil
	}
}

// fromLua converts what a script returns, with the rules of the library that Argo CD
// uses for it (layeh.com/gopher-json), but a table that is used twice is no error.
func fromLua(m *meter, value lua.LValue) (any, error) {
	return (&encoder{meter: m}).value(value, 0)
}

type encoder struct {
	meter *meter
}

func (e *encoder) value(value lua.LValue, depth int) (any, error) {
	e.meter.use(1, valueBytes)
	if e.meter.err != nil {
		return nil, e.meter.err
	}
	switch v := value.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LString:
		e.meter.use(0, len(v))
		return string(v), nil
	case lua.LNumber:
		return number(float64(v))
	case *lua.LTable:
		if depth >= e.meter.limits.Depth {
			return nil, fault.New(fault.Invalid, "the script returns tables that nest deeper than %d", e.meter.limits.Depth)
		}
		return e.table(v, depth+1)
	default:
		return nil, fault.New(fault.Invalid, "the script returns a %s, which is nothing in JSON", value.Type())
	}
}

func number(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fault.New(fault.Invalid, "the script returns the number %v, which is nothing in JSON", f)
	}
	// Kubernetes tells integers from others.
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return int64(f), nil
	}
	return f, nil
}

// table decides by its first key what a table is.
func (e *encoder) table(t *lua.LTable, depth int) (any, error) {
	key, value := t.Next(lua.LNil)
	switch key.(type) {
	case *lua.LNilType:
		return []any{}, nil
	case lua.LNumber:
		return e.list(t, key, value, depth)
	case lua.LString:
		return e.object(t, key, value, depth)
	default:
		return nil, fault.New(fault.Invalid, "the script returns a table with a %s as key, which is nothing in JSON", key.Type())
	}
}

func (e *encoder) list(t *lua.LTable, key, value lua.LValue, depth int) (any, error) {
	out := []any{}
	for ; key != lua.LNil; key, value = t.Next(key) {
		if key != lua.LNumber(len(out)+1) {
			return nil, fault.New(fault.Invalid, "the script returns a table that is neither a list nor a map: after %d there is the key %.64q", len(out), textOf(key))
		}
		x, err := e.value(value, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (e *encoder) object(t *lua.LTable, key, value lua.LValue, depth int) (any, error) {
	out := map[string]any{}
	for ; key != lua.LNil; key, value = t.Next(key) {
		name, ok := key.(lua.LString)
		if !ok {
			return nil, fault.New(fault.Invalid, "the script returns a table that is neither a list nor a map: it has the key %.64q", textOf(key))
		}
		x, err := e.value(value, depth)
		if err != nil {
			return nil, err
		}
		e.meter.use(0, tableBytes/8+len(name))
		out[string(name)] = x
	}
	return out, nil
}
