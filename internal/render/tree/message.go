package tree

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"evenkeel.dev/internal/resource"
)

const (
	maxMessageLines = 8
	maxMessageHead  = 800
	maxMessageTail  = 400
)

// values are the parts of messages in which YAML parsers, Kustomize and Helm repeat
// a value, which may be a secret's: all but the group.
var values = regexp.MustCompile(`(?s)(unsupported map key|invalid map key)(?: of type)?: [^\n]*` +
	`|(node contents):.*` +
	`|(type mismatch on [^:\n]*): [^\n]*` +
	"|(cannot (?:unmarshal|decode) \\S+) `[^`]*`")

// Clip is a tool's message fit for a condition of an Application: without values
// and control characters, and of the rest the first eight lines and of those, if
// they are long, the beginning and the end, which in a chain of causes is the one
// that matters.
func Clip(s string) string {
	s = strings.TrimSpace(values.ReplaceAllString(s, "$1$2$3$4 …"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, s)
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

// RedactURL is a URL that a file names, without credentials and fit for an error.
// Its query stays, in which Kustomize has the ref.
func RedactURL(url string) string { return Clip(resource.WithoutCredentials(url)) }
