package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// The budgets of ARCHITECTURE.md.
const (
	maxFileLines     = 500
	maxFunctionLines = 100
	maxPackageLines  = 3000
	maxOwnImports    = 10
	maxParameters    = 5
)

// wide are the packages whose work is to join many others. internal/cli is the root of
// the command tree: each command that finds a package of its own is one import more.
func wide(dir string) bool {
	return dir == "internal/cli" || strings.HasPrefix(dir, "cmd/") || strings.HasPrefix(dir, "internal/controller/") || strings.HasPrefix(dir, "test/")
}

// sizeRule: what outgrows its budget has a seam that should be found.
func sizeRule(_ *testing.T, m *module) []string {
	var breaches []string
	m.each(func(p *pkg) {
		total := 0
		for _, file := range p.files {
			lines := m.set.File(file.Pos()).LineCount()
			total += lines
			if lines > maxFileLines {
				breaches = append(breaches, fmt.Sprintf("%s has %d lines, %d are allowed", m.set.Position(file.Pos()).Filename, lines, maxFileLines))
			}
			breaches = append(breaches, m.functionBreaches(file)...)
		}
		if total > maxPackageLines {
			breaches = append(breaches, fmt.Sprintf("%s has %d lines, a package is allowed %d", p.dir, total, maxPackageLines))
		}
		own := slices.DeleteFunc(p.imports(), func(path string) bool { _, local := m.local(path); return !local })
		if len(own) > maxOwnImports && !wide(p.dir) {
			breaches = append(breaches, fmt.Sprintf("%s imports %d packages of this module, %d are allowed", p.dir, len(own), maxOwnImports))
		}
	})
	slices.Sort(breaches)
	return breaches
}

func (m *module) functionBreaches(file *ast.File) []string {
	var breaches []string
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := m.lines(f); lines > maxFunctionLines {
			breaches = append(breaches, fmt.Sprintf("%s: %s has %d lines, a function is allowed %d", m.position(f), f.Name.Name, lines, maxFunctionLines))
		}
		if n := f.Type.Params.NumFields(); n > maxParameters {
			breaches = append(breaches, fmt.Sprintf("%s: %s has %d parameters, %d are allowed: make them a struct", m.position(f), f.Name.Name, n, maxParameters))
		}
	}
	return breaches
}
