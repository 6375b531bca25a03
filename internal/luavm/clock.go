package luavm

import (
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// The part of os that Argo CD has (util/lua/oslib_safe.go): time and date, with the
// conversions of the interpreter. All times are in UTC, where Argo CD has the zone of
// its container, which is UTC as a rule.

func (r *run) clock(l *lua.LState) time.Time {
	if r.now == nil {
		l.RaiseError("there is no clock here")
	}
	return r.now().UTC()
}

func (r *run) osTime(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.Push(lua.LNumber(r.clock(l).Unix()))
		return 1
	}
	t := l.CheckTable(1)
	field := func(name string, otherwise int) int {
		if n, ok := t.RawGetString(name).(lua.LNumber); ok {
			return int(n)
		}
		return otherwise
	}
	at := time.Date(field("year", -1), time.Month(field("month", -1)), field("day", -1),
		field("hour", 12), field("min", 0), field("sec", 0), 0, time.UTC)
	l.Push(lua.LNumber(at.Unix()))
	return 1
}

func (r *run) osDate(l *lua.LState) int {
	format := strings.TrimPrefix(l.OptString(1, "%c"), "!")
	var t time.Time
	if l.GetTop() >= 2 {
		t = time.Unix(l.CheckInt64(2), 0).UTC()
	} else {
		t = r.clock(l)
	}
	if strings.HasPrefix(format, "*t") {
		l.Push(fields(l, t))
		return 1
	}
	r.charge(l, len(format)/8, 16*len(format)+valueBytes)
	l.Push(lua.LString(formatTime(t, format)))
	return 1
}

func fields(l *lua.LState, t time.Time) *lua.LTable {
	out := l.NewTable()
	for _, f := range [...]struct {
		name  string
		value int
	}{
		{"year", t.Year()},
		{"month", int(t.Month())},
		{"day", t.Day()},
		{"hour", t.Hour()},
		{"min", t.Minute()},
		{"sec", t.Second()},
		{"wday", int(t.Weekday()) + 1},
		{"yday", t.YearDay()},
	} {
		out.RawSetString(f.name, lua.LNumber(f.value))
	}
	out.RawSetString("isdst", lua.LFalse)
	return out
}

// formatTime knows the conversions that the interpreter knows; others stay as they are.
func formatTime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case '%':
			b.WriteByte('%')
		case 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		default:
			layout := layoutOf(c)
			if layout == "" {
				b.WriteString(format[i-1 : i+1])
				continue
			}
			b.WriteString(t.Format(layout))
		}
	}
	return b.String()
}

func layoutOf(c byte) string { //nolint:gocyclo // a table
	switch c {
	case 'a':
		return "Mon"
	case 'A':
		return "Monday"
	case 'b':
		return "Jan"
	case 'B':
		return "January"
	case 'c':
		return "02 Jan 06 15:04 MST"
	case 'd':
		return "02"
	case 'F':
		return time.DateOnly
	case 'H':
		return "15"
	case 'I':
		return "03"
	case 'm':
		return "01"
	case 'M':
		return "04"
	case 'p':
		return "PM"
	case 'P':
		return "pm"
	case 'S':
		return "05"
	case 'x':
		return "01/02/06"
	case 'X':
		return time.TimeOnly
	case 'y':
		return "06"
	case 'Y':
		return "2006"
	case 'z':
		return "-0700"
	case 'Z':
		return "MST"
	}
	return ""
}

func osDifference(l *lua.LState) int {
	l.Push(l.CheckNumber(1) - l.CheckNumber(2))
	return 1
}

// osClock is the processor time used, which nobody is told.
func osClock(l *lua.LState) int {
	l.Push(lua.LNumber(0))
	return 1
}
