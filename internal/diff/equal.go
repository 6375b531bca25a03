package diff

import (
	"k8s.io/apimachinery/pkg/api/resource"
)

// equal compares two JSON values. Numbers are compared as numbers, and where the
// path is one of quantities, "0.5" equals "500m".
func equal(path []seg, a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !equal(append(path, field(k)), v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(path, x[i], y[i]) {
				return false
			}
		}
		return true
	}
	if a == b {
		return true
	}
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return x == y
		}
	}
	return isQuantity(path) && sameQuantity(a, b)
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}

// isQuantity says whether values at a path are Kubernetes quantities.
func isQuantity(path []seg) bool {
	if len(path) == 0 {
		return false
	}
	switch path[len(path)-1].field {
	case "f:sizeLimit", "f:divisor", "f:averageValue", "f:targetAverageValue":
		return true
	}
	if len(path) < 2 {
		return false
	}
	switch path[len(path)-2].field {
	case "f:requests", "f:limits", "f:capacity", "f:hard", "f:overhead", "f:allocatable", "f:default", "f:defaultRequest", "f:max", "f:min",
		"f:maxLimitRequestRatio", "f:podFixed":
		return true
	}
	return false
}

func sameQuantity(a, b any) bool {
	x, ok := quantity(a)
	if !ok {
		return false
	}
	y, ok := quantity(b)
	return ok && x.Cmp(y) == 0
}

func quantity(v any) (resource.Quantity, bool) {
	var text string
	switch t := v.(type) {
	case string:
		text = t
	case int64:
		return *resource.NewQuantity(t, resource.DecimalSI), true
	case float64:
		text = formatFloat(t)
	default:
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil
}
