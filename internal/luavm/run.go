package luavm

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"evenkeel.dev/internal/fault"
)

// run is an interpreter, and what one run of a script uses in it.
type run struct {
	*meter
	state  *lua.LState
	now    func() time.Time
	random rand.PCG

	depth int
	open  bool
	// base has the libraries; contents are what they had when they were opened.
	base     *lua.LTable
	contents []contents
}

type contents struct {
	table *lua.LTable
	has   map[lua.LValue]lua.LValue
}

// newRun makes an interpreter for any number of runs, one after the other.
func newRun(depth int, open bool) *run {
	l := lua.NewState(lua.Options{
		SkipOpenLibs: true, CallStackSize: depth, MinimizeStackMemory: true,
		RegistrySize: 256, RegistryMaxSize: 32 << 10, RegistryGrowStep: 1024,
	})
	r := &run{state: l, depth: depth, open: open}
	// Opening counts nothing that matters.
	r.begin(newMeter(context.Background(), Limits{}.orDefaults()), nil)
	r.openLibraries(open)
	r.base, _ = l.Get(lua.GlobalsIndex).(*lua.LTable)
	r.note(r.base)
	r.base.ForEach(func(_, value lua.LValue) {
		if t, ok := value.(*lua.LTable); ok && t != r.base {
			r.note(t)
		}
	})
	return r
}

func (r *run) note(t *lua.LTable) {
	c := contents{table: t, has: map[lua.LValue]lua.LValue{}}
	t.ForEach(func(key, value lua.LValue) { c.has[key] = value })
	r.contents = append(r.contents, c)
}

// unchanged says whether the libraries are what they were.
func (r *run) unchanged() bool {
	for _, c := range r.contents {
		n := 0
		for key, value := c.table.Next(lua.LNil); key != lua.LNil; key, value = c.table.Next(key) {
			if n++; c.has[key] != value {
				return false
			}
		}
		if n != len(c.has) || c.table.Metatable != lua.LNil {
			return false
		}
	}
	return true
}

func (r *run) begin(m *meter, now func() time.Time) {
	r.meter, r.now = m, now
	r.random.Seed(1, 2) // the same input gives the same output
	r.state.SetContext(m)
}

// call runs a script with global variables of its own, behind which are the libraries.
func (r *run) call(proto *lua.FunctionProto, globals map[string]any) (any, error) {
	l := r.state
	env, behind := l.CreateTable(0, len(globals)+4), l.NewTable()
	behind.RawSetString("__index", r.base)
	behind.RawSetString("__metatable", lua.LString("protected"))
	env.Metatable = behind
	env.RawSetString("_G", env)
	for name, value := range globals {
		env.RawSetString(name, toLua(l, value))
	}
	f := l.NewFunctionFromProto(proto)
	f.Env = env
	l.SetTop(0)
	l.Push(f)
	for _, hidden := range r.hidden() {
		l.Push(l.NewFunction(hidden))
	}
	failed := l.PCall(len(hiddenNames), lua.MultRet, nil)
	if r.err != nil {
		return nil, r.err // whatever the script made of it
	}
	if failed != nil {
		return nil, fault.New(fault.Invalid, "%s", message(failed))
	}
	if l.GetTop() == 0 {
		return nil, nil
	}
	result := l.Get(-1)
	l.SetTop(0)
	return fromLua(r.meter, result)
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
