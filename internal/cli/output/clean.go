package output

import (
	"fmt"
	"strings"
	"unicode"
)

// Clean is s as one line that is safe to print: escape sequences are dropped
// whole, line breaks and tabs become spaces, and what else controls a terminal
// or turns the direction of the text is dropped. Bytes that are not UTF-8
// become U+FFFD.
func Clean(s string) string { return clean(s, false) }

// CleanLines is Clean that keeps line breaks and tabs.
func CleanLines(s string) string { return clean(s, true) }

// visible is one line of s with control characters written out, tabs excepted.
func visible(s string) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r != '\t' && (unicode.IsControl(r) || turnsText(r)) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func clean(s string, lines bool) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	runes := []rune(strings.ReplaceAll(s, "\r\n", "\n"))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == 0x1b || isC1Introducer(r):
			i = endOfEscape(runes, i)
		case r == '\n' || r == '\t':
			if lines {
				b.WriteRune(r)
				continue
			}
			b.WriteByte(' ')
		case unicode.IsControl(r) || turnsText(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func harmless(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// isC1Introducer says whether r is the one-character form of ESC [, ESC ], ESC P,
// ESC X, ESC ^ or ESC _.
func isC1Introducer(r rune) bool {
	return r == 0x9b || r == 0x9d || r == 0x90 || r == 0x98 || r == 0x9e || r == 0x9f
}

// endOfEscape is the index of the last character of the escape sequence that
// starts at i (ECMA-48 5.4 and 5.6).
func endOfEscape(runes []rune, i int) int {
	kind := runes[i]
	if kind == 0x1b {
		i++
		if i >= len(runes) {
			return i
		}
		kind = runes[i]
	}
	switch kind {
	case '[', 0x9b:
		return endOfControl(runes, i)
	case ']', 'P', 'X', '^', '_', 0x9d, 0x90, 0x98, 0x9e, 0x9f:
		return endOfString(runes, i)
	}
	for i < len(runes) && runes[i] >= 0x20 && runes[i] <= 0x2f {
		i++
	}
	if i < len(runes) && unicode.IsControl(runes[i]) {
		return i - 1
	}
	return i
}

func endOfControl(runes []rune, i int) int {
	for j := i + 1; j < len(runes); j++ {
		switch r := runes[j]; {
		case r >= 0x40 && r <= 0x7e:
			return j
		case r < 0x20 || r > 0x3f:
			return j - 1
		}
	}
	return len(runes)
}

// endOfString ends at BEL, ST or ESC \. A string that never ends ends at its
// line's end, so that it cannot hide what follows.
func endOfString(runes []rune, i int) int {
	for j := i + 1; j < len(runes); j++ {
		switch runes[j] {
		case 0x07, 0x9c:
			return j
		case 0x1b:
			if j+1 < len(runes) && runes[j+1] == '\\' {
				return j + 1
			}
			return j - 1
		case '\n':
			return j - 1
		}
	}
	return len(runes)
}

// turnsText says whether r is one of the marks that reorder text and can make a
// line read as something else (Unicode UAX #9).
func turnsText(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}
