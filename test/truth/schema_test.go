package truth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

type node = map[string]any

// document is an OpenAPI v3 document, or one CRD's schema, which has no components.
type document struct{ components node }

func parseDocument(b []byte) (document, error) {
	var d struct {
		Components struct {
			Schemas node `json:"schemas"`
		} `json:"components"`
	}
	err := json.Unmarshal(b, &d)
	return document{components: d.Components.Schemas}, err
}

// kind is the schema of a kind.
func (d document) kind(group, version, kind string) (node, error) {
	for _, s := range d.components {
		s, _ := s.(node)
		list, _ := s["x-kubernetes-group-version-kind"].([]any)
		for _, g := range list {
			if m, _ := g.(node); m["group"] == group && m["version"] == version && m["kind"] == kind {
				return s, nil
			}
		}
	}
	return nil, fmt.Errorf("no schema of %s/%s %s", group, version, kind)
}

// resolve follows references.
func (d document) resolve(s node) node {
	for {
		if ref, ok := s["$ref"].(string); ok {
			s, _ = d.components[strings.TrimPrefix(ref, "#/components/schemas/")].(node)
			continue
		}
		if all, ok := s["allOf"].([]any); ok && len(all) == 1 {
			s, _ = all[0].(node)
			continue
		}
		return s
	}
}

func (d document) property(s node, name string) node {
	p, _ := s["properties"].(node)
	if f, ok := p[name].(node); ok {
		return d.resolve(f)
	}
	if a, ok := s["additionalProperties"].(node); ok {
		return d.resolve(a)
	}
	return node{}
}

func (d document) items(s node) node {
	i, _ := s["items"].(node)
	return d.resolve(i)
}

func listKeys(s node) []string {
	var out []string
	if s["x-kubernetes-list-type"] != "map" {
		return nil
	}
	list, _ := s["x-kubernetes-list-map-keys"].([]any)
	for _, k := range list {
		out = append(out, k.(string))
	}
	return out
}

func isIntOrString(s node) bool {
	return s["format"] == "int-or-string" || s["x-kubernetes-int-or-string"] == true && s["pattern"] == nil
}

func isQuantity(s node) bool {
	if s["x-kubernetes-int-or-string"] == true && s["pattern"] != nil {
		return true
	}
	one, _ := s["oneOf"].([]any)
	for _, o := range one {
		if o, _ := o.(node); o["type"] == "number" {
			return true
		}
	}
	return false
}

// generator draws values that fit schemas.
type generator struct {
	document
	words map[string][]string
}

var quantities = []any{"0.5", "500m", "1", int64(1), "1000m", "1Gi", "1024Mi", "1073741824", "2", int64(2), "64Mi", "0.1", "100m", 0.5, "1e3"}

func pick[T any](t *rapid.T, list []T) T { return list[rapid.IntRange(0, len(list)-1).Draw(t, "pick")] }

func chance(t *rapid.T, percent int) bool { return rapid.IntRange(0, 99).Draw(t, "chance") < percent }

func (g generator) value(t *rapid.T, s node, name string, depth int) any {
	s = g.resolve(s)
	if enum, ok := s["enum"].([]any); ok && len(enum) > 0 {
		return pick(t, enum)
	}
	switch {
	case isIntOrString(s):
		return pick(t, []any{int64(1), int64(80), "http", "25%", "1", int64(0)})
	case isQuantity(s):
		return pick(t, quantities)
	case s["x-kubernetes-embedded-resource"] == true:
		return node{"apiVersion": "v1", "kind": "ConfigMap", "metadata": node{"name": pick(t, []string{"a", "b"})}, "data": node{"a": pick(t, []any{"1", "2"})}}
	}
	switch s["type"] {
	case "string":
		return g.text(t, s, name)
	case "integer":
		return int64(rapid.IntRange(bound(s, "minimum", 0), bound(s, "maximum", 100)).Draw(t, "i"))
	case "number":
		return pick(t, []any{int64(1), 1.5, int64(2), 0.25, 2.0})
	case "boolean":
		return rapid.Bool().Draw(t, "b")
	case "array":
		return g.list(t, s, name, depth)
	case "object":
		return g.object(t, s, name, depth)
	}
	return anyJSON(t, 2)
}

func bound(s node, name string, otherwise int) int {
	if f, ok := s[name].(float64); ok {
		return int(f)
	}
	if n, ok := s[name].(int64); ok {
		return int(n)
	}
	return otherwise
}

func (g generator) text(t *rapid.T, s node, name string) any {
	if p, ok := s["pattern"].(string); ok {
		return rapid.StringMatching(p).Draw(t, "pattern")
	}
	if s["format"] == "date-time" {
		return pick(t, []any{"2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-02-03T04:05:06Z"})
	}
	if s["format"] == "byte" {
		return pick(t, []any{"YQ==", "Yg=="})
	}
	if w := g.words[name]; len(w) > 0 {
		return pick(t, w)
	}
	return pick(t, g.words[""])
}

func (g generator) list(t *rapid.T, s node, name string, depth int) any {
	n := rapid.IntRange(0, 3).Draw(t, "n")
	out := []any{}
	for range n {
		out = append(out, g.value(t, g.items(s), name, depth-1))
	}
	return g.unique(s, out)
}

// unique drops elements of a set or of a keyed list that are there already.
func (g generator) unique(s node, list []any) []any {
	keys, seen := listKeys(s), map[string]bool{}
	if keys == nil && s["x-kubernetes-list-type"] != "set" {
		return list
	}
	return slices.DeleteFunc(list, func(v any) bool {
		id := fmt.Sprint(v)
		if m, ok := v.(node); ok && keys != nil {
			id = ""
			for _, k := range keys {
				id += fmt.Sprint(m[k], "/")
			}
		}
		again := seen[id]
		seen[id] = true
		return again
	})
}

func (g generator) object(t *rapid.T, s node, name string, depth int) any {
	out := node{}
	if p, ok := s["properties"].(node); ok {
		required, _ := s["required"].([]any)
		for _, f := range slices.Sorted(maps.Keys(p)) {
			need := slices.ContainsFunc(required, func(r any) bool { return r == f })
			if need || depth > 0 && f != "status" && chance(t, 100/(len(p)+1)+10+20*max(depth-2, 0)) {
				out[f] = g.value(t, p[f].(node), f, depth-1)
			}
		}
		return out
	}
	if a, ok := s["additionalProperties"].(node); ok {
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			out[pick(t, []string{"a", "b", "c", "cpu", "memory", "example.com/k"})] = g.value(t, a, name, depth-1)
		}
		return out
	}
	if s["x-kubernetes-preserve-unknown-fields"] == true || len(s) <= 3 {
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			out[pick(t, []string{"a", "b", "c"})] = anyJSON(t, 2)
		}
	}
	return out
}

func anyJSON(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 3+depth).Draw(t, "any") {
	case 0:
		return pick(t, []any{"x", "y", "1"})
	case 1:
		return pick(t, []any{int64(1), int64(2), 1.5})
	case 2, 3:
		return rapid.Bool().Draw(t, "b")
	case 4:
		out := node{}
		for range rapid.IntRange(0, 2).Draw(t, "n") {
			out[pick(t, []string{"a", "b", "c"})] = anyJSON(t, depth-1)
		}
		return out
	}
	out := []any{}
	for range rapid.IntRange(0, 2).Draw(t, "n") {
		out = append(out, anyJSON(t, depth-1))
	}
	return out
}
