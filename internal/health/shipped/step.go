package shipped

import (
	"fmt"
	"strconv"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// is gives the values of a field their meaning. Numbers and booleans are written as
// in JSON.
type is map[string]v1alpha1.HealthStatusCode

// other stands for every value that is not named. An absent field has no value.
const other = "*"

// value decides by the field at a path. It tells the value and, of the paths in
// because, the first text that is there; without because, the message or the reason
// beside the field.
func value(path string, meaning is, because ...string) step {
	return func(o field.Object) verdict {
		holder, name := o.At(path)
		text, ok := field.Scalar(holder[name])
		if !ok {
			return verdict{}
		}
		then, ok := meaning[text]
		if !ok {
			then = meaning[other]
		}
		if then == "" {
			return verdict{}
		}
		said := sentence(path, name, holder[name])
		if detail := detail(o, holder, because); detail != "" {
			said += ": " + detail
		}
		return verdict{then, said}
	}
}

func sentence(path, name string, v any) string {
	if text, ok := v.(string); ok {
		if strings.Contains(text, " ") || text == "" {
			text = strconv.Quote(text)
		}
		return "The " + name + " is " + text
	}
	text, _ := field.Scalar(v)
	return path + " is " + text
}

func detail(o, holder field.Object, because []string) string {
	if because == nil {
		if message := holder.Text("message"); message != "" {
			return message
		}
		return holder.Text("reason")
	}
	for _, path := range because {
		holder, name := o.At(path)
		if text := holder.Text(name); text != "" {
			return text
		}
	}
	return ""
}

// label decides by a label.
func label(name string, meaning is) step { return mark("labels", name, meaning) }

// annotation decides by an annotation.
func annotation(name string, meaning is) step { return mark("annotations", name, meaning) }

func mark(list, name string, meaning is) step {
	return func(o field.Object) verdict {
		text := o.Object("metadata").Object(list).Text(name)
		then := meaning[text]
		if then == "" {
			return verdict{}
		}
		return verdict{then, name + " is " + text}
	}
}

// present decides when there is something at a path that is not the empty text, and
// tells it, or the message in it.
func present(path string, then v1alpha1.HealthStatusCode) step {
	return func(o field.Object) verdict {
		holder, name := o.At(path)
		if v := holder[name]; v == nil || v == "" {
			return verdict{}
		}
		if text := holder.Text(name); text != "" {
			return verdict{then, text}
		}
		if text := holder.Object(name).Text("message"); text != "" {
			return verdict{then, text}
		}
		return verdict{then, "There is a " + path}
	}
}

// needs keeps an object progressing until there is something at each path.
func needs(paths ...string) step {
	return func(o field.Object) verdict {
		for _, path := range paths {
			if holder, name := o.At(path); !holder.Has(name) {
				return verdict{progressing, "Waiting for " + path}
			}
		}
		return verdict{}
	}
}

const notObserved = "Waiting for the change of the spec to be observed"

// observed keeps an object progressing while its controller has not seen its last
// generation. A controller that does not tell is believed.
func observed(o field.Object) verdict {
	if stale(o, o.Object("status")) {
		return verdict{progressing, notObserved}
	}
	return verdict{}
}

// stale says whether a status or a condition is about an older generation.
func stale(o, holder field.Object) bool {
	return holder.Has("observedGeneration") && o.Object("metadata").Has("generation") && !current(o, holder, "observedGeneration")
}

// observedIn is observed for controllers that always tell, in this field of the status.
func observedIn(name string) step {
	return func(o field.Object) verdict {
		if !current(o, o.Object("status"), name) {
			return verdict{progressing, notObserved}
		}
		return verdict{}
	}
}

// current says whether a field of holder has the object's generation, or both have none.
func current(o, holder field.Object, name string) bool {
	meta := o.Object("metadata")
	return meta.Has("generation") == holder.Has(name) && meta.Number("generation") == holder.Number(name)
}

// finally always decides.
func finally(then v1alpha1.HealthStatusCode, message string) step {
	return func(field.Object) verdict { return verdict{then, message} }
}

// waiting is the last step of most rules: nothing has been reported yet.
func waiting(awaited string) step { return finally(progressing, "Waiting for "+awaited) }

// say makes a verdict with a message like Sprintf.
func say(then v1alpha1.HealthStatusCode, format string, args ...any) verdict {
	return verdict{then, fmt.Sprintf(format, args...)}
}

// sentenceOf ends a sentence with the first few of a list.
func sentenceOf(what string, list []string) string {
	const few = 5
	switch n := len(list); {
	case n == 0:
		return what
	case n > few:
		return fmt.Sprintf("%s: %s and %d more", what, strings.Join(list[:few], ", "), n-few)
	}
	return what + ": " + strings.Join(list, ", ")
}
