package oci

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/blobs"
)

func read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatal(err)
	}
}

// says checks an error against a part of its words; an empty part wants none.
func says(err error, part string) bool {
	if part == "" || err == nil {
		return part == "" && err == nil
	}
	return strings.Contains(err.Error(), part)
}

func TestTagsResolve(t *testing.T) {
	var cases []struct {
		Reason, Target, Want, Error, Kind string
		Chart                             bool
		Tags                              []string
	}
	read(t, "resolve.yaml", &cases)
	for _, tc := range cases {
		got, err := newTags("r.example/x", tc.Chart, tc.Tags).Resolve(tc.Target)
		if got != tc.Want || !says(err, tc.Error) || err != nil && fault.KindOf(err).String() != tc.Kind {
			t.Errorf("%s: %q, %v", tc.Reason, got, err)
		}
	}
}

// TestHighest: a range's version is in it, there is none higher in it, and its tag
// is one of the registry's, in whatever order that lists them.
func TestHighest(t *testing.T) {
	number := rapid.IntRange(0, 12)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			name := fmt.Sprintf("%s%d.%d.%d", rapid.SampledFrom([]string{"", "v"}).Draw(t, "v"), number.Draw(t, "major"), number.Draw(t, "minor"), number.Draw(t, "patch"))
			return name + rapid.SampledFrom([]string{"", "-rc.1", "_b", "x"}).Draw(t, "suffix")
		}), 0, 20).Draw(t, "tags")
		target := fmt.Sprintf(">=%d.%d.0%s", number.Draw(t, "from"), number.Draw(t, "from"), rapid.SampledFrom([]string{"", "-0"}).Draw(t, "pre"))
		within, err := semver.NewConstraint(target)
		if err != nil {
			t.Fatal(err)
		}
		got, err := newTags("r", rapid.Bool().Draw(t, "chart"), names).Resolve(target)
		var best *semver.Version
		if err == nil {
			best = semver.MustParse(got)
			if !within.Check(best) || !slices.Contains(names, tagOf(got)) {
				t.Fatalf("%s of %q is %s", target, names, got)
			}
		}
		for _, n := range names {
			v, err := semver.NewVersion(versionOf(n))
			if err == nil && within.Check(v) && (best == nil || v.GreaterThan(best)) {
				t.Fatalf("%s of %q is %v, but there is %s", target, names, best, n)
			}
		}
	})
}

func TestAddress(t *testing.T) {
	var cases []struct{ Reason, URL, Chart, Want, Error string }
	read(t, "address.yaml", &cases)
	for _, tc := range cases {
		got, err := address(source.Repository{URL: tc.URL}, tc.Chart)
		text := ""
		if err == nil {
			text = got.String()
		}
		if text != tc.Want || !says(err, tc.Error) || err != nil && (fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %q, %v", tc.Reason, text, err)
		}
	}
}

func digestNamed(name string) string {
	if len(name) == 1 {
		return "sha256:" + strings.Repeat(name, 64)
	}
	return name
}

func TestContentLayer(t *testing.T) {
	var cases []struct {
		Reason, Want, Error string
		WantChart, Chart    bool
		Allowed             []string
		Manifest            json.RawMessage
	}
	read(t, "manifest.yaml", &cases)
	for _, tc := range cases {
		content := string(tc.Manifest)
		for _, name := range []string{"a", "b"} {
			content = strings.ReplaceAll(content, `"digest":"`+name+`"`, `"digest":"`+digestNamed(name)+`"`)
		}
		if len(tc.Allowed) == 0 {
			tc.Allowed = DefaultMediaTypes()
		}
		manifest, err := parseManifest([]byte(content))
		got, chart := "", false
		if err == nil {
			layer, isChart, wrong := contentLayer(manifest, tc.WantChart, tc.Allowed)
			got, chart, err = string(layer.Digest), isChart, wrong
		}
		if err == nil && got != digestNamed(tc.Want) || !says(err, tc.Error) || chart != tc.Chart || err != nil && fault.KindOf(err) != fault.Broken {
			t.Errorf("%s: %q, chart %v, %v", tc.Reason, got, chart, err)
		}
	}
}

// FuzzManifest: whatever a registry sends, the layer that is chosen has a digest
// that can be checked, a size and a type that is allowed, and there is no second one.
func FuzzManifest(f *testing.F) {
	data, err := os.ReadFile("testdata/manifest.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var cases []struct{ Manifest json.RawMessage }
	if err := yaml.Unmarshal(data, &cases); err != nil {
		f.Fatal(err)
	}
	for _, tc := range cases {
		content := strings.ReplaceAll(string(tc.Manifest), `"digest":"a"`, `"digest":"`+digestNamed("a")+`"`)
		f.Add([]byte(content), true)
		f.Add([]byte(content), false)
	}
	f.Fuzz(func(t *testing.T, content []byte, wantChart bool) {
		m, err := parseManifest(content)
		if err != nil {
			if fault.KindOf(err) != fault.Broken {
				t.Error(err)
			}
			return
		}
		layer, isChart, err := contentLayer(m, wantChart, DefaultMediaTypes())
		if err != nil {
			if fault.KindOf(err) != fault.Broken || len(err.Error()) > 1000 {
				t.Error(err)
			}
			return
		}
		allowed := slices.Contains(DefaultMediaTypes(), layer.MediaType) || wantChart && layer.MediaType == legacyChartLayer
		if !blobs.IsDigest(string(layer.Digest)) || layer.Size < 0 || !allowed || wantChart && !isChart {
			t.Errorf("%+v, chart %v", layer, isChart)
		}
		same := 0
		for _, l := range m.Layers {
			if l.MediaType == layer.MediaType {
				same++
			}
		}
		if same != 1 {
			t.Errorf("%d layers are like the one that was chosen", same)
		}
	})
}

func TestScrub(t *testing.T) {
	r := &remote{secrets: []string{"hunter2"}}
	for text, want := range map[string]string{
		"bad password hunter2":                             "bad password [redacted]",
		`Get "https://s3.example/x?X-Amz-Signature=abc"`:   `Get "https://s3.example/x"`,
		"https://ada:pw@h.example/x":                       "https://h.example/x",
		"a\nb\x1b[31mc\u202e":                              "a b[31mc",
		strings.Repeat("x", 500):                           strings.Repeat("x", maxComplaint) + "…",
		"HTTPS://H.example/x?token=1 and http://b/?c=d, e": "HTTPS://H.example/x and http://b/ e",
	} {
		if got := r.scrub(text); got != want && !strings.EqualFold(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}
