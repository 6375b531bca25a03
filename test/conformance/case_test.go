package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// kase is one data file.
type kase struct {
	name   string
	number int // in the order of the files
	// rule is the comment.
	rule  string
	ar    *txtar.Archive
	files map[string]string
	lines []line
}

// line is an action with what is wanted of it.
type line struct {
	action string
	// writes are wanted lines of writes, results those after them.
	writes, results []string
}

// source is how a rule names where it is from.
var source = regexp.MustCompile(`(?m)argo-cd\.md §\d|issue 3, |argo-cd #\d`)

func load(t *testing.T) []*kase {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var cases []*kase
	for i, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := &kase{
			name: strings.TrimSuffix(filepath.Base(name), ".txtar"), number: i, rule: string(ar.Comment), ar: ar,
			files: map[string]string{},
		}
		for _, f := range ar.Files {
			c.files[f.Name] = string(f.Data)
		}
		if !source.MatchString(c.rule) {
			t.Errorf("%s: the comment does not say where the rule is from", name)
		}
		if c.lines, err = parseRun(c.files["run"]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cases = append(cases, c)
	}
	return cases
}

const indent = "  "

func parseRun(text string) ([]line, error) {
	if strings.TrimSpace(text) == "" {
		text = "sync\n"
	}
	var lines []line
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, " \n")
		rest, indented := strings.CutPrefix(l, indent)
		switch {
		case l == "":
		case !indented:
			lines = append(lines, line{action: l})
		case len(lines) == 0:
			return nil, fmt.Errorf("run begins with what is wanted: %s", l)
		case isWrite(rest):
			last := &lines[len(lines)-1]
			last.writes = append(last.writes, rest)
		default:
			last := &lines[len(lines)-1]
			last.results = append(last.results, rest)
		}
	}
	return lines, nil
}

// isWrite tells a line of writes from one of results: it begins with a verb.
func isWrite(s string) bool { return s != "" && s[0] >= 'a' && s[0] <= 'z' }

func formatRun(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.action + "\n")
		for _, w := range l.writes {
			b.WriteString(indent + w + "\n")
		}
		for _, r := range l.results {
			b.WriteString(indent + r + "\n")
		}
	}
	return b.String()
}

func (c *kase) wanted() string { return formatRun(c.lines) }

// write writes what was got into the file.
func (c *kase) write(t *testing.T, got string) {
	t.Helper()
	found := false
	for i := range c.ar.Files {
		if c.ar.Files[i].Name == "run" {
			c.ar.Files[i].Data, found = []byte(got), true
		}
	}
	if !found {
		c.ar.Files = append([]txtar.File{{Name: "run", Data: []byte(got)}}, c.ar.Files...)
	}
	if err := os.WriteFile(filepath.Join("testdata", c.name+".txtar"), txtar.Format(c.ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

// matches says whether a got line is as wanted, in which "..." is any text.
func matches(want, got string) bool {
	if !strings.Contains(want, "...") {
		return want == got
	}
	var parts []string
	for part := range strings.SplitSeq(want, "...") {
		parts = append(parts, regexp.QuoteMeta(part))
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(got)
}

// reconcile is got with the wanted line in place of each that matches it.
func reconcile(want, got []string) []string {
	out := append([]string(nil), got...)
	for i := range min(len(want), len(got)) {
		if matches(want[i], got[i]) {
			out[i] = want[i]
		}
	}
	return out
}
