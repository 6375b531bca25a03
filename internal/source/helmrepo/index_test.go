package helmrepo

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"pgregory.net/rapid"
	kyaml "sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

var update = flag.Bool("update", false, "write what was got into testdata")

func TestResolve(t *testing.T) {
	data, err := os.ReadFile("testdata/resolve.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Reason   string   `yaml:"reason"`
		Versions []string `yaml:"versions"`
		Revision string   `yaml:"revision"`
		Want     string   `yaml:"want"`
		Error    string   `yaml:"error"`
	}
	if err := yaml.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		c := &collector{charts: map[string][]release{"app": nil}, left: 100}
		for _, v := range tc.Versions {
			if err := c.add("app", entry{Version: v}); err != nil {
				t.Fatal(err)
			}
		}
		x := &Index{repo: source.Repository{URL: "https://ada:hunter2@charts.example"}, charts: c.charts}
		got, err := x.Resolve("app", tc.Revision)
		if got != tc.Want || tc.Error == "" && err != nil || tc.Error != "" && (err == nil || err.Error() != tc.Error || fault.KindOf(err) != fault.NotFound) {
			t.Errorf("%s: %q, %v", tc.Reason, got, err)
		}
	}
	x := &Index{repo: source.Repository{URL: "https://charts.example"}}
	if _, err := x.Resolve("app", "*"); err == nil || err.Error() != `https://charts.example: the index has no chart "app"` || fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestLocation(t *testing.T) {
	for _, tc := range []struct{ repo, url, want string }{
		{"https://a.example/charts", "x.tgz", "https://a.example/charts/x.tgz"},
		{"https://a.example/charts/", "x.tgz", "https://a.example/charts/x.tgz"},
		{"https://a.example", "charts/x.tgz", "https://a.example/charts/x.tgz"},
		{"https://a.example/charts", "/x.tgz", "https://a.example/x.tgz"},
		{"https://a.example/charts", "../x.tgz", "https://a.example/x.tgz"},
		{"https://a.example/charts?v=1", "x.tgz", "https://a.example/charts/x.tgz?v=1"},
		{"https://ada:hunter2@a.example/charts", "x.tgz", "https://a.example/charts/x.tgz"},
		{"https://a.example/a%2Fb", "x.tgz", "https://a.example/a%2Fb/x.tgz"},
		{"https://a.example/charts?v=1", "https://b.example/x.tgz?y", "https://b.example/x.tgz?y"},
		{"https://a.example/charts?v=1", "//b.example/x.tgz", "https://b.example/x.tgz"},
		{"https://a.example/charts", "oci://b.example/x", "oci://b.example/x"},
		{"https://a.example/charts", "", "is missing"},
		{"https://a.example/charts", "%zz", "is none"},
	} {
		x := &Index{repo: source.Repository{URL: tc.repo}, charts: map[string][]release{"app": {{text: "1.0.0" + tc.url, length: 5}}}}
		got, err := x.Location("app", "1.0.0")
		if err != nil {
			got = err.Error()
		}
		if got != tc.want && (err == nil || !strings.HasSuffix(got, tc.want)) {
			t.Errorf("%s, %s: %s", tc.repo, tc.url, got)
		}
	}
}

// list is what is kept of an index, in its order where it has one.
func list(c *collector) string {
	var b strings.Builder
	x := &Index{charts: c.charts}
	word := func(s string) string {
		if s == "" {
			return "-"
		}
		return strings.ReplaceAll(s, " ", "%20")
	}
	for _, name := range x.Charts() {
		for _, v := range x.Versions(name) {
			created := ""
			if !v.Created.IsZero() {
				created = v.Created.Format(time.RFC3339)
			}
			fmt.Fprintln(&b, word(name), v.Version, word(v.URL), word(v.Digest), word(created))
		}
	}
	return b.String()
}

func newCollector() *collector { return &collector{charts: map[string][]release{}, left: 1 << 20} }

