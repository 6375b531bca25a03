package luavm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Lua's patterns (reference manual, §5.4.1). The interpreter's own matcher cannot be
// stopped while it tries one way after the other; this one counts each step.

const (
	maxCaptures = 32
	// maxPatternDepth bounds what recurses within a match.
	maxPatternDepth = 200
)

// The lengths of captures that have no end yet, and of those that are a position.
const (
	captureOpen     = -1
	capturePosition = -2
)

type capture struct{ start, length int }

type matcher struct {
	*run
	l        *lua.LState
	src, pat string
	depth    int
	captures []capture
}

// at tries the pattern, from p on, at position s. It gives the end of the match or -1.
func (m *matcher) at(s, p int) int { //nolint:gocyclo // the cases of a pattern
	if m.depth++; m.depth > maxPatternDepth {
		m.l.RaiseError("pattern too complex")
	}
	defer func() { m.depth-- }()
	for {
		m.charge(m.l, 1, 0)
		if p == len(m.pat) {
			return s
		}
		switch m.pat[p] {
		case '(':
			return m.open(s, p)
		case ')':
			return m.close(s, p+1)
		case '$':
			if p+1 == len(m.pat) {
				return m.atEnd(s)
			}
		case '%':
			if next, after, handled := m.escape(s, p); handled && next < 0 {
				return -1
			} else if handled {
				s, p = next, after
				continue
			}
		}
		end := m.classEnd(p)
		op := byte(0)
		if end < len(m.pat) {
			op = m.pat[end]
		}
		switch op {
		case '?':
			if m.single(s, p, end) {
				if r := m.at(s+1, end+1); r >= 0 {
					return r
				}
			}
			p = end + 1
		case '+':
			if !m.single(s, p, end) {
				return -1
			}
			return m.longest(s+1, p, end)
		case '*':
			return m.longest(s, p, end)
		case '-':
			return m.shortest(s, p, end)
		default:
			if !m.single(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
}

func (m *matcher) open(s, p int) int {
	length := captureOpen
	p++
	if p < len(m.pat) && m.pat[p] == ')' {
		length, p = capturePosition, p+1
	}
	if len(m.captures) >= maxCaptures {
		m.l.RaiseError("too many captures")
	}
	m.captures = append(m.captures, capture{s, length})
	n := len(m.captures)
	r := m.at(s, p)
	if r < 0 {
		m.captures = m.captures[:n-1]
	}
	return r
}

func (m *matcher) close(s, p int) int {
	i := len(m.captures) - 1
	for i >= 0 && m.captures[i].length != captureOpen {
		i--
	}
	if i < 0 {
		m.l.RaiseError("invalid pattern capture")
	}
	m.captures[i].length = s - m.captures[i].start
	r := m.at(s, p)
	if r < 0 {
		m.captures[i].length = captureOpen
	}
	return r
}

// escape handles %b, %f and %1: the position after them in the text, or -1, and in
// the pattern.
func (m *matcher) escape(s, p int) (next, after int, handled bool) {
	if p+1 == len(m.pat) {
		return 0, 0, false
	}
	switch c := m.pat[p+1]; {
	case c == 'b':
		return m.balance(s, p+2), p + 4, true
	case c == 'f':
		p += 2
		if p >= len(m.pat) || m.pat[p] != '[' {
			m.l.RaiseError("missing '[' after '%s' in pattern", "%f")
		}
		end := m.classEnd(p)
		before, here := byte(0), byte(0)
		if s > 0 {
			before = m.src[s-1]
		}
		if s < len(m.src) {
			here = m.src[s]
		}
		if m.set(before, p, end-1) || !m.set(here, p, end-1) {
			return -1, 0, true
		}
		return s, end, true
	case c >= '0' && c <= '9':
		i := int(c) - '1'
		if i < 0 || i >= len(m.captures) || m.captures[i].length == captureOpen {
			m.l.RaiseError("invalid capture index")
		}
		text := ""
		if x := m.captures[i]; x.length > 0 {
			text = m.src[x.start : x.start+x.length]
		}
		m.charge(m.l, len(text)/64, 0)
		if !strings.HasPrefix(m.src[s:], text) {
			return -1, 0, true
		}
		return s + len(text), p + 2, true
	}
	return 0, 0, false
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.l.RaiseError("unbalanced pattern")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	opens, closes, level := m.pat[p], m.pat[p+1], 1
	for i := s + 1; i < len(m.src); i++ {
		m.charge(m.l, 1, 0)
		switch m.src[i] {
		case closes:
			if level--; level == 0 {
				return i + 1
			}
		case opens:
			level++
		}
	}
	return -1
}

func (m *matcher) longest(s, p, end int) int {
	i := 0
	for m.single(s+i, p, end) {
		m.charge(m.l, 1, 0)
		i++
	}
	for ; i >= 0; i-- {
		if r := m.at(s+i, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

func (m *matcher) shortest(s, p, end int) int {
	for {
		if r := m.at(s, end+1); r >= 0 {
			return r
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
}

// classEnd is where the single class that begins at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			m.l.RaiseError("malformed pattern (ends with '%s')", "%")
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		for first := true; first || p >= len(m.pat) || m.pat[p] != ']'; first = false {
			if p >= len(m.pat) {
				m.l.RaiseError("malformed pattern (missing ']')")
			}
			if m.pat[p] == '%' {
				p++
			}
			p++
		}
		return p + 1
	}
	return p
}

// single says whether the byte at s is of the class in pat[p:end].
func (m *matcher) single(s, p, end int) bool {
	if s >= len(m.src) {
		return false
	}
	c := m.src[s]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.set(c, p, end-1)
	default:
		return c == m.pat[p]
	}
}

// set says whether c is in the set that begins with the bracket at p and ends with
// the one at end.
func (m *matcher) set(c byte, p, end int) bool {
	m.charge(m.l, 1+(end-p)/8, 0)
	in := true
	p++
	if m.pat[p] == '^' {
		in = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.pat[p]) {
				return in
			}
		case p+2 < end && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return in
			}
			p += 2
		case m.pat[p] == c:
			return in
		}
	}
	return !in
}

// atEnd is the end of a match at s if it can end there alone, or -1.
func (m *matcher) atEnd(s int) int {
	if s == len(m.src) {
		return s
	}
	return -1
}

func inClass(c, class byte) bool { //nolint:gocyclo // a table
	in := false
	switch lower(class) {
	case 'a':
		in = isAlpha(c)
	case 'c':
		in = c < ' ' || c == 127
	case 'd':
		in = '0' <= c && c <= '9'
	case 'l':
		in = 'a' <= c && c <= 'z'
	case 'p':
		in = '!' <= c && c <= '~' && !isAlpha(c) && (c < '0' || c > '9')
	case 's':
		in = c == ' ' || '\t' <= c && c <= '\r'
	case 'u':
		in = 'A' <= c && c <= 'Z'
	case 'w':
		in = isAlpha(c) || '0' <= c && c <= '9'
	case 'x':
		in = '0' <= c && c <= '9' || 'a' <= lower(c) && lower(c) <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	return in != ('A' <= class && class <= 'Z')
}

func isAlpha(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
