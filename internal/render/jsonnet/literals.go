package jsonnet

import (
	"encoding/json"
	"strings"

	gojsonnet "github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
	"github.com/google/go-jsonnet/toolutils"
)

// literals are the values that stand in code: strings but for the names of fields,
// and numbers that are long enough to mean something.
func literals(code string) []string {
	root, err := gojsonnet.SnippetToAST("", code)
	if err != nil {
		return nil // then none of it is ever evaluated
	}
	var out []string
	fieldNames := map[ast.Node]bool{}
	nodes := []ast.Node{root}
	for len(nodes) > 0 {
		node := nodes[len(nodes)-1]
		nodes = append(nodes[:len(nodes)-1], toolutils.Children(node)...)
		switch n := node.(type) {
		case *ast.DesugaredObject:
			for _, field := range n.Fields {
				fieldNames[field.Name] = true
			}
		case *ast.LiteralString:
			if !fieldNames[node] {
				out = append(out, n.Value)
			}
		case *ast.LiteralNumber:
			if len(n.OriginalString) >= minInfix {
				out = append(out, n.OriginalString)
			}
		}
	}
	return out
}

// escaped is text as it stands within a string of JSON.
func escaped(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String()[1:], "\"\n")
}
