package archtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const maxDependencies = 50

// row is a line of the table in docs/dependencies.md: module, why, what would replace it.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|([^|\n]*)\\|([^|\n]*)\\|$")

// dependencyRule: there are few direct dependencies, and docs/dependencies.md has
// a reason for each and for none besides.
func dependencyRule(t *testing.T, m *module) []string {
	direct := directDependencies(m.read(t, "go.mod"))
	var breaches []string
	if len(direct) > maxDependencies {
		breaches = append(breaches, fmt.Sprintf("go.mod: %d direct dependencies, %d are allowed", len(direct), maxDependencies))
	}
	explained := map[string]bool{}
	for _, match := range row.FindAllStringSubmatch(m.read(t, "docs/dependencies.md"), -1) {
		module, why, instead := match[1], strings.TrimSpace(match[2]), strings.TrimSpace(match[3])
		explained[module] = true
		if !slices.Contains(direct, module) {
			breaches = append(breaches, fmt.Sprintf("docs/dependencies.md: %s is no direct dependency any more", module))
		}
		if why == "" || instead == "" {
			breaches = append(breaches, fmt.Sprintf("docs/dependencies.md: %s lacks its reason, or what would replace it", module))
		}
	}
	for _, module := range direct {
		if !explained[module] {
			breaches = append(breaches, fmt.Sprintf("docs/dependencies.md: no line for %s: why it is there and what would replace it", module))
		}
	}
	return breaches
}

// directDependencies are the modules that a go.mod requires for itself.
func directDependencies(gomod string) []string {
	var out []string
	inBlock := false
	for line := range strings.SplitSeq(gomod, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
			continue
		case strings.HasPrefix(line, "require "):
			line = strings.TrimPrefix(line, "require ")
		case !inBlock:
			continue
		}
		module, _, _ := strings.Cut(line, " ")
		if module != "" && !strings.Contains(line, "// indirect") {
			out = append(out, module)
		}
	}
	return out
}
