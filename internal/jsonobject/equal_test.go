package jsonobject

import (
	"encoding/json"
	"testing"
)

func TestEqual(t *testing.T) {
	for _, tt := range []struct {
		reason string
		a, b   any
		want   bool
	}{
		{"null", nil, nil, true},
		{"null is no value", nil, "", false},
		{"a text is no number", "1", int64(1), false},
		{"a whole number is one", int64(1), 1.0, true},
		{"however it was read", json.Number("1"), 1, true},
		{"half is not", int64(1), 1.5, false},
		{"more digits than float64 has", int64(9007199254740993), int64(9007199254740992), false},
		{"true", true, true, true},
		{"true is no 1", true, int64(1), false},
		{"lists", []any{int64(1), "a"}, []any{1.0, "a"}, true},
		{"have an order", []any{int64(1), int64(2)}, []any{int64(2), int64(1)}, false},
		{"and a length", []any{int64(1)}, []any{int64(1), int64(1)}, false},
		{"maps", map[string]any{"a": int64(1), "b": nil}, map[string]any{"b": nil, "a": 1.0}, true},
		{"null is there", map[string]any{"a": nil}, map[string]any{"b": nil}, false},
		{"a map is no list", map[string]any{}, []any{}, false},
	} {
		if got := Equal(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v and %v are equal: %t", tt.reason, tt.a, tt.b, got)
		}
		if got := Equal(tt.b, tt.a); got != tt.want {
			t.Errorf("%s: %v and %v are equal: %t", tt.reason, tt.b, tt.a, got)
		}
	}
}