// TestIndex runs testdata/index: an index and what is kept of it, or the error. One
// with a part "whole" is not of the usual form.
func TestIndex(t *testing.T) {
	names, err := filepath.Glob("testdata/index/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]*txtar.File{}
		for i := range archive.Files {
			parts[archive.Files[i].Name] = &archive.Files[i]
		}
		data := parts["index"].Data
		c, err := decodeIndex(iotest.OneByteReader(bytes.NewReader(data)), 10)
		part, got := "want", ""
		if err == nil {
			got = list(c)
		} else {
			part, got = "error", err.Error()+"\n"
			if fault.KindOf(err) != fault.Broken {
				t.Errorf("%s: %v", name, fault.KindOf(err))
			}
		}
		if *update && parts[part] != nil {
			parts[part].Data = []byte(got)
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if parts[part] == nil {
			t.Errorf("%s: %s", name, got)
			continue
		}
		if diff := cmp.Diff(string(parts[part].Data), got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if part == "error" {
			continue
		}
		err = newCollector().stream(bytes.NewReader(data))
		if whole := parts["whole"] != nil; whole != errors.Is(err, errForm) {
			t.Errorf("%s: as it arrives: %v", name, err)
		}
	}
}

// indexFile is Helm's, field for field, which it writes with the same library.
// Helm's own package would need modules that nothing else does.
type indexFile struct {
	ServerInfo  map[string]any            `json:"serverInfo,omitempty"`
	APIVersion  string                    `json:"apiVersion"`
	Generated   time.Time                 `json:"generated"`
	Entries     map[string][]chartVersion `json:"entries"`
	PublicKeys  []string                  `json:"publicKeys,omitempty"`
	Annotations map[string]string         `json:"annotations,omitempty"`
}

type chartVersion struct {
	*chart.Metadata
	URLs    []string  `json:"urls"`
	Created time.Time `json:"created"`
	Removed bool      `json:"removed,omitempty"`
	Digest  string    `json:"digest,omitempty"`
}

var nasty = []string{
	"x", "two\nlines", "version: 6.6.6", "\n- version: 6.6.6\n  urls:\n  - evil.tgz\n", "# no comment", "'", `"`, "a: b", "entries:\n  evil:\n  - version: 1", "---\n",
	"trailing \n", "\ttab", strings.Repeat("long words ", 40), "ü…", "{}", "[", "*", "&a", "|", "null", "true", "1.10", "", " ", "key:", "a #b", "\\", "\u2028", "%", "@", "`",
}

func drawText(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(nasty), 0, 3).Draw(t, label), rapid.SampledFrom([]string{"", "\n", " "}).Draw(t, "joint"))
}

