package tree

import "strings"

const (
	maxMessageLines = 8
	maxMessageHead  = 800
	maxMessageTail  = 400
)

// Clip is a tool's message short enough for a condition of an Application: its
// first eight lines and of those, if they are long, the beginning and the end,
// which in a chain of causes is the one that matters.
func Clip(s string) string {
	s = strings.TrimSpace(s)
	for i, line := 0, 0; i < len(s); i++ {
		if s[i] != '\n' {
			continue
		}
		if line++; line == maxMessageLines {
			s = s[:i] + " …"
		}
	}
	if len(s) > maxMessageHead+maxMessageTail {
		s = s[:maxMessageHead] + " … " + s[len(s)-maxMessageTail:]
	}
	return strings.ToValidUTF8(s, "")
}
