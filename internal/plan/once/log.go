package once

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/resource"
)

const (
	// MaxLog bounds the tail of a log that is kept, in bytes.
	MaxLog = 4 << 10
	// MaxLogLines bounds it in lines.
	MaxLogLines = 50

	masked = "••••••"
	// leastSecret is the length from which a Secret's value is masked wherever it
	// stands in a log: below it a value is a word that logs are full of.
	leastSecret = 4
)

// SecretValues are the values that a hook reads from Secrets, for LogTail to mask.
// They are nobody else's business.
func SecretValues(hook *unstructured.Unstructured, objects map[resource.Key]*unstructured.Unstructured) []string {
	var out []string
	for _, r := range References(hook) {
		obj := objects[r.Key]
		if !r.Key.IsSecret() || obj == nil {
			continue
		}
		for _, v := range r.read(obj) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// told are the ways in which programs print secrets that no Secret holds in this
// form: the password of a URL, and what a name calls one.
var told = [...]*regexp.Regexp{
	regexp.MustCompile(`(://[^\s/:@]*:)[^\s/@]+(@)`),
	regexp.MustCompile(`(?i)((?:password|passwd|secret|token|api[_-]?key|authorization)["']?\s*[:=]\s*(?:bearer\s+)?["']?)[^\s"',;&]+()`),
}

// LogTail is the end of a log as it may be kept and shown: its last lines, without
// what controls a terminal, and without the given secrets and what looks like one.
func LogTail(log []byte, secrets []string) string {
	text := strings.ToValidUTF8(string(log), "\uFFFD")
	text = mask(clean(text), secrets)
	for _, pattern := range told {
		text = pattern.ReplaceAllString(text, "${1}"+masked+"${2}")
	}
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	return tail(strings.Join(lines[max(0, len(lines)-MaxLogLines):], "\n"), MaxLog)
}

// mask replaces each secret, its base64 and, of one with several lines, each line.
// The longest go first, so that none leaves a rest of another.
func mask(text string, secrets []string) string {
	var words []string
	for _, s := range secrets {
		words = append(words, strings.TrimSpace(clean(s)), base64.StdEncoding.EncodeToString([]byte(s)))
		for line := range strings.Lines(clean(s)) {
			words = append(words, strings.TrimSpace(line))
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < leastSecret })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	for _, w := range words {
		text = strings.ReplaceAll(text, w, masked)
	}
	return text
}

// escape is a terminal's escape sequence (ECMA-48 5.4, 5.6), or the start of one.
var escape = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)`)

func clean(text string) string {
	text = escape.ReplaceAllString(text, "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || turnsText(r) {
			return -1
		}
		return r
	}, text)
}

// turnsText says whether r reorders text (Unicode UAX #9), so that a line reads as
// another.
func turnsText(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

// head and tail are at most so many bytes of text, in whole characters.

func head(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

func tail(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return "…" + strings.ToValidUTF8(text[len(text)-most+len("…"):], "")
}
