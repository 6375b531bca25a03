package luavm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"evenkeel.dev/internal/fault"
)

// MaxSource bounds the text of a script, in bytes.
const MaxSource = 256 << 10

// Script is a script that was parsed and compiled. It is immutable.
type Script struct {
	proto *lua.FunctionProto
}

// Compile parses and compiles a script once for many runs. The error says where it
// is wrong; it is Invalid.
func Compile(source string) (script *Script, err error) {
	if len(source) > MaxSource {
		return nil, fault.New(fault.Invalid, "the script has %d KiB, %d are allowed", len(source)>>10, MaxSource>>10)
	}
	defer func() {
		// The compiler panics at what it has no instruction for.
		if p := recover(); p != nil {
			script, err = nil, fault.New(fault.Invalid, "the script cannot be compiled: %v", p)
		}
	}()
	chunk, err := parse.Parse(strings.NewReader(source), "script")
	if err != nil {
		return nil, fault.New(fault.Invalid, "the script cannot be parsed: %s", syntaxError(err))
	}
	if chunk, err = bounded(chunk); err != nil {
		return nil, err
	}
	proto, err := lua.Compile(chunk, "script")
	if err != nil {
		return nil, fault.New(fault.Invalid, "the script cannot be compiled: %s", strings.TrimSpace(err.Error()))
	}
	return &Script{proto: proto}, nil
}

func syntaxError(err error) string {
	var at *parse.Error
	if !errors.As(err, &at) {
		return strings.TrimSpace(err.Error())
	}
	if at.Pos.Line == parse.EOF {
		return at.Message + " at its end"
	}
	return fmt.Sprintf("line %d, column %d: %s near %.40q", at.Pos.Line, at.Pos.Column, at.Message, at.Token)
}

// Options are those of one run.
type Options struct {
	// Globals are the JSON values that the script finds under their names: nil, bool,
	// string, int64, float64 and other numbers, []any and map[string]any. They are
	// read and never changed.
	Globals map[string]any
	// OpenLibs opens the libraries string and math (Argo CD: useOpenLibs).
	OpenLibs bool
	// Now is what os.time and os.date say. Without it they are errors.
	Now    func() time.Time
	Limits Limits
	// Pool saves the making of interpreters; nil makes a new one.
	Pool *Pool
}

// Run runs the script and gives back the last value that it returns, as JSON: nil,
// bool, string, int64, float64, []any or map[string]any. A table with keys 1 to n is a
// list; so is the empty one, which Lua cannot tell from an empty map.
func (s *Script) Run(ctx context.Context, o Options) (result any, err error) {
	limits := o.Limits.orDefaults()
	m := o.Pool.take(limits.Depth, o.OpenLibs)
	clean := false
	defer func() {
		if p := recover(); p != nil {
			result, err, clean = nil, fault.New(fault.Internal, "the script failed in the interpreter: %v", p), false
		}
		o.Pool.give(m, clean)
	}()
	m.begin(newMeter(ctx, limits), o.Now)
	result, err = m.call(s.proto, o.Globals)
	// What ended early may have left anything behind.
	clean = err == nil
	return result, err
}

// message is what a script's error says, without the stack.
func message(err error) string {
	var failed *lua.ApiError
	if !errors.As(err, &failed) {
		return err.Error()
	}
	text := strings.TrimSpace(textOf(failed.Object))
	if failed.Object == nil || failed.Object == lua.LNil {
		text = failed.Error()
		if failed.Cause != nil {
			text = failed.Cause.Error()
		}
	}
	return clip(text)
}

// maxMessage bounds the text of an error.
const maxMessage = 1024

func clip(s string) string {
	if len(s) <= maxMessage {
		return strings.ToValidUTF8(s, "�")
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "…"
}
