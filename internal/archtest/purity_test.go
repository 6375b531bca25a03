package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// impure are the packages that a decision may not import: network, disk,
// environment, processes, logs, chance. A name with a slash at its end stands
// for all below it.
var impure = []string{
	"net", "net/http", "net/http/", "net/rpc", "net/rpc/", "net/smtp", "os", "os/", "syscall", "io/ioutil", "path/filepath",
	"log", "log/", "math/rand", "math/rand/", "crypto/rand", "k8s.io/klog/", "k8s.io/client-go/",
}

// clock are the functions of package time that look at the clock or wait.
var clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

// purityRule: decisions are pure.
func purityRule(_ *testing.T, m *module) []string {
	var breaches []string
	m.each(func(p *pkg) {
		if components[componentOf(p.dir)].layer != decisions {
			return
		}
		for _, path := range p.imports() {
			if slices.ContainsFunc(impure, func(rule string) bool {
				return path == rule || strings.HasSuffix(rule, "/") && strings.HasPrefix(path, rule)
			}) {
				breaches = append(breaches, fmt.Sprintf("%s imports %s: decisions are pure, so that they can be tested, fuzzed and measured without a cluster; take the value as an argument", p.dir, path))
			}
		}
		for _, call := range m.uses(p, "time", clock) {
			breaches = append(breaches, call+": decisions do not look at the clock and do not wait; take the time as an argument")
		}
	})
	return breaches
}

// uses are the places where a package names one of the functions of another.
func (m *module) uses(p *pkg, importPath string, names []string) []string {
	var out []string
	for _, file := range p.files {
		local := localName(file, importPath)
		if local == "" {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, sel.Sel.Name) {
				out = append(out, fmt.Sprintf("%s uses %s.%s", m.position(sel), importPath, sel.Sel.Name))
			}
			return true
		})
	}
	slices.Sort(out)
	return out
}

// localName is the name that a file imports a standard package under, or empty.
func localName(file *ast.File, path string) string {
	for _, i := range file.Imports {
		if importPath(i) != path {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}
