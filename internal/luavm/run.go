package luavm

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// run is one run of a script.
type run struct {
	*meter
	state *lua.LState
	now   func() time.Time
}

// hidden are the functions that rewritten scripts call, in the order of hiddenNames.
func (r *run) hidden() [len(hiddenNames)]lua.LGFunction {
	return [...]lua.LGFunction{r.concat, r.set, r.table}
}

func (r *run) concat(l *lua.LState) int {
	n := l.GetTop()
	size := 0
	for i := 1; i <= n; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += valueBytes
		default:
			return r.concatMeta(l, n)
		}
	}
	r.charge(l, size/64, size+valueBytes)
	var b strings.Builder
	b.Grow(size)
	for i := 1; i <= n; i++ {
		b.WriteString(lua.LVAsString(l.Get(i)))
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// concatMeta goes from right to left, as some operand has a metamethod, or none that
// it needs.
func (r *run) concatMeta(l *lua.LState, n int) int {
	result := l.Get(n)
	for i := n - 1; i >= 1; i-- {
		left := l.Get(i)
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(result) {
			a, b := lua.LVAsString(left), lua.LVAsString(result)
			r.charge(l, (len(a)+len(b))/64, len(a)+len(b)+valueBytes)
			result = lua.LString(a + b)
			continue
		}
		method := l.GetMetaField(left, "__concat")
		if method == lua.LNil {
			method = l.GetMetaField(result, "__concat")
		}
		if method == lua.LNil {
			bad := left
			if lua.LVCanConvToString(left) {
				bad = result
			}
			l.RaiseError("attempt to concatenate a %s value", bad.Type())
		}
		l.Push(method)
		l.Push(left)
		l.Push(result)
		l.Call(2, 1)
		result = l.Get(-1)
		l.Pop(1)
	}
	l.Push(result)
	return 1
}

// set is t[k] = v.
func (r *run) set(l *lua.LState) int {
	object, key := l.Get(1), l.Get(2)
	r.index(l, object, key)
	l.SetTable(object, key, l.Get(3))
	return 0
}

// index counts what a list is filled up with when it is set at key.
func (r *run) index(l *lua.LState, object, key lua.LValue) {
	n, ok := key.(lua.LNumber)
	if !ok {
		if key == lua.LNil {
			l.RaiseError("table index is nil")
		}
		return
	}
	if n <= smallIndex || n >= lua.LNumber(lua.MaxArrayIndex) {
		return
	}
	have := 0
	if t, ok := object.(*lua.LTable); ok {
		have = t.Len()
	}
	if gap := int(n) - have; gap > 1 {
		r.charge(l, gap/64, gap*valueBytes)
	}
}

// table is a new table, and keys and values to set in it.
func (r *run) table(l *lua.LState) int {
	t := l.CheckTable(1)
	r.charge(l, 0, tableBytes+t.Len()*valueBytes)
	for i := 2; i+1 <= l.GetTop(); i += 2 {
		key := l.Get(i)
		r.index(l, t, key)
		l.RawSet(t, key, l.Get(i+1))
	}
	l.Push(t)
	return 1
}

// textOf is tostring without metamethods. Tables and functions are told without their
// addresses: a text with one would differ each time.
func textOf(v lua.LValue) string {
	switch v.(type) {
	case lua.LString, lua.LNumber, lua.LBool, *lua.LNilType:
		return v.String()
	case nil:
		return ""
	default:
		return v.Type().String()
	}
}
