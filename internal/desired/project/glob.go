package project

import (
	"path"
	"strings"

	"github.com/gobwas/glob"
)

// pattern is one glob of a project. The zero pattern matches the empty string only.
type pattern struct {
	text string
	// deny: the text began with "!", and the pattern matches what its rest does not.
	deny bool
	any  bool
	// compiled is nil when the text is no valid glob; then nothing matches, and
	// so a denying pattern denies everything.
	compiled *glob.Pattern
}

// newPattern compiles a pattern in which "*" does not cross the separators.
func newPattern(text string, separators ...rune) pattern {
	p := pattern{text: text}
	body, deny := strings.CutPrefix(text, "!")
	p.deny = deny
	p.any = text == "*"
	if compiled, err := glob.Compile(body, separators...); err == nil {
		p.compiled = compiled
	}
	return p
}

// matches says whether value is what the pattern permits.
func (p pattern) matches(value string) bool {
	if p.any {
		return true
	}
	if p.compiled == nil {
		return false
	}
	return p.compiled.Match(value) != p.deny
}

// denies says whether the pattern is a "!" that names value.
func (p pattern) denies(value string) bool { return p.deny && !p.matches(value) }

// shellMatch is the matching of the kind lists, where Argo CD uses file name
// patterns and knows no "!". What is no pattern matches nothing.
func shellMatch(pattern, value string) bool {
	ok, err := path.Match(pattern, value)
	return err == nil && ok
}
