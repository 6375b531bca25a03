package helm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	templateText = regexp.MustCompile(`(tpl function execution for|cannot parse template) "(?:[^"\\]|\\.)*"`)
	// atPlace is how Helm writes errors of required and fail, and of the parser.
	atPlace = regexp.MustCompile(`^(?:execution|parse) error at \(([^()\s]+)\): `)
	// call is one step of the way through the templates to an error: as text/template
	// writes it, and as Helm does.
	call = regexp.MustCompile(`(?:template: |(?m:^))(\S+:\d+(?::\d+)?)(?:: |\n  )executing "((?:[^"\\]|\\.)*)" at <(.*?)>:(?: |\n    )`)
	// unset and noMapping are the two errors of text/template that everybody meets and
	// nobody understands.
	unset     = regexp.MustCompile(`nil pointer evaluating \S+(?: \{\})?\.(\w+)$`)
	noMapping = regexp.MustCompile(`can't evaluate field (\w+) in type \S+(?: \{\})?$`)
	// fields is an expression of which nothing can be a secret.
	fields    = regexp.MustCompile(`^(?:[$.\w]+|include "[\w.-]+" [$.\w]+)$`)
	brokenOut = regexp.MustCompile(`^YAML parse error on (\S+): `)
)

// withoutTemplateText drops what tpl was given, which may be a secret value.
func withoutTemplateText(message string) string {
	return templateText.ReplaceAllString(message, `$1 "…"`)
}

// explain is an error of the engine with its innermost place and its cause in the first
// line, and in the lines that follow where that was called from. Helm begins with the
// outermost, and of templates that call each other without end says a thousand.
func explain(message string) string {
	message = withoutTemplateText(message)
	if at := atPlace.FindStringSubmatch(message); at != nil {
		return at[1] + ": " + message[len(at[0]):]
	}
	found := call.FindAllStringSubmatchIndex(message, -1)
	if len(found) == 0 {
		return message
	}
	var calls []step
	for _, f := range found {
		calls = append(calls, step{place: message[f[2]:f[3]], template: message[f[4]:f[5]], at: message[f[6]:f[7]]})
	}
	last, cause := calls[len(calls)-1], message[found[len(found)-1][1]:]
	return fileOf(calls) + last.String() + ": at <" + last.expression() + ">: " + advice(strings.TrimSpace(cause)) + callers(calls[:len(calls)-1])
}

// fileOf is the place in a file that led to a text that tpl was given.
func fileOf(calls []step) string {
	if !calls[len(calls)-1].given() {
		return ""
	}
	for _, s := range slices.Backward(calls) {
		if !s.given() {
			return s.String() + ": "
		}
	}
	return ""
}

// step is a place in a template that is being executed.
type step struct{ place, template, at string }

// given says that the step is in a text that tpl was given.
func (s step) given() bool { return strings.HasPrefix(s.place, "gotpl:") }

// expression is what was being evaluated. A text that tpl was given may be a secret.
func (s step) expression() string {
	if s.given() && !fields.MatchString(s.at) {
		return "…"
	}
	return s.at
}

// String is the place, and the template unless it is the file itself.
func (s step) String() string {
	if line, ok := strings.CutPrefix(s.place, "gotpl:"); ok {
		return "line " + line + " of what tpl was given"
	}
	if strings.HasPrefix(s.place, s.template+":") {
		return s.place
	}
	return fmt.Sprintf("%s (template %q)", s.place, s.template)
}

// callers are the steps from the innermost out, each once.
func callers(calls []step) string {
	times := map[step]int{}
	var order []step
	for _, call := range slices.Backward(calls) {
		if times[call]++; times[call] == 1 {
			order = append(order, call)
		}
	}
	var b strings.Builder
	for _, s := range order {
		fmt.Fprintf(&b, "\n  called from %s: <%s>", s, s.expression())
		if n := times[s]; n > 1 {
			fmt.Fprintf(&b, " (%d times)", n)
		}
	}
	return b.String()
}

// advice is a cause with what it means.
func advice(cause string) string {
	if m := unset.FindStringSubmatch(cause); m != nil {
		return fmt.Sprintf("%s: what %s is asked of is not set", cause, m[1])
	}
	if m := noMapping.FindStringSubmatch(cause); m != nil {
		return fmt.Sprintf("%s: what %s is asked of is not a mapping", cause, m[1])
	}
	return cause
}

// explainOutput is an error of reading what the templates made.
func explainOutput(message string) string {
	return brokenOut.ReplaceAllString(message, "$1: what it renders to is not YAML: ")
}
