package describe

import (
	"evenkeel.dev/internal/view"
)

// Fates say what can be done about changes, and what becomes of those of fields that
// cannot be changed, one line for each.
func Fates(changes []view.Drift) []string {
	var out []string
	for _, c := range changes {
		if c.Advice != "" {
			out = append(out, c.Path+": "+c.Advice)
		}
		switch c.Immutable {
		case "refused":
			out = append(out, c.Path+": cannot be changed; the API server will refuse it")
		case "replaced":
			out = append(out, c.Path+": cannot be changed; the object will be replaced")
		}
	}
	return out
}
