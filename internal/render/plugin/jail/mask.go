package jail

import (
	"cmp"
	"slices"
	"strings"

	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/tree"
)

// minSecret is the shortest value that is masked: shorter ones are in every text.
const minSecret = 4

// masked is what a command wrote to its standard error, without values that the
// Application gave it.
func masked(text string, env []string) string {
	for _, value := range secrets(env) {
		text = strings.ReplaceAll(text, value, "****")
	}
	return tree.Clip(text)
}

// secrets are values and their lines, the longest first, so that none hides a part of
// another.
func secrets(env []string) []string {
	var out []string
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, plugin.UserPrefix) && !strings.HasPrefix(name, plugin.ParameterPrefix) && name != plugin.AllParameters {
			continue
		}
		out = append(out, value)
		for line := range strings.Lines(value) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	out = slices.DeleteFunc(out, func(s string) bool { return len(s) < minSecret })
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(out)
}

// ring keeps the end of what is written to it.
type ring struct {
	buf []byte
	cut bool
}

const maxRing = 8 << 10

// Write keeps the last maxRing bytes.
func (r *ring) Write(b []byte) (int, error) {
	r.buf = append(r.buf, b...)
	if over := len(r.buf) - maxRing; over > 0 {
		r.buf, r.cut = append(r.buf[:0], r.buf[over:]...), true
	}
	return len(b), nil
}

// text is what was kept, in whole lines: half a secret in the first would not be masked.
func (r *ring) text() string {
	s := string(r.buf)
	if r.cut {
		_, s, _ = strings.Cut(s, "\n")
	}
	return s
}
