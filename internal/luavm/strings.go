package luavm

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openString opens string. What has a result as long as its argument is the
// interpreter's own, counted; what can have a longer one is ours.
func (r *run) openString() {
	t := r.library(lua.OpenString, lua.StringLibName, nil)
	for _, name := range [...]string{"lower", "upper", "reverse"} {
		if own, ok := t.RawGetString(name).(*lua.LFunction); ok {
			t.RawSetString(name, r.state.NewFunction(r.counted(own.GFunction)))
		}
	}
	t.RawSetString("dump", lua.LNil)
	gmatch := r.state.NewFunction(r.gmatch)
	t.RawSetString("gfind", gmatch)
	t.RawSetString("gmatch", gmatch)
	r.put(t, map[string]lua.LGFunction{
		"byte":   r.stringByte,
		"find":   func(l *lua.LState) int { return r.find(l, true) },
		"format": r.format,
		"gsub":   r.gsub,
		"match":  func(l *lua.LState) int { return r.find(l, false) },
		"rep":    r.rep,
	})
}

func (r *run) counted(f lua.LGFunction) lua.LGFunction {
	return func(l *lua.LState) int {
		n := len(l.CheckString(1))
		r.charge(l, n/64, n+valueBytes)
		return f(l)
	}
}

func (r *run) rep(l *lua.LState) int {
	s, n := l.CheckString(1), l.CheckInt(2)
	if n <= 0 || s == "" {
		l.Push(lua.LString(""))
		return 1
	}
	if n > r.limits.Memory/len(s) {
		n = r.limits.Memory/len(s) + 1 // beyond the limit as it is
	}
	r.charge(l, n*len(s)/64, n*len(s)+valueBytes)
	l.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

func (r *run) stringByte(l *lua.LState) int {
	s := l.CheckString(1)
	from := start(l.OptInt(2, 1), len(s))
	to := l.OptInt(3, from+1)
	if to < 0 {
		to += len(s) + 1
	}
	to = min(to, len(s))
	if to-from > maxValues {
		l.RaiseError("string slice too long")
	}
	for i := from; i < to; i++ {
		l.Push(lua.LNumber(s[i]))
	}
	return max(to-from, 0)
}

// start converts a position as Lua counts it, from 1 or from behind, to an index.
func start(at, length int) int {
	if at < 0 {
		at += length + 1
	}
	return max(at, 1) - 1
}

// format formats as the interpreter does, with Go's verbs, but no number of the
// format says how long the text becomes.
func (r *run) format(l *lua.LState) int {
	format := l.CheckString(1)
	size, verbs := len(format), 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			continue
		}
		verbs++
		width, digits := i, 0
		for i < len(format) && strings.IndexByte("-+ #.0123456789", format[i]) >= 0 {
			if digits++; format[i] < '0' || format[i] > '9' {
				digits = 0
			}
			if digits > 2 {
				l.RaiseError("invalid format (width or precision too long)")
			}
			i++
		}
		if i < len(format) && strings.IndexByte("*[", format[i]) >= 0 || i-width > 8 {
			l.RaiseError("invalid format '%%%.16s'", format[width:])
		}
		size += 128
	}
	args := make([]any, 0, verbs)
	for i := 2; i <= l.GetTop() && len(args) < verbs; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			size += 4 * len(v) // %q writes a byte as \xff
			args = append(args, v)
		case lua.LNumber:
			args = append(args, v)
		default:
			args = append(args, lua.LString(textOf(v)))
		}
	}
	r.charge(l, size/64, size)
	l.Push(lua.LString(fmt.Sprintf(format, args...)))
	return 1
}

func (r *run) matcher(l *lua.LState, src, pat string) *matcher {
	return &matcher{run: r, l: l, src: src, pat: pat}
}