// TestAsHelmWrites: what Helm writes, in YAML and in JSON, is of the form that is
// decoded as it arrives, whatever is in its fields, and gives what decoding it as a
// whole gives.
func TestAsHelmWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		index := indexFile{APIVersion: "v1", Entries: map[string][]chartVersion{}, Generated: time.Unix(1, 1)}
		index.Annotations = map[string]string{"a": drawText(t, "annotation"), "b": drawText(t, "annotation")}
		for range rapid.IntRange(0, 4).Draw(t, "charts") {
			name := rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,8}`).Draw(t, "name")
			for range rapid.IntRange(0, 3).Draw(t, "versions") {
				index.Entries[name] = append(index.Entries[name], chartVersion{
					Metadata: &chart.Metadata{
						Name: name, Description: drawText(t, "description"), APIVersion: "v2", AppVersion: drawText(t, "appVersion"),
						Version:      rapid.SampledFrom([]string{"1.0.0", "v1.2.3-rc.1+build", "1.10", "1e3", "0x10", "latest", "2024-01-01", "~", "true"}).Draw(t, "version"),
						Keywords:     []string{drawText(t, "keyword")},
						Maintainers:  []*chart.Maintainer{{Name: drawText(t, "maintainer"), URL: "https://x"}},
						Dependencies: []*chart.Dependency{{Name: "sub", Version: "6.6.6", Tags: []string{drawText(t, "tag")}}},
						Annotations:  map[string]string{"version": drawText(t, "annotation"), "urls": drawText(t, "annotation"), drawText(t, "key"): "digest"},
					},
					URLs:    rapid.SliceOfN(rapid.SampledFrom([]string{"a.tgz", "https://x/a b.tgz", "a:b", "a#b", "- x", ""}), 0, 2).Draw(t, "urls"),
					Digest:  rapid.SampledFrom([]string{"", strings.Repeat("0", 64), strings.Repeat("1e", 32), "sha256:" + strings.Repeat("ab", 32), "md5"}).Draw(t, "digest"),
					Created: time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "created"), 0),
				})
			}
		}
		yamlText, err := kyaml.Marshal(index)
		if err != nil {
			t.Fatal(err)
		}
		jsonText, err := json.MarshalIndent(index, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		whole := newCollector()
		if err := whole.whole(yamlText); err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{yamlText, jsonText} {
			c := newCollector()
			if err := c.stream(bytes.NewReader(text)); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if diff := cmp.Diff(list(whole), list(c)); diff != "" {
				t.Fatalf("%s\n%s", diff, text)
			}
			if !c.apiVersion || c.size != whole.size {
				t.Fatal(c.apiVersion, c.size, whole.size)
			}
		}
	})
}

// endless repeats a block after a beginning.
type endless struct {
	head, block, left []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != nil {
		e.left, e.head = e.head, nil
	}
	if len(e.left) == 0 {
		e.left = e.block
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

// TestEndless: an index that does not end needs no memory that grows with it.
func TestEndless(t *testing.T) {
	for name, e := range map[string]*endless{
		"one line":                {head: []byte("apiVersion: v1\nx: "), block: []byte("xxxxxxxxxxxxxxxxxxxxxxxxxxxx")},
		"an entry":                {head: []byte("apiVersion: v1\nentries:\n  a:\n  - version: 1\n"), block: []byte("    x: " + strings.Repeat("x", 100) + "\n")},
		"a field":                 {head: []byte("apiVersion: v1\nentries:\n  a:\n  - version: |\n"), block: []byte("       xxxxxxxxxxxxxxx\n")},
		"empty lines":             {head: []byte("apiVersion: v1\n"), block: []byte(strings.Repeat(" ", 100) + "\n")},
		"comments":                {head: []byte("apiVersion: v1\nentries:\n  a:\n  - version: |\n"), block: []byte("# xxxxxxxxxxxxxx\n")},
		"versions":                {head: []byte("apiVersion: v1\nentries:\n  a:\n"), block: []byte("  - version: 1.0.0\n")},
		"versions of nothing":     {head: []byte("apiVersion: v1\nentries:\n  a:\n"), block: []byte("  -\n")},
		"JSON, a string":          {head: []byte(`{"x":"`), block: []byte("xxxxxxxxxxxxxxxxxxxxxxx")},
		"JSON, a key":             {head: []byte(`{"`), block: []byte("xxxxxxxxxxxxxxxxxxxxxxx")},
		"JSON, versions":          {head: []byte(`{"entries":{"a":[{}`), block: []byte(`,{"version":"1.0.0"}`)},
		"JSON, depth":             {head: []byte(`{"x":`), block: []byte("[[[[[[[[[[[[[[[[")},
		"JSON, spaces":            {head: []byte(`{"x":`), block: []byte("                 ")},
		"JSON, what is not asked": {head: []byte(`{"x":[1`), block: []byte(",1,1,1,1,1,1,1,1,1")},
	} {
		few := allocated(t, name, *e, 8<<20)
		many := allocated(t, name, *e, 32<<20)
		if many > few+4<<20 {
			t.Errorf("%s: %d bytes were allocated for 8 MiB, %d for 32", name, few, many)
		}
	}
}

