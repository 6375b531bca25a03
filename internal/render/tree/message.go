package tree

import "strings"

const (
	maxMessageLines = 8
	maxMessageBytes = 2000
)

// Clip is the beginning of a tool's message, short enough for a condition of an
// Application: at most eight lines and 2,000 bytes.
func Clip(s string) string {
	s = strings.TrimSpace(s)
	clipped := false
	for i, line := 0, 0; i < len(s); i++ {
		if s[i] != '\n' {
			continue
		}
		if line++; line == maxMessageLines {
			s, clipped = s[:i], true
		}
	}
	if len(s) > maxMessageBytes {
		s, clipped = s[:maxMessageBytes], true
	}
	s = strings.ToValidUTF8(s, "")
	if clipped {
		s += " …"
	}
	return s
}
