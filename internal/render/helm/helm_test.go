package helm

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// The renderings themselves are tried as data in internal/render and test/badinput.

func TestEscapeCommas(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "a,b": `a\,b`, `a\,b`: `a\,b`, ",": `\,`, "a,,b": `a\,\,b`, "{a,b}": "{a,b}", "{a,b": `{a\,b`, "ü,ü": `ü\,ü`,
	} {
		if got := escapeCommas(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestMessagesRepeatNoTemplates(t *testing.T) {
	for in, want := range map[string]string{
		`error during tpl function execution for "hunter2 \"x\"\n{{ .a }}": nil pointer`: `error during tpl function execution for "…": nil pointer`,
		`cannot parse template "hunter2": template: gotpl:1`:                             `cannot parse template "…": template: gotpl:1`,
		`template: x:1: nothing`: `template: x:1: nothing`,
	} {
		if got := withoutTemplateText(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestMatters(t *testing.T) {
	for _, name := range []string{"Chart.yaml", "charts/a.tgz", "templates/_h.tpl", "values.schema.json", "Chart.lock", "crds/a.yml"} {
		if !matters(name) {
			t.Errorf("%s does not matter", name)
		}
	}
	for _, name := range []string{"logo.png", "README.md", "LICENSE"} {
		if matters(name) {
			t.Errorf("%s matters", name)
		}
	}
}

// chartRepo is a chart with a schema and a subchart with another.
func chartRepo(values string) fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"Chart.yaml": file("apiVersion: v2\nname: top\nversion: 1.0.0\n"), "values.yaml": file(values),
		"values.schema.json":            file(`{"properties": {"mode": {"enum": ["a", "b"]}, "when": {"format": "date", "pattern": "^2"}}}`),
		"charts/sub/Chart.yaml":         file("apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
		"charts/sub/values.schema.json": file(`{"type": "object", "properties": {"size": {"type": "integer", "minimum": 3}}}`),
	}
}

// TestSchemas: what the values do wrong is said by its place, never by the values.
func TestSchemas(t *testing.T) {
	for _, tt := range []struct{ reason, values, want string }{
		{"all is well", "mode: a\nsub: {size: 5}\n", ""},
		{"nothing is there", "", ""},
		{"one of a list", "mode: hunter2\n", "chart top: values do not match values.schema.json: /mode: value must be one of 'a', 'b'"},
		{"a pattern", "when: hunter2\n", "chart top: values do not match values.schema.json: /when does not match the pattern \"^2\""},
		{"a subchart's", "sub: {size: 1}\n", "chart sub: values do not match values.schema.json: /size: minimum: got 1, want 3"},
		{"a subchart's that is no mapping", "sub: hunter2\n", ".: values: type mismatch on sub: "},
		{"more than one, in order", "mode: x\nwhen: x\n", "/mode: value must be one of 'a', 'b'; /when does not match"},
	} {
		out, err := Render(t.Context(), Input{Files: tree.NewReader(t.Context(), chartRepo(tt.values), 1<<20), Dir: ".", AppName: "x"})
		// Helm's own messages are cleared of values where all are (tree.Clip).
		if (err == nil) != (tt.want == "") || !strings.Contains(fmt.Sprint(err), tt.want) || strings.Contains(tree.Clip(fmt.Sprint(err)), "hunter2") {
			t.Errorf("%s: got %v", tt.reason, err)
		}
		if err != nil && (fault.KindOf(err) != fault.Broken || out.Objects != nil) {
			t.Errorf("%s: kind %s, %v", tt.reason, fault.KindOf(err), out)
		}
		skip := Input{Files: tree.NewReader(t.Context(), chartRepo(tt.values), 1<<20), Dir: ".", AppName: "x", Helm: v1alpha1.ApplicationSourceHelm{SkipSchemaValidation: true}}
		if _, err := Render(t.Context(), skip); err != nil && !strings.Contains(tt.reason, "no mapping") {
			t.Errorf("%s: skipped, and yet %v", tt.reason, err)
		}
	}
}

func TestLocate(t *testing.T) {
	r := &renderer{Input: Input{
		Files: tree.NewReader(t.Context(), fstest.MapFS{}, 1<<20), Dir: "charts/web", Refs: map[string]fs.FS{"values": fstest.MapFS{}},
	}}
	for _, tt := range []struct {
		reason, written string
		want            valueFile
		kind            fault.Kind // of the refusal
	}{
		{"beside the chart", "a.yaml", valueFile{name: "charts/web/a.yaml"}, 0},
		{"within the repository", "../../env/a.yaml", valueFile{name: "env/a.yaml"}, 0},
		{"rooted", "/env/a.yaml", valueFile{name: "env/a.yaml"}, 0},
		{"another source's", "$values/env/a.yaml", valueFile{ref: "values", name: "env/a.yaml"}, 0},
		{"out of the repository", "../../../a", valueFile{}, fault.Invalid},
		{"out of it, rooted", "/../a", valueFile{}, fault.Invalid},
		{"out of another source's", "$values/../a", valueFile{}, fault.Invalid},
		{"a source that is not there", "$nope/a", valueFile{}, fault.Invalid},
		{"the repository itself", "../..", valueFile{}, fault.Invalid},
		{"a scheme that is allowed", "https://user:hunter2@x/a", valueFile{url: "https://user:hunter2@x/a"}, 0},
		{"a scheme that is not allowed", "file:///etc/passwd", valueFile{}, fault.Invalid},
		{"a NUL byte", "a\x00", valueFile{}, fault.Invalid},
	} {
		got, err := r.locate("f", tt.written)
		if tt.kind == 0 {
			if err != nil || !cmp.Equal(got, tt.want, cmp.AllowUnexported(valueFile{})) {
				t.Errorf("%s: got %+v, %v", tt.reason, got, err)
			}
			continue
		}
		if fault.KindOf(err) != tt.kind || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %+v, %v", tt.reason, got, err)
		}
	}
}

// FuzzLocate: wherever a value file lies, it lies in a tree.
func FuzzLocate(f *testing.F) {
	for _, seed := range []string{"a", "/a", "../../a", "$values/a", "$values/../a", "$ARGOCD_APP_NAME/a", "https://x", "~", "a\\b", "$", "$/", "//a", "%2e%2e/a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		r := &renderer{Input: Input{Dir: "charts/web", Refs: map[string]fs.FS{"values": fstest.MapFS{}}}}
		got, err := r.locate("f", written)
		if err != nil {
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind == fault.Internal {
				t.Errorf("%q: %v", written, err)
			}
			return
		}
		if got.url != "" {
			return
		}
		if !fs.ValidPath(got.name) || got.ref != "" && got.ref != "values" {
			t.Errorf("%q leads to %+v", written, got)
		}
	})
}
