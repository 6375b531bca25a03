package desired

import (
	"fmt"
	"maps"
	"slices"

	"evenkeel.dev/api/v1alpha1"
)

// maxWarnings is how many warnings of one type are listed: they live in the
// Application's status, which must stay small.
const maxWarnings = 10

func (b *builder) warn(kind v1alpha1.ConditionType, format string, args ...any) {
	if b.warnings == nil {
		b.warnings = map[v1alpha1.ConditionType][]string{}
	}
	b.warnings[kind] = append(b.warnings[kind], fmt.Sprintf(format, args...))
}

// conditions are the warnings in a stable order, each once.
func (b *builder) conditions() []v1alpha1.ApplicationCondition {
	var out []v1alpha1.ApplicationCondition
	for _, kind := range slices.Sorted(maps.Keys(b.warnings)) {
		messages := b.warnings[kind]
		slices.Sort(messages)
		messages = slices.Compact(messages)
		if more := len(messages) - maxWarnings; more > 0 {
			messages = append(messages[:maxWarnings:maxWarnings], fmt.Sprintf("and %d more of the kind above", more))
		}
		for _, m := range messages {
			out = append(out, v1alpha1.ApplicationCondition{Type: kind, Message: m})
		}
	}
	return out
}
