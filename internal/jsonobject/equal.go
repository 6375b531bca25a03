package jsonobject

import (
	"encoding/json"
	"reflect"
	"slices"
)

// Equal compares two JSON values, numbers as numbers: 1 is 1.0.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !Equal(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Equal)
	}
	return EqualScalars(a, b)
}

// EqualScalars is Equal for texts, numbers, booleans and null; nothing else is equal.
func EqualScalars(a, b any) bool {
	if !scalar(a) || !scalar(b) {
		return false
	}
	if a == b {
		return true
	}
	if i, ok := a.(int64); ok { // more of them than float64 tells apart
		if j, ok := b.(int64); ok {
			return i == j
		}
	}
	x, ok := float(a)
	if !ok {
		return false
	}
	y, ok := float(b)
	return ok && x == y
}

func scalar(v any) bool { return v == nil || reflect.TypeOf(v).Comparable() }

func float(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case int:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}
