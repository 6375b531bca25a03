package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// component is a directory of the tree with all below it.
type component struct {
	layer string
	// may are the layers and components that it imports besides itself.
	may []string
	// because is why it imports no more.
	because string
}

// The layers, from the words that everyone shares to the wiring.
const (
	words     = "words"
	leaves    = "leaves"
	inputs    = "inputs"
	decisions = "decisions"
	action    = "action"
	loops     = "loops"
	edges     = "edges"
	wiring    = "wiring"
)

// The reasons, one per kind of rule.
const (
	becauseWords     = "everyone imports the words, so they import nobody"
	becauseLeaf      = "a leaf knows nothing of the product, so that it can be understood alone"
	becauseInput     = "inputs know nothing of each other: render takes an fs.FS and not a source, and whoever needs two of them joins them in a loop"
	becauseDecision  = "decisions are values in, values out, and each builds only on those to its left: desired < health < diff < plan < status"
	becauseAction    = "applying uses what was decided and knows no loop"
	becauseLoop      = "a loop joins inputs, decisions and action; whoever serves its results reads them from view"
	becauseRead      = "the read side shows what is; it never fetches, renders or applies"
	becauseEdge      = "an edge renders and applies nothing: it declares an interface and cmd hands the implementation in, and commands go through the Kubernetes API"
	becauseEverybody = "cmd wires everything"
)

// components is the import rule of ARCHITECTURE.md, component by component.
var components = map[string]component{
	"api":      {words, nil, becauseWords},
	"fault":    {words, []string{"api"}, becauseWords},
	"resource": {words, []string{"api"}, becauseWords},

	"authz":      {leaves, []string{words}, becauseLeaf},
	"filetree":   {leaves, []string{words}, becauseLeaf},
	"jq":         {leaves, []string{words}, becauseLeaf},
	"jsonobject": {leaves, []string{words}, becauseLeaf},
	"luavm":      {leaves, []string{words}, becauseLeaf},
	"scm":        {leaves, []string{words}, becauseLeaf},
	"lease":      {leaves, []string{words}, becauseLeaf},
	"ring":       {leaves, []string{words}, becauseLeaf},
	"table":      {leaves, []string{words}, becauseLeaf},
	"telemetry":  {leaves, []string{words}, becauseLeaf},
	"ui":         {leaves, nil, becauseLeaf},

	"source":   {inputs, []string{words, leaves}, becauseInput},
	"render":   {inputs, []string{words, leaves}, becauseInput},
	"cluster":  {inputs, []string{words, leaves}, becauseInput},
	"settings": {inputs, []string{words, leaves}, becauseInput},

	"desired": {decisions, []string{words, leaves}, becauseDecision},
	"health":  {decisions, []string{words, leaves, "desired"}, becauseDecision},
	"diff":    {decisions, []string{words, leaves, "desired", "health"}, becauseDecision},
	"plan":    {decisions, []string{words, leaves, "desired", "health", "diff", "plan/once"}, becauseDecision},
	"status":  {decisions, []string{words, leaves, "desired", "health", "diff", "plan", "plan/once"}, becauseDecision},

	// What can be done to an object is told by the object alone.
	"action": {decisions, []string{words, leaves}, becauseDecision},

	// The ledger of hooks and people's choices about them are words that the edges
	// share with the controller, so it builds on nothing.
	"plan/once": {decisions, []string{words, leaves}, becauseDecision},

	"apply":  {action, []string{words, leaves, inputs, decisions}, becauseAction},
	"notify": {action, []string{words, leaves, inputs, decisions}, becauseAction},

	"controller": {loops, []string{words, leaves, inputs, decisions, action, "view"}, becauseLoop},
	"view":       {loops, []string{words, leaves, "cluster", "settings", decisions}, becauseRead},
	"authn":      {loops, []string{words, leaves, "settings"}, becauseRead},

	"client": {edges, []string{words, "view", "authn", "authz", "settings", "plan/once"}, becauseEdge},
	"server": {edges, []string{words, "view", "authn", "authz", "settings", "ui"}, becauseEdge},
	"cli":    {edges, []string{words, "view", "authn", "authz", "settings", "client", "plan/once"}, becauseEdge},

	"demo": {wiring, []string{words, "tests"}, "the demo is a user of the programs: it talks to them as people do"},
	"cmd":  {wiring, []string{words, leaves, inputs, decisions, action, loops, edges}, becauseEverybody},

	// What only tests import may import everything, and nobody else imports it.
	"test":     {"tests", []string{words, leaves, inputs, decisions, action, loops, edges, wiring}, ""},
	"archtest": {"tests", nil, ""},
}

// componentOf is the component that a directory belongs to: a directory within a
// component if it has a rule of its own.
func componentOf(dir string) string {
	parts := strings.Split(dir, "/")
	if parts[0] != "internal" || len(parts) == 1 {
		return parts[0]
	}
	if len(parts) > 2 {
		inner := parts[1] + "/" + parts[2]
		if _, ok := components[inner]; ok {
			return inner
		}
	}
	return parts[1]
}

// importRule: a component imports its own layer's permitted components only, and
// the words nothing but the standard library and apimachinery.
func importRule(_ *testing.T, m *module) []string {
	var breaches []string
	m.each(func(p *pkg) {
		from := componentOf(p.dir)
		c, ok := components[from]
		if !ok {
			breaches = append(breaches, fmt.Sprintf("%s has no layer: give %q one in internal/archtest/imports_test.go", p.dir, from))
			return
		}
		for _, path := range p.imports() {
			to, local := m.local(path)
			switch {
			case local && !c.mayImport(from, componentOf(to)):
				breaches = append(breaches, fmt.Sprintf("%s imports %s: %s may import %s; %s", p.dir, to, from, c.text(), c.because))
			case !local && c.layer == words && strings.Contains(path, ".") && !strings.HasPrefix(path, "k8s.io/apimachinery/"):
				breaches = append(breaches, fmt.Sprintf("%s imports %s: of other modules the words use apimachinery only, as everyone would depend on more", p.dir, path))
			}
		}
	})
	return breaches
}

func (c component) mayImport(from, to string) bool {
	if from == to || slices.Contains(c.may, to) {
		return true
	}
	target, ok := components[to]
	return ok && slices.Contains(c.may, target.layer)
}

func (c component) text() string {
	if c.may == nil {
		return "nothing of this module"
	}
	return strings.Join(c.may, ", ")
}
