package truth

import (
	"fmt"

	"pgregory.net/rapid"
)

const quantityPattern = `^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`

// definition is a CRD with a drawn structural schema in spec. Every second one has a
// status subresource.
func definition(i int) (crd, schema node) {
	spec := rapid.Custom(func(t *rapid.T) node {
		p := node{}
		for n := range 10 {
			p[fmt.Sprintf("f%d", n)] = fieldSchema(t, n, 3)
		}
		return node{"type": "object", "properties": p}
	}).Example(1000 + i)
	schema = node{"type": "object", "properties": node{"spec": spec, "status": node{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}
	version := node{"name": "v1", "served": true, "storage": true, "schema": node{"openAPIV3Schema": schema}}
	if i%2 == 0 {
		version["subresources"] = node{"status": node{}}
	}
	plural := fmt.Sprintf("things%d", i)
	return node{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": node{"name": plural + ".truth.example.com"},
		"spec": node{
			"group": "truth.example.com", "scope": "Namespaced",
			"names":    node{"kind": fmt.Sprintf("Thing%d", i), "listKind": fmt.Sprintf("Thing%dList", i), "plural": plural, "singular": fmt.Sprintf("thing%d", i)},
			"versions": []any{version},
		},
	}, schema
}

// fieldSchema draws the n-th field, so that each definition has one of each feature.
func fieldSchema(t *rapid.T, n, depth int) node {
	switch n {
	case 0:
		return maybeDefault(t, node{"type": "string"}, "web")
	case 1:
		return node{"x-kubernetes-int-or-string": true, "anyOf": []any{node{"type": "integer"}, node{"type": "string"}}, "pattern": quantityPattern}
	case 2:
		return node{"type": "object", "properties": fieldsOf(t, depth-1), "x-kubernetes-map-type": pick(t, []any{"atomic", "granular"})}
	case 3:
		return node{"type": "object", "additionalProperties": scalarOrStruct(t, depth-1), "x-kubernetes-map-type": pick(t, []any{"atomic", "granular"})}
	case 4:
		return node{"type": "array", "x-kubernetes-list-type": "set", "items": pick(t, []node{{"type": "string"}, {"type": "integer"}, atomicItem()})}
	case 5:
		return keyedList(t, depth-1)
	case 6:
		return node{"type": "array", "x-kubernetes-list-type": "atomic", "items": scalarOrStruct(t, depth-1)}
	case 7:
		return pick(t, []node{
			{"type": "object", "x-kubernetes-preserve-unknown-fields": true},
			{"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
		})
	case 8:
		return node{"type": "array", "items": node{"type": "array", "items": scalarOrStruct(t, depth-1)}}
	}
	return anySchema(t, depth-1)
}

func atomicItem() node {
	return node{"type": "object", "x-kubernetes-map-type": "atomic", "properties": node{"a": node{"type": "string"}, "b": node{"type": "integer"}}}
}

func fieldsOf(t *rapid.T, depth int) node {
	p := node{}
	for _, name := range []string{"a", "b", "c"} {
		p[name] = anySchema(t, depth)
	}
	return p
}

func scalarOrStruct(t *rapid.T, depth int) node {
	if depth > 0 && rapid.Bool().Draw(t, "struct") {
		return node{"type": "object", "properties": fieldsOf(t, depth-1)}
	}
	return pick(t, []node{{"type": "string"}, {"type": "integer"}})
}

func maybeDefault(t *rapid.T, s node, value any) node {
	switch rapid.IntRange(0, 3).Draw(t, "default") {
	case 0:
		s["default"] = value
	case 1:
		s["nullable"] = true
	case 2:
		s["default"], s["nullable"] = value, true
	}
	return s
}

func anySchema(t *rapid.T, depth int) node {
	if depth <= 0 {
		return scalarSchema(t)
	}
	switch rapid.IntRange(0, 5).Draw(t, "schema") {
	case 0, 1:
		return scalarSchema(t)
	case 2:
		return maybeDefault(t, node{"type": "object", "properties": fieldsOf(t, depth-1)}, node{})
	case 3:
		return keyedList(t, depth-1)
	case 4:
		return maybeDefault(t, node{"type": "array", "items": node{"type": "string"}, "x-kubernetes-list-type": pick(t, []any{"atomic", "set"})}, []any{"x"})
	}
	return node{"type": "object", "additionalProperties": node{"type": "string"}}
}

func scalarSchema(t *rapid.T) node {
	switch rapid.IntRange(0, 5).Draw(t, "scalar") {
	case 0:
		return maybeDefault(t, node{"type": "string", "enum": []any{"a", "b", "c"}}, "a")
	case 1:
		return maybeDefault(t, node{"type": "integer", "minimum": int64(0), "maximum": int64(9)}, int64(3))
	case 2:
		return maybeDefault(t, node{"type": "boolean"}, true)
	case 3:
		return node{"x-kubernetes-int-or-string": true}
	case 4:
		return maybeDefault(t, node{"type": "number"}, 1.5)
	}
	return maybeDefault(t, node{"type": "string", "pattern": "^[a-c]{1,2}$"}, "a")
}

// keyedList has one to three keys; the last has a default if there are several.
func keyedList(t *rapid.T, depth int) node {
	p := node{"value": anySchema(t, depth)}
	var keys, required []any
	n := rapid.IntRange(1, 3).Draw(t, "keys")
	for i := range n {
		name := fmt.Sprintf("k%d", i)
		keys = append(keys, name)
		p[name] = pick(t, []node{{"type": "string"}, {"type": "integer"}})
		if n > 1 && i == n-1 {
			p[name] = node{"type": "string", "default": "TCP", "enum": []any{"TCP", "UDP"}}
			continue
		}
		required = append(required, name)
	}
	return node{
		"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys,
		"items": node{"type": "object", "properties": p, "required": required},
	}
}
