package output

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

func TestClean(t *testing.T) {
	for _, tc := range []struct{ reason, in, want string }{
		{"plain text stays", "Deployment ui", "Deployment ui"},
		{"other scripts stay", "Größe 尺寸 ✓", "Größe 尺寸 ✓"},
		{"colours go", "\x1b[1;31mred\x1b[0m", "red"},
		{"a title is dropped with its text", "a\x1b]0;owned\ab", "ab"},
		{"a link is dropped, its label stays", "\x1b]8;;http://evil\x1b\\label\x1b]8;;\x1b\\", "label"},
		{"a string that never ends does not eat the next line", "a\x1b]0;x\nb", "a b"},
		{"one-byte C1 forms count", "a\u009b31mb\u009d0;x\u009cc", "abc"},
		{"a broken sequence ends at the next control", "a\x1b[3\x1b[1mb", "ab"},
		{"charset switches go", "a\x1b(0b", "ab"},
		{"an escape at the end", "a\x1b", "a"},
		{"line breaks become spaces", "a\r\nb\tc\n", "a b c "},
		{"carriage returns cannot overwrite", "good\rbad", "goodbad"},
		{"backspaces go", "ab\b\bc", "abc"},
		{"direction marks go", "a\u202egnp.exe", "agnp.exe"},
		{"bytes that are no UTF-8", "a\xffb", "a\ufffdb"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			if got := Clean(tc.in); got != tc.want {
				t.Errorf("Clean(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31mb\x1b]0;x\a\u009b\u202e\xff\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{"Clean": Clean(s), "CleanLines": CleanLines(s), "visible": visible(s)} {
			for _, r := range got {
				if unicode.IsControl(r) && (name == "Clean" || r != '\n' && r != '\t') || turnsText(r) {
					t.Fatalf("%s(%q) = %q holds %U", name, s, got, r)
				}
			}
			if !utf8.ValidString(got) {
				t.Fatalf("%s(%q) is not UTF-8", name, s)
			}
		}
		if once := Clean(s); Clean(once) != once {
			t.Fatalf("Clean(%q) = %q is not clean", s, once)
		}
	})
}

// TestTableAligns draws tables of any text: every line is one line, no wider than
// the reader where cells may be cut, and columns start where their headers do.
func TestTableAligns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.String(), 3, 3), 0, 5).Draw(t, "rows")
		var b strings.Builder
		p := Printer{W: &b}
		p.Table(Columns("ONE", "TWO", "THREE"), rows)
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != len(rows)+1 {
			t.Fatalf("%d lines for %d rows: %q", len(lines), len(rows), lines)
		}
		for i, row := range rows {
			first := Clean(row[0])
			if !strings.HasPrefix(lines[i+1], strings.TrimRight(first, " ")) {
				t.Fatalf("line %q does not start with %q", lines[i+1], first)
			}
		}
	})
}

func TestTableCuts(t *testing.T) {
	columns := Columns("NAME", "MESSAGE")
	columns[1].Cut = true
	rows := [][]string{{"ui", "a message that is much too long for this reader"}, {"尺寸", "短"}}
	for _, tc := range []struct {
		reason string
		width  int
		want   string
	}{
		{"no limit", 0, "NAME  MESSAGE\nui    a message that is much too long for this reader\n尺寸  短\n"},
		{"cut to fit", 30, "NAME  MESSAGE\nui    a message that is much…\n尺寸  短\n"},
		{"never below what can be read", 5, "NAME  MESSAGE\nui    a message t…\n尺寸  短\n"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			var b strings.Builder
			p := Printer{W: &b, Width: tc.width}
			p.Table(columns, rows)
			if diff := cmp.Diff(tc.want, b.String()); diff != "" {
				t.Error(diff)
			}
			for line := range strings.Lines(b.String()) {
				if tc.width >= 30 && lipgloss.Width(strings.TrimSuffix(line, "\n")) > tc.width {
					t.Errorf("%q is wider than %d", line, tc.width)
				}
			}
		})
	}
}

// TestFormatsLoseNothing writes any text as JSON and YAML: it comes back as it
// was, and nothing in between controls a terminal.
func TestFormatsLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := map[string]string{"text": rapid.StringOf(rapid.OneOf(
			rapid.Rune(), rapid.RuneFrom([]rune{0x1b, 0x9b, 0x85, 0x202e, 0x2028, '\n', '\r', '"', '\'', ':', '#'}),
		)).Draw(t, "text")}
		var j, y strings.Builder
		if err := (&Printer{W: &j}).JSON(in); err != nil {
			t.Fatal(err)
		}
		if err := (&Printer{W: &y}).YAML(in); err != nil {
			t.Fatal(err)
		}
		var fromJSON, fromYAML map[string]string
		if err := json.Unmarshal([]byte(j.String()), &fromJSON); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(y.String()), &fromYAML); err != nil {
			t.Fatalf("%v\n%s", err, y.String())
		}
		if diff := cmp.Diff(in, fromJSON); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(in, fromYAML); diff != "" {
			t.Fatalf("%s\n%s", diff, y.String())
		}
		for _, out := range []string{j.String(), y.String()} {
			if CleanLines(out) != out {
				t.Fatalf("%q controls a terminal", out)
			}
		}
	})
}

func TestDiff(t *testing.T) {
	for _, tc := range []struct{ reason, from, to, want string }{
		{"equal texts", "a\n", "a\n", ""},
		{"a line more", "a\n", "a\nb", "--- live\n+++ desired\n@@ -1,1 +1,2 @@\n a\n+b\n"},
		{"nothing hides", "a\n", "\u202ea\x1b[8m\n", "--- live\n+++ desired\n@@ -1,1 +1,1 @@\n-a\n+\\u202ea\\u001b[8m\n"},
		{"from nothing", "", "a", "--- live\n+++ desired\n@@ -0,0 +1,1 @@\n+a\n"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			var b strings.Builder
			(&Printer{W: &b}).Diff(Text{Name: "live", Content: tc.from}, Text{Name: "desired", Content: tc.to})
			if diff := cmp.Diff(tc.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
