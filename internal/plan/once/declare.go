package once

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

const (
	maxJobName = 63 // as the label job-name on its Pods
	shortKey   = 10
)

// Bounds of the annotation of inputs.
const (
	maxPatterns     = 100
	maxPattern      = 1024
	maxDoubleStars  = 2
	maxAlternatives = 2
)

// Declared says whether a hook runs once per input. It fails for an annotation
// that asks for something else, or on what is no hook Job: taking it for an
// ordinary hook would run a migration again and again.
func Declared(obj *unstructured.Unstructured) (bool, error) {
	value, ok := obj.GetAnnotations()[v1alpha1.AnnotationRun]
	if !ok {
		return false, nil
	}
	key := resource.KeyOf(obj)
	switch {
	case value != v1alpha1.RunOncePerInput:
		return false, fault.New(fault.Invalid, "%s: annotation %s: %q is not known; the one value is %s", key.Human(), v1alpha1.AnnotationRun, value, v1alpha1.RunOncePerInput)
	case key.Group != "batch" || key.Kind != "Job":
		return false, fault.New(fault.Invalid, "%s: annotation %s works for a Job only", key.Human(), v1alpha1.AnnotationRun)
	case !resource.IsHook(obj):
		return false, fault.New(fault.Invalid, "%s: annotation %s works for a hook only: add %s: PreSync", key.Human(), v1alpha1.AnnotationRun, v1alpha1.AnnotationHook)
	}
	return true, nil
}

// Name is what a hook is called in the ledger: NAMESPACE/NAME. One that has only
// metadata.generateName is called by that.
func Name(hook *unstructured.Unstructured) string {
	name := hook.GetName()
	if name == "" {
		name = strings.TrimRight(hook.GetGenerateName(), "-.")
	}
	return hook.GetNamespace() + "/" + name
}

// split parts what Name joined.
func split(task string) (namespace, name string) {
	namespace, name, _ = strings.Cut(task, "/")
	return namespace, name
}

// JobName is the name of the Job of a task for a key: NAME-KEY, the key's first
// ten characters. Who wants to run the same thing twice meets the same name, so
// the name is the lock.
func JobName(task, key string) string {
	_, name := split(task)
	key = key[:min(len(key), shortKey)]
	if room := maxJobName - 1 - len(key); len(name) > room {
		name = name[:room]
	}
	return strings.TrimRight(name, "-.") + "-" + key
}

// Patterns are the repository paths that a hook's annotation names, cleaned. A
// comma within braces belongs to a glob.
func Patterns(hook *unstructured.Unstructured) ([]string, error) {
	var out []string
	for _, word := range commas(hook.GetAnnotations()[v1alpha1.AnnotationInputs]) {
		word = strings.Trim(strings.TrimSpace(word), "/")
		if word == "" {
			continue
		}
		word = path.Clean(word)
		if !fs.ValidPath(word) || !doublestar.ValidatePattern(word) {
			return nil, fault.New(fault.Invalid, "%s: annotation %s: %q is no path or glob below the repository's root",
				resource.KeyOf(hook).Human(), v1alpha1.AnnotationInputs, word)
		}
		if len(out) == maxPatterns {
			return nil, fault.New(fault.Invalid, "%s: annotation %s: more than %d paths and globs",
				resource.KeyOf(hook).Human(), v1alpha1.AnnotationInputs, maxPatterns)
		}
		if why := costly(word); why != "" {
			return nil, fault.New(fault.Invalid, "%s: annotation %s: %.100q has %s",
				resource.KeyOf(hook).Human(), v1alpha1.AnnotationInputs, word, why)
		}
		out = append(out, word)
	}
	return out, nil
}

// costly says what makes a glob one that is not looked for. What "**/a/**/a/**/a" or
// "{a,b}{a,b}{a,b}" costs grows with the power of its parts: eight of the former in a
// directory 30 deep take all memory, of the controller and not of a render worker.
func costly(pattern string) string {
	switch {
	case len(pattern) > maxPattern:
		return fmt.Sprintf("more than %d bytes", maxPattern)
	case strings.Count(pattern, "**") > maxDoubleStars:
		return fmt.Sprintf("more than %d times **", maxDoubleStars)
	case strings.Count(pattern, "{") > maxAlternatives:
		return fmt.Sprintf("more than %d times {}", maxAlternatives)
	}
	return ""
}

func commas(text string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '{':
			depth++
		case r == '}' && depth > 0:
			depth--
		case r == ',' && depth == 0:
			out = append(out, text[from:i])
			from = i + 1
		}
	}
	return append(out, text[from:])
}
