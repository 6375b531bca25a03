package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// namesOfNothing say that a package has no subject.
var namesOfNothing = []string{"pkg", "util", "utils", "common", "helper", "helpers", "types", "manager", "misc"}

// nameRule: a package is named for its subject.
func nameRule(_ *testing.T, m *module) []string {
	var breaches []string
	m.each(func(p *pkg) {
		for part := range strings.SplitSeq(p.dir, "/") {
			if slices.Contains(namesOfNothing, part) {
				breaches = append(breaches, fmt.Sprintf("%s: %q is no subject: name the package for what it is about", p.dir, part))
			}
		}
	})
	return breaches
}

// habitRule: nothing happens at import, and the environment is read in cmd.
func habitRule(_ *testing.T, m *module) []string {
	var breaches []string
	m.each(func(p *pkg) {
		if c := componentOf(p.dir); c != "cmd" && c != "test" {
			for _, use := range m.uses(p, "os", []string{"Environ", "Getenv", "LookupEnv"}) {
				breaches = append(breaches, use+": the environment is read in cmd and handed on as a value")
			}
		}
		for name, file := range p.files {
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					breaches = append(breaches, m.position(f)+": func init: an import does nothing; make a constructor")
				}
			}
			if base := path.Base(name); slices.Contains([]string{"util.go", "utils.go", "misc.go", "types.go", "helpers.go", "common.go"}, base) {
				breaches = append(breaches, name+": name the file for the part that it holds")
			}
		}
	})
	slices.Sort(breaches)
	return breaches
}
