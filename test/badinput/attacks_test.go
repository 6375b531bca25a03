package badinput

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	kyaml "sigs.k8s.io/yaml"
)

// attack is one of the list of known ones, and where it is tried.
type attack struct {
	Line   int     `json:"line"`
	Attack string  `json:"attack"`
	Places []place `json:"places"`
}

// place is a file below the repository's root, and a case in it.
type place struct {
	File string `json:"file"`
	Case string `json:"case,omitempty"`
}

// lines is how many lines of peers.md §9.3 are about repositories.
const lines = 7

// TestAttacks: each line of the list is tried, by tests and cases that exist.
func TestAttacks(t *testing.T) {
	data, err := os.ReadFile("testdata/attacks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var attacks []attack
	if err := kyaml.UnmarshalStrict(data, &attacks); err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for _, a := range attacks {
		seen[a.Line]++
		if a.Attack == "" || len(a.Places) == 0 {
			t.Errorf("line %d: %q is tried nowhere", a.Line, a.Attack)
		}
		for _, p := range a.Places {
			if why := p.missing(); why != "" {
				t.Errorf("%s: %s: %s", a.Attack, p.File, why)
			}
		}
	}
	for line := 1; line <= lines; line++ {
		if seen[line] == 0 {
			t.Errorf("nothing of line %d", line)
		}
	}
	if len(seen) != lines {
		t.Errorf("%d lines, want %d", len(seen), lines)
	}
	for _, p := range []place{
		{File: "test/badinput/nothing.go"},
		{File: "test/badinput/attacks_test.go", Case: "Test" + "Nothing"},
		{File: "test/badinput/testdata/paths.txtar", Case: "path: climb"},
		{File: "test/badinput/doc.go", Case: "badinput"},
	} {
		if p.missing() == "" {
			t.Errorf("%+v is there", p)
		}
	}
}

// testName is the name of a test, as opposed to the reason of a case.
var testName = regexp.MustCompile(`^(Test|Fuzz)[A-Z][A-Za-z]*$`)

// missing says why there is no such place; "" if there is.
func (p place) missing() string {
	data, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(p.File)))
	if err != nil {
		return "is not there"
	}
	forms := []string{`"` + p.Case + `"`, "`" + p.Case + "`"}
	switch {
	case p.Case == "":
		return ""
	case testName.MatchString(p.Case):
		forms = []string{"func " + p.Case + "(t *testing.T)"}
	case strings.HasPrefix(p.File, "test/script/"):
		forms = []string{"\napp " + p.Case + " "}
	case !strings.HasSuffix(p.File, ".go"):
		forms = nil
		for _, quote := range []string{"", "'", `"`} {
			forms = append(forms, "reason: "+quote+p.Case+quote+"\n")
		}
	}
	for _, form := range forms {
		if strings.Contains(string(data), form) {
			return ""
		}
	}
	return "has no case " + p.Case
}
