package tree

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

const (
	maxMessageLines = 8
	maxMessageHead  = 800
	maxMessageTail  = 400
	// MaxWhole bounds what Clean leaves, in bytes: more than any tool has to say that
	// repeats nothing.
	MaxWhole = 64 << 10
)

// values are the parts of messages in which YAML parsers, Kustomize and Helm repeat
// a value, which may be a secret's: all but the group.
var values = regexp.MustCompile(`(?s)(unsupported map key|invalid map key)(?: of type)?: [^\n]*` +
	`|(node contents):.*` +
	`|(type mismatch on [^:\n]*): [^\n]*` +
	"|(cannot (?:unmarshal|decode) \\S+) `[^`]*`")

// noise are the layers of Go's libraries that a message has come through, which say
// nothing to whoever has written a file.
var noise = regexp.MustCompile(`(?:cannot unmarshal yaml document: )?(?:error converting YAML to JSON: |error unmarshaling JSON: while decoding JSON: )+(?:yaml: )?` +
	`|(^|\s)yaml: (?:unmarshal errors:\s+)?(line \d+: )`)

// wrongType is what encoding/json says of a value that does not fit.
var wrongType = regexp.MustCompile(`json: cannot unmarshal (\w+) into Go struct field [^\s.]*\.(\S+) of type (\S+)`)

// Clean is a tool's message without noise, values and control characters, and whole unless it
// is longer than MaxWhole: then it is its beginning and its end.
func Clean(s string) string {
	s = strings.TrimSpace(values.ReplaceAllString(s, "$1$2$3$4 …"))
	s = wrongType.ReplaceAllString(noise.ReplaceAllString(s, "$1$2"), "$2: a $1 does not fit, it must be $3")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, s)
	return ends(s, MaxWhole/2, MaxWhole/2)
}

// ends is s or, if it is longer than both together, its first and its last bytes.
func ends(s string, head, tail int) string {
	if len(s) > head+tail {
		s = s[:head] + " … " + s[len(s)-tail:]
	}
	return strings.ToValidUTF8(s, "")
}

// Clip is Clean, fit for a condition of an Application: the first eight lines and of
// those, if they are long, the beginning and the end, which in a chain of causes is the
// one that matters.
func Clip(s string) string {
	s = Clean(s)
	for i, line := 0, 0; i < len(s); i++ {
		if s[i] != '\n' {
			continue
		}
		if line++; line == maxMessageLines {
			s = s[:i] + " …"
		}
	}
	return ends(s, maxMessageHead, maxMessageTail)
}

// Failure is the error of a kind that says message: as a condition has it, and whole.
func Failure(kind fault.Kind, message string) error {
	e := &fault.Error{Kind: kind, Message: Clip(message)}
	if whole := Clean(message); whole != e.Message {
		e.Whole = whole
	}
	return e
}

// RedactURL is a URL that a file names, without credentials and fit for an error.
// Its query stays, in which Kustomize has the ref.
func RedactURL(url string) string { return Clip(resource.WithoutCredentials(url)) }
