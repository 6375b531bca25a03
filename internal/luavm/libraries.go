package luavm

import (
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// openLibraries gives scripts their libraries.
func (r *run) openLibraries(all bool) {
	l := r.state
	lua.OpenBase(l)
	l.SetTop(0) // of what it gives back
	globals, _ := l.Get(lua.GlobalsIndex).(*lua.LTable)
	for _, name := range [...]string{
		"_printregs", "_GOPHER_LUA_VERSION", "dofile", "getfenv", "load", "loadfile", "loadstring", "module", "newproxy", "setfenv",
	} {
		globals.RawSetString(name, lua.LNil)
	}
	nothing := func(*lua.LState) int { return 0 }
	r.put(globals, map[string]lua.LGFunction{
		"collectgarbage": func(l *lua.LState) int { l.Push(lua.LNumber(0)); return 1 },
		"print":          nothing,
		"rawset":         r.rawset,
		"require":        r.require,
		"setmetatable":   setMetatable,
		"tostring":       r.tostring,
		"unpack":         r.unpack,
	})
	r.library(lua.OpenTable, lua.TabLibName, map[string]lua.LGFunction{
		"concat": r.tableConcat, "insert": r.tableInsert, "remove": r.tableRemove, "sort": r.tableSort,
	})
	os := l.NewTable()
	r.put(os, map[string]lua.LGFunction{"time": r.osTime, "date": r.osDate, "difftime": osDifference, "clock": osClock})
	l.SetGlobal(lua.OsLibName, os)
	if !all {
		return
	}
	random := rand.New(&r.random) //nolint:gosec // the same input gives the same output
	r.library(lua.OpenMath, lua.MathLibName, map[string]lua.LGFunction{
		"random":     func(l *lua.LState) int { return randomNumber(l, random) },
		"randomseed": nothing,
	})
	r.openString()
}

// setMetatable sets that of a table. The interpreter's own also takes a string or a
// number, and sets that of all strings, whoever runs next.
func setMetatable(l *lua.LState) int {
	t := l.CheckTable(1)
	l.CheckTypes(2, lua.LTNil, lua.LTTable)
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		l.RaiseError("cannot change a protected metatable")
	}
	l.SetMetatable(t, l.Get(2))
	l.SetTop(1)
	return 1
}

func (r *run) put(t *lua.LTable, functions map[string]lua.LGFunction) {
	for name, f := range functions {
		t.RawSetString(name, r.state.NewFunction(f))
	}
}

// library opens one of the interpreter's own libraries with functions in place of
// those that have no bound.
func (r *run) library(open lua.LGFunction, name string, own map[string]lua.LGFunction) *lua.LTable {
	r.state.Push(r.state.NewFunction(open))
	r.state.Push(lua.LString(name))
	r.state.Call(1, 1)
	t := r.state.CheckTable(-1)
	r.state.Pop(1)
	r.put(t, own)
	return t
}

// require gives a library that is open. Scripts for Argo CD say local os = require("os").
func (r *run) require(l *lua.LState) int {
	name := l.CheckString(1)
	switch name {
	case lua.OsLibName, lua.TabLibName, lua.StringLibName, lua.MathLibName:
		if t, ok := l.GetGlobal(name).(*lua.LTable); ok {
			l.Push(t)
			return 1
		}
	}
	l.RaiseError("module %.64s not found: a script has no modules but the libraries that are open", name)
	return 0
}

func (r *run) tostring(l *lua.LState) int {
	v := l.CheckAny(1)
	if method := l.GetMetaField(v, "__tostring"); method != lua.LNil {
		l.Push(method)
		l.Push(v)
		l.Call(1, 1)
		return 1
	}
	l.Push(lua.LString(textOf(v)))
	return 1
}

func (r *run) rawset(l *lua.LState) int {
	t := l.CheckTable(1)
	r.index(l, t, l.CheckAny(2))
	l.RawSet(t, l.Get(2), l.CheckAny(3))
	l.SetTop(1)
	return 1
}

func (r *run) unpack(l *lua.LState) int {
	t := l.CheckTable(1)
	from, to := l.OptInt(2, 1), l.OptInt(3, t.Len())
	if from > to {
		return 0
	}
	n := to - from + 1
	if n <= 0 || n > maxValues {
		l.RaiseError("too many results to unpack")
	}
	r.charge(l, n, n*valueBytes)
	for i := from; i <= to; i++ {
		l.Push(t.RawGetInt(i))
	}
	return n
}

// maxValues bounds what one function gives back; it is less than the registers that
// there may be.
const maxValues = 8000

func randomNumber(l *lua.LState, random *rand.Rand) int {
	low, high := 1, 0
	switch l.GetTop() {
	case 0:
		l.Push(lua.LNumber(random.Float64()))
		return 1
	case 1:
		high = l.CheckInt(1)
	default:
		low, high = l.CheckInt(1), l.CheckInt(2)
	}
	if low > high || high-low < 0 {
		l.RaiseError("bad argument to random: interval is empty")
	}
	l.Push(lua.LNumber(low + int(random.Uint64N(uint64(high-low)+1)))) //nolint:gosec // not negative
	return 1
}
