package luavm

import (
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (r *run) tableConcat(l *lua.LState) int {
	t := l.CheckTable(1)
	sep := l.OptString(2, "")
	from, to := max(l.OptInt(3, 1), 1), min(l.OptInt(4, t.Len()), t.Len())
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := t.RawGetInt(i)
		if !lua.LVCanConvToString(v) {
			l.RaiseError("invalid value (%s) at index %d in table for concat", v.Type(), i)
		}
		text := lua.LVAsString(v)
		if i != to {
			text += sep
		}
		r.charge(l, 1+len(text)/64, len(text))
		b.WriteString(text)
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// tableInsert counts what it moves.
func (r *run) tableInsert(l *lua.LState) int {
	t := l.CheckTable(1)
	switch l.GetTop() {
	case 1:
		l.RaiseError("wrong number of arguments")
	case 2:
		r.charge(l, 0, valueBytes)
		t.Append(l.Get(2))
	default:
		at := l.CheckInt(2)
		if at > t.Len()+1 {
			r.index(l, t, lua.LNumber(at))
		} else {
			r.charge(l, max(t.Len()-at, 0)/64, valueBytes)
		}
		t.Insert(at, l.CheckAny(3))
	}
	return 0
}

func (r *run) tableRemove(l *lua.LState) int {
	t := l.CheckTable(1)
	at := l.OptInt(2, -1)
	if at > 0 {
		r.charge(l, max(t.Len()-at, 0)/64, 0)
	}
	l.Push(t.Remove(at))
	return 1
}

// tableSort sorts the list of a table. It counts each comparison.
func (r *run) tableSort(l *lua.LState) int {
	t := l.CheckTable(1)
	s := &sorter{run: r, l: l, t: t, n: t.Len()}
	if l.GetTop() > 1 && l.Get(2) != lua.LNil {
		s.less = l.CheckFunction(2)
	}
	sort.Sort(s)
	return 0
}

type sorter struct {
	*run
	l    *lua.LState
	t    *lua.LTable
	n    int
	less *lua.LFunction
}

func (s *sorter) Len() int { return s.n }

func (s *sorter) Swap(i, j int) {
	a, b := s.t.RawGetInt(i+1), s.t.RawGetInt(j+1)
	s.t.RawSetInt(i+1, b)
	s.t.RawSetInt(j+1, a)
}

func (s *sorter) Less(i, j int) bool {
	s.charge(s.l, 1, 0)
	a, b := s.t.RawGetInt(i+1), s.t.RawGetInt(j+1)
	if s.less == nil {
		return s.l.LessThan(a, b)
	}
	s.l.Push(s.less)
	s.l.Push(a)
	s.l.Push(b)
	s.l.Call(2, 1)
	result := lua.LVAsBool(s.l.Get(-1))
	s.l.Pop(1)
	return result
}
