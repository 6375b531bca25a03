package jsonnet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	gojsonnet "github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// staticError is an error of go-jsonnet's parser.
type staticError interface {
	error
	Loc() ast.LocationRange
}

// explain is err, of the program in the file at name, with its place and without values.
func (e *Evaluator) explain(name string, err error) error {
	if static, ok := errors.AsType[staticError](err); ok {
		return e.unparsed(name, static)
	}
	var at, message, from string
	if runtime, ok := errors.AsType[gojsonnet.RuntimeError](err); ok {
		at, from = place(name, runtime.StackTrace), callers(runtime.StackTrace)
		message = e.withoutValues(strings.TrimSuffix(e.message(runtime), ".") + within(runtime.StackTrace))
	} else { // a panic, with its stack in the lines that follow
		message, _, _ = strings.Cut(err.Error(), "\n")
		message = e.withoutValues(message)
	}
	if e.importer.failed != nil {
		return fault.Keep(fault.Broken, e.importer.failed, "%s%s", name, at)
	}
	return fault.New(fault.Broken, "%s%s: %s%s", name, at, message, from)
}

// maxCallers is how many places of a stack anyone would read.
const maxCallers = 50

// callers are the places of a trace from the one outside of the innermost on, a line each.
func callers(trace []gojsonnet.TraceFrame) string {
	var places []string
	for _, frame := range slices.Backward(trace) {
		if !frame.Loc.IsSet() || frame.Loc.FileName == "" && variable(frame.Loc) == "" {
			continue
		}
		at := fmt.Sprintf("%s: line %d", cmp.Or(variable(frame.Loc), frame.Loc.FileName), frame.Loc.Begin.Line)
		if len(places) == 0 || places[len(places)-1] != at {
			places = append(places, at)
		}
	}
	if len(places) > maxCallers {
		places = append(places[:maxCallers], "…")
	}
	var b strings.Builder
	for _, at := range places[min(1, len(places)):] {
		b.WriteString("\n  called from " + at)
	}
	return b.String()
}

// unparsed is an error of the parser. Of code in the Application it says the place
// only, since its words repeat what stands there.
func (e *Evaluator) unparsed(name string, err staticError) error {
	loc := err.Loc()
	if v := variable(loc); v != "" {
		return fault.New(fault.Invalid, "%s: %s: line %d, column %d: not Jsonnet", name, v, loc.Begin.Line, loc.Begin.Column)
	}
	message := strings.TrimSpace(strings.TrimPrefix(err.Error(), loc.String()))
	return fault.New(fault.Broken, "%s: line %d: %s", name, loc.Begin.Line, e.withoutValues(message))
}

// message is what a runtime error says. Of several arguments that a function does not
// take, go-jsonnet names one by chance.
func (e *Evaluator) message(err gojsonnet.RuntimeError) string {
	if len(e.tlas) < 2 || !strings.HasPrefix(err.Msg, "function has no parameter ") || innermost(err.StackTrace) != nil {
		return err.Msg
	}
	var names []string
	for _, v := range e.tlas {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return "function does not have all of these parameters: " + strings.Join(slices.Compact(names), ", ")
}

// place is the innermost place of a trace that is not the standard library's.
func place(name string, trace []gojsonnet.TraceFrame) string {
	loc := innermost(trace)
	switch {
	case loc == nil:
		return ""
	case loc.FileName == "":
		return fmt.Sprintf(": %s: line %d", variable(*loc), loc.Begin.Line)
	case loc.FileName == name:
		return fmt.Sprintf(": line %d", loc.Begin.Line)
	}
	return fmt.Sprintf(": %s: line %d", loc.FileName, loc.Begin.Line)
}

func innermost(trace []gojsonnet.TraceFrame) *ast.LocationRange {
	for _, frame := range slices.Backward(trace) {
		if frame.Loc.IsSet() && (frame.Loc.FileName != "" || variable(frame.Loc) != "") {
			return &frame.Loc
		}
	}
	return nil
}

// variable is the field of the Application that holds the code at loc, or nothing.
func variable(loc ast.LocationRange) string {
	if loc.File == nil || loc.FileName != "" {
		return ""
	}
	file := strings.TrimSuffix(string(loc.File.DiagnosticFileName), ">")
	if name, ok := strings.CutPrefix(file, "<extvar:"); ok {
		return "directory.jsonnet.extVars " + name
	}
	if name, ok := strings.CutPrefix(file, "<top-level-arg:"); ok {
		return "directory.jsonnet.tlas " + name
	}
	return ""
}

// maxSteps is how many steps of a path anyone would read.
const maxSteps = 16

// within is where in the result the error lies, if that was being written.
func within(trace []gojsonnet.TraceFrame) string {
	var b strings.Builder
	for i, frame := range trace {
		if frame.Loc.IsSet() {
			continue
		}
		if i > maxSteps {
			b.WriteString("…")
			break
		}
		if index, ok := strings.CutPrefix(frame.Loc.FileName, "Array element "); ok {
			b.WriteString("[" + index + "]")
		}
		if quoted, ok := strings.CutPrefix(frame.Loc.FileName, "Field "); ok {
			field, err := strconv.Unquote(quoted)
			if err != nil {
				field = quoted
			}
			b.WriteString("." + field)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return ", in " + b.String()
}

// minInfix is how long a value must be to be looked for within words as well, and
// code to be looked for as a whole.
const minInfix = 4

// secret is a text that must not be shown, and what to show in its place.
type secret struct{ text, shown string }

// withoutValues is s with names in the place of the values of TLAs and extVars.
func (e *Evaluator) withoutValues(s string) string {
	secrets := append(secretsOf("TLA", e.tlas), secretsOf("extVar", e.extVars)...)
	slices.SortStableFunc(secrets, func(a, b secret) int { return len(b.text) - len(a.text) })
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for _, x := range secrets {
			if strings.HasPrefix(s[i:], x.text) && (len(x.text) >= minInfix || isWord(s, i, i+len(x.text))) {
				b.WriteString(x.shown)
				i += len(x.text)
				continue next
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

func isWord(s string, from, to int) bool {
	return (from == 0 || !isWordByte(s[from-1])) && (to == len(s) || !isWordByte(s[to]))
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func secretsOf(kind string, vars []v1alpha1.JsonnetVar) []secret {
	var out []secret
	for _, v := range vars {
		var texts []string
		if v.Code {
			texts = literals(v.Value)
		}
		if !v.Code || len(v.Value) >= minInfix { // 3 and true say nothing
			texts = append(texts, v.Value)
		}
		for _, text := range texts {
			for _, form := range []string{text, escaped(text)} {
				if form != "" {
					out = append(out, secret{form, "<" + kind + " " + v.Name + ">"})
				}
			}
		}
	}
	return out
}