// find is string.find, or string.match, which gives no positions.
func (r *run) find(l *lua.LState, positions bool) int {
	src, pat := l.CheckString(1), l.CheckString(2)
	at := min(start(l.OptInt(3, 1), len(src)), len(src))
	if positions && (l.ToBool(4) || !strings.ContainsAny(pat, "^$*+?.([%-")) {
		r.charge(l, 1+len(src)/64, 0)
		i := strings.Index(src[at:], pat)
		if i < 0 {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(lua.LNumber(at + i + 1))
		l.Push(lua.LNumber(at + i + len(pat)))
		return 2
	}
	m := r.matcher(l, src, pat)
	from, to := m.search(at)
	switch {
	case from < 0:
		l.Push(lua.LNil)
		return 1
	case positions:
		l.Push(lua.LNumber(from + 1))
		l.Push(lua.LNumber(to))
		return 2 + m.push(from, to, false)
	default:
		return m.push(from, to, true)
	}
}

// search is the first match at a position or behind it; from is -1 if there is none.
func (m *matcher) search(at int) (from, to int) {
	p := 0
	if strings.HasPrefix(m.pat, "^") {
		p = 1
	}
	for s := at; s <= len(m.src); s++ {
		m.captures = m.captures[:0]
		if end := m.at(s, p); end >= 0 {
			return s, end
		}
		if p == 1 {
			break
		}
	}
	return -1, -1
}

// push pushes the captures, or the whole match if there are none and it is wanted.
func (m *matcher) push(from, to int, whole bool) int {
	if len(m.captures) == 0 && whole {
		m.l.Push(lua.LString(m.src[from:to]))
		return 1
	}
	for i := range m.captures {
		m.l.Push(m.capture(i))
	}
	return len(m.captures)
}

func (m *matcher) capture(i int) lua.LValue {
	c := m.captures[i]
	switch c.length {
	case capturePosition:
		return lua.LNumber(c.start + 1)
	case captureOpen:
		m.l.RaiseError("unfinished capture")
	}
	m.charge(m.l, 0, valueBytes)
	return lua.LString(m.src[c.start : c.start+c.length])
}

func (r *run) gmatch(l *lua.LState) int {
	src, pat := l.CheckString(1), l.CheckString(2)
	at := 0
	l.Push(l.NewFunction(func(l *lua.LState) int {
		m := r.matcher(l, src, pat)
		from, to := -1, -1
		if at <= len(src) {
			// In Lua 5.1 a ^ is no anchor here.
			for s := at; s <= len(src) && from < 0; s++ {
				m.captures = m.captures[:0]
				if end := m.at(s, 0); end >= 0 {
					from, to = s, end
				}
			}
		}
		if from < 0 {
			at = len(src) + 1
			l.Push(lua.LNil)
			return 1
		}
		at = to
		if from == to {
			at++
		}
		return m.push(from, to, true)
	}))
	return 1
}

func (r *run) gsub(l *lua.LState) int {
	src, pat := l.CheckString(1), l.CheckString(2)
	l.CheckTypes(3, lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction)
	limit := l.OptInt(4, len(src)+1)
	p := 0
	if strings.HasPrefix(pat, "^") {
		p = 1
	}
	m := r.matcher(l, src, pat)
	var b strings.Builder
	n, at := 0, 0
	for n < limit {
		m.captures = m.captures[:0]
		end := m.at(at, p)
		if end >= 0 {
			n++
			text := m.replacement(l.Get(3), at, end)
			r.charge(l, 1+len(text)/64, len(text)+valueBytes)
			b.WriteString(text)
		}
		switch {
		case end > at:
			at = end
		case at < len(src):
			r.charge(l, 0, 1)
			b.WriteByte(src[at])
			at++
		default:
			at++
		}
		if at > len(src) || p == 1 {
			break
		}
	}
	if at < len(src) {
		r.charge(l, 0, len(src)-at)
		b.WriteString(src[at:])
	}
	l.Push(lua.LString(b.String()))
	l.Push(lua.LNumber(n))
	return 2
}

// replacement is what stands for a match.
func (m *matcher) replacement(by lua.LValue, from, to int) string {
	var value lua.LValue
	switch by := by.(type) {
	case *lua.LTable:
		m.push(from, to, true)
		n := max(len(m.captures), 1)
		key := m.l.Get(-n)
		m.l.Pop(n)
		value = m.l.GetTable(by, key)
	case *lua.LFunction:
		m.l.Push(by)
		n := m.push(from, to, true)
		m.l.Call(n, 1)
		value = m.l.Get(-1)
		m.l.Pop(1)
	default:
		return m.template(lua.LVAsString(by), from, to)
	}
	if !lua.LVAsBool(value) {
		return m.src[from:to]
	}
	if !lua.LVCanConvToString(value) {
		m.l.RaiseError("invalid replacement value (a %s)", value.Type())
	}
	return lua.LVAsString(value)
}

// template fills %0 to %9 in.
func (m *matcher) template(t string, from, to int) string {
	if strings.IndexByte(t, '%') < 0 {
		return t
	}
	var b strings.Builder
	for i := 0; i < len(t); i++ {
		if t[i] != '%' {
			b.WriteByte(t[i])
			continue
		}
		i++
		part := ""
		switch {
		case i >= len(t):
			m.l.RaiseError("invalid use of '%s' in replacement string", "%")
		case t[i] < '0' || t[i] > '9':
			part = t[i : i+1]
		case t[i] == '0' || t[i] == '1' && len(m.captures) == 0:
			part = m.src[from:to]
		case int(t[i]-'1') >= len(m.captures):
			m.l.RaiseError("invalid capture index")
		default:
			part = lua.LVAsString(m.capture(int(t[i] - '1')))
		}
		m.charge(m.l, 1+len(part)/64, len(part))
		b.WriteString(part)
	}
	return b.String()
}
