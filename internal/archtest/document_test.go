package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"testing"
)

// minDocumented is the share of exported names that have to be documented, in percent.
const minDocumented = 95

// documentRule: every package begins with its contract, and exported names are documented.
func documentRule(_ *testing.T, m *module) []string {
	var breaches, bare []string
	exported := 0
	m.each(func(p *pkg) {
		documented := len(p.files) == 0
		for _, file := range p.files {
			documented = documented || file.Doc != nil
			for _, decl := range file.Decls {
				names, undocumented := exports(decl)
				exported += names
				for _, name := range undocumented {
					bare = append(bare, m.position(decl)+" "+name)
				}
			}
		}
		if !documented {
			breaches = append(breaches, p.dir+" has no package comment: begin it with its contract, in doc.go")
		}
	})
	if exported > 0 && 100*(exported-len(bare)) < minDocumented*exported {
		slices.Sort(bare)
		breaches = append(breaches, fmt.Sprintf("%d of %d exported names are documented, %d %% have to be; these are not:", exported-len(bare), exported, minDocumented))
		breaches = append(breaches, bare...)
	}
	return breaches
}

// exports counts the exported names of a declaration and lists those without a
// comment of their own or of their group.
func exports(decl ast.Decl) (count int, bare []string) {
	add := func(name *ast.Ident, documented bool) {
		if !name.IsExported() {
			return
		}
		count++
		if !documented {
			bare = append(bare, name.Name)
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || exportedReceiver(d.Recv) {
			add(d.Name, d.Doc != nil)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				add(s.Name, d.Doc != nil || s.Doc != nil)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					add(name, d.Doc != nil || s.Doc != nil || s.Comment != nil)
				}
			}
		}
	}
	return count, bare
}

func exportedReceiver(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}