// allocated is what it takes to decode that much of what does not end.
func allocated(t *testing.T, name string, e endless, limit int64) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := decodeIndex(io.LimitReader(&e, limit), 10_000)
	runtime.ReadMemStats(&after)
	if harmless := slices.Contains([]string{"one line", "an entry", "empty lines"}, name); harmless != (err == nil) {
		t.Errorf("%s: %v", name, err)
	}
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzIndex: no index breaks anything, and what is kept of one is within bounds.
func FuzzIndex(f *testing.F) {
	names, err := filepath.Glob("testdata/index/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeIndex(bytes.NewReader(data), 10)
		if err != nil {
			if fault.KindOf(err) != fault.Broken {
				t.Fatal(err)
			}
			return
		}
		x := &Index{repo: source.Repository{URL: "https://charts.example/a"}, charts: c.charts}
		total := 0
		for _, name := range x.Charts() {
			total++
			x.Resolve(name, "*")
			for _, v := range x.Versions(name) {
				total++
				if !isText(v.Version) || len(v.URL) > maxURLLength {
					t.Fatalf("%q %q", v.Version, v.URL)
				}
				if at, err := x.Location(name, v.Version); err == nil {
					_ = allowed(x.repo, Pull{Chart: name, Version: v.Version}, release{}, at)
				}
			}
		}
		if total > 10 {
			t.Fatal(total)
		}
	})
}

// large is an index as Helm writes it, with n versions.
func large(n int) []byte {
	var b bytes.Buffer
	b.WriteString("apiVersion: v1\nentries:\n")
	for i := range n {
		if i%100 == 0 {
			fmt.Fprintf(&b, "  chart-%d:\n", i/100)
		}
		fmt.Fprintf(&b, `  - annotations:
      artifacthub.io/images: |
        - name: app
          image: registry.example.com/library/app:1.%[2]d.0
      category: Infrastructure
    apiVersion: v2
    appVersion: 1.%[2]d.0
    created: "2024-05-01T10:00:00.123456789Z"
    dependencies:
    - name: common
      repository: oci://registry-1.docker.io/bitnamicharts
      tags:
      - bitnami-common
      version: 2.x.x
    description: A chart that deploys an application, with all that belongs to it, and
      whose description is so long that it goes on in a second line.
    digest: %064[1]x
    home: https://bitnami.com
    icon: https://bitnami.com/assets/stacks/airflow/img/airflow-stack-220x234.png
    keywords:
    - apache
    - workflow
    - dag
    maintainers:
    - name: VMware, Inc.
      url: https://github.com/bitnami/charts
    name: chart-%[3]d
    sources:
    - https://github.com/bitnami/charts/tree/main/bitnami/airflow
    urls:
    - https://charts.example.com/bitnami/chart-%[3]d-1.%[2]d.0.tgz
    version: 1.%[2]d.0
`, i, i%100, i/100)
	}
	b.WriteString("generated: \"2024-05-01T10:00:00.123456789Z\"\n")
	return b.Bytes()
}

// BenchmarkIndex decodes an index of 100,000 versions. kept/version is what remains
// of one; allocated is the sum of everything that was.
func BenchmarkIndex(b *testing.B) {
	data := large(100_000)
	b.SetBytes(int64(len(data)))
	var kept *collector
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if kept, err = decodeIndex(bytes.NewReader(data), 1_000_000); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(data)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/100_000, "kept-B/version")
	b.ReportMetric(float64(kept.size)/100_000, "counted-B/version")
}

// BenchmarkWhole is the same index, a hundredth of it, decoded as a whole.
func BenchmarkWhole(b *testing.B) {
	data := large(1000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := newCollector().whole(data); err != nil {
			b.Fatal(err)
		}
	}
}
