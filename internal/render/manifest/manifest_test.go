package manifest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/resource"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"

func TestRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 20_000)
	tests := []struct {
		reason, input, want string
	}{
		{"bytes that are not UTF-8, with their line", "a: b\nc: \xff\n", "f.yaml: line 2: not UTF-8"},
		{"UTF-16 that was cut off", "\xff\xfea\x00b", "f.yaml: not UTF-16, as which its byte order mark announces it"},
		{"UTF-16 with half a pair", "\xff\xfe\x3d\xd8", "f.yaml: not UTF-16, as which its byte order mark announces it"},
		{"UTF-16 with a pair the wrong way round", "\xff\xfe\x00\xde\x3d\xd8", "f.yaml: not UTF-16, as which its byte order mark announces it"},
		{"a byte order mark amid the file", configMap + "---\n\ufeff" + configMap, "f.yaml: document 2, line 6: a byte order mark amid the file"},
		{"a NUL byte", "a: \x00\n", "f.yaml: document 1: control characters are not allowed"},
		{"deep nesting beyond the parser's own limit", configMap + "x: " + deep, "f.yaml: document 1, line 5: exceeded max depth of 10000"},
		{"deep nesting below it", configMap + "x: " + strings.Repeat("[", 600) + strings.Repeat("]", 600), "f.yaml: document 1, line 5: nested deeper than 500 levels"},
		{"deep nesting by indentation", configMap + nested(600), "nested deeper than 500 levels"},
		{"deep nesting in JSON", `{"a": ` + strings.Repeat("[", 100_000), "f.yaml: line 1: nested deeper than 500 levels"},
		{"an alias bomb", configMap + bomb(12), "aliases expand to more than"},
		{"an alias bomb of merge keys", configMap + mergeBomb(12), "aliases expand to more than"},
		{"an unknown alias", configMap + "x: *nowhere\n", "unknown anchor 'nowhere' referenced"},
		{"infinity", configMap + "x: -.inf\n", "NaN and infinity"},
		{"a list as a key", configMap + "? [a]\n: b\n", "a mapping key must be a string"},
		{"JSON with something behind it", `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}} x`, "f.yaml: document 2: did not find expected <document start>"},
		{"too many objects", strings.Repeat("---\n"+configMap, 11), "f.yaml: document 11, line 52: more than 10 objects in one file"},
		{"too many empty documents", strings.Repeat("---\n", 1000), "f.yaml: document 51, line 51: more than 50 documents in one file"},
		{"a merge key of a scalar", configMap + "<<: 3\n", "a merge key (<<) needs a mapping"},
		{"labels that are a list", "apiVersion: v1\nkind: X\nmetadata: {name: a, labels: [a]}\n", "X a: metadata.labels is a list, not a mapping"},
		{"a name that is a number", "apiVersion: v1\nkind: X\nmetadata: {name: 1}\n", "X: metadata.name is a number, not a string; quote it"},
	}
	for _, tt := range tests {
		objects, err := manifest.Decoder{MaxObjects: 10}.Decode("f.yaml", []byte(tt.input))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v, want an error with %q", tt.reason, objects, err, tt.want)
			continue
		}
		if fault.KindOf(err) != fault.Broken {
			t.Errorf("%s: kind %s", tt.reason, fault.KindOf(err))
		}
		if len(err.Error()) > 300 {
			t.Errorf("%s: the error has %d bytes", tt.reason, len(err.Error()))
		}
	}
}

func nested(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "x:\n")
	}
	return b.String()
}

func bomb(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return b.String()
}

func mergeBomb(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 {x: 1, y: 2}\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "a%d: &a%d {<<: [%s]}\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return b.String()
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	a := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"}}
	withText := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"}, "data": map[string]any{"k": "x\ny\n"}}
	tests := []struct {
		reason, input string
		want          []map[string]any
	}{
		{"nothing", "", nil},
		{"separators only", "---\n---\n", nil},
		{"comments only", "# a\n---\n# b\n", nil},
		{"null", "null\n", nil},
		{"a byte order mark", "\xef\xbb\xbf" + configMap, []map[string]any{a}},
		{"UTF-16, little end first", wide(configMap, true), []map[string]any{a}},
		{"UTF-16, big end first", wide(configMap, false), []map[string]any{a}},
		{"CRLF", strings.ReplaceAll(configMap+"data:\n  k: |\n    x\n    y\n---\n"+configMap, "\n", "\r\n"), []map[string]any{withText, a}},
		{"a comment behind the separator", "--- # first\n" + configMap, []map[string]any{a}},
		{"a document end marker and a directive", "%YAML 1.1\n---\n" + configMap + "...\n---\n" + configMap, []map[string]any{a, a}},
		{"JSON with tabs", "{\t\"apiVersion\":\"v1\",\n\t\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}", []map[string]any{a}},
		{"JSON values one after the other", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}` + "\n" + `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`, []map[string]any{a, a}},
		{"JSON documents in YAML", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}` + "\n---\n" + configMap, []map[string]any{a, a}},
	}
	for _, tt := range tests {
		objects, err := manifest.Decoder{}.Decode("f.yaml", []byte(tt.input))
		if err != nil {
			t.Errorf("%s: %v", tt.reason, err)
			continue
		}
		var got []map[string]any
		for _, o := range objects {
			got = append(got, o.Object)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
		}
	}
}

// TestGenerated: what a program wrote; errors name no line of it.
func TestGenerated(t *testing.T) {
	t.Parallel()
	const a = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}`
	for _, tt := range []struct {
		reason, input string
		want          int
		err           string
	}{
		{"an object", a, 1, ""},
		{"an array, in which null is none", "[" + a + ", null, " + a + "]", 2, ""},
		{"a List", `{"apiVersion": "v1", "kind": "List", "items": [` + a + "," + a + "]}", 2, ""},
		{"an empty array", "[]", 0, ""},
		{"null", "null", 0, ""},
		{"an object without a kind", "{}", 0, "f: kind is missing"},
		{"an element without one", "[\n" + a + ",\n{}]", 0, "f: [1]: kind is missing"},
		{"an array in an array", "[[" + a + "]]", 0, "f: [0]: the result must be an object or an array of objects, not a list"},
		{"text", `"hunter2"`, 0, "f: the result must be an object or an array of objects, not a string"},
		{"a key that is there twice", `{"a": 1, "a": 2}`, 0, `f: duplicate field "a"`},
		{"no JSON", "{", 0, "f: unexpected end of JSON input"},
		{"deep nesting", strings.Repeat("[", 10_000), 0, "f: nested deeper than 4 levels"},
		{"too many objects", "[" + a + "," + a + "," + a + "]", 0, "f: [2]: more than 2 objects in one file"},
	} {
		objects, err := manifest.Decoder{MaxObjects: 2, MaxDepth: 4}.Generated("f", []byte(tt.input))
		if message := fmt.Sprint(err); len(objects) != tt.want || (err == nil) != (tt.err == "") || err != nil && message != tt.err {
			t.Errorf("%s: got %d objects, %v", tt.reason, len(objects), err)
		}
	}
}

// wide is s as UTF-16 with a byte order mark.
func wide(s string, little bool) string {
	var b []byte
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
		if little {
			b = binary.LittleEndian.AppendUint16(b, unit)
		} else {
			b = binary.BigEndian.AppendUint16(b, unit)
		}
	}
	return string(b)
}

// TestTextProperties: what UTF-16 can hold arrives whole, and what is UTF-8 as it is.
func TestTextProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		for _, in := range []string{s, "\xef\xbb\xbf" + s, wide(s, true), wide(s, false)} {
			got, err := manifest.Text("f", []byte(in))
			if want := strings.TrimPrefix(s, "\ufeff"); err != nil || strings.TrimPrefix(string(got), "\ufeff") != want {
				t.Fatalf("%q became %q, %v", in, got, err)
			}
		}
	})
}

func TestCheckAliases(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason, input, want string
	}{
		{"a bomb", bomb(12), "aliases expand to more than"},
		{"a bomb of merge keys", mergeBomb(12), "aliases expand to more than"},
		{"a cycle", "x: &a [*a]\n", "an anchor contains itself"},
		{"ordinary use", bomb(3), ""},
		{"no YAML at all", "if (a && *b) { [", ""},
	}
	for _, tt := range tests {
		err := manifest.CheckAliases("f.yaml", []byte(tt.input))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.reason, err, tt.want)
		}
	}
}

func TestDuplicateKeysMayWarn(t *testing.T) {
	t.Parallel()
	var warnings []string
	d := manifest.Decoder{OnDuplicateKey: func(s string) { warnings = append(warnings, s) }}
	objects, err := d.Decode("f.yaml", []byte(configMap+"data: {a: '1', a: '2'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _, _ := unstructured.NestedString(objects[0].Object, "data", "a"); got != "2" {
		t.Errorf("got %q, want the last one", got)
	}
	if diff := cmp.Diff([]string{`f.yaml: document 1, line 5: duplicate key "a", the last one wins`}, warnings); diff != "" {
		t.Error(diff)
	}
}

// scalars are read by kubectl (sigs.k8s.io/yaml) and by Decoder alike.
var scalars = []string{
	"", "~", "null", "Null", "NULL", "nUll", "y", "Y", "yes", "YES", "yEs", "n", "N", "no", "No", "true", "TRUE", "tRUE", "on", "off", "OFF",
	"0", "-0", "+1", "1", "007", "08", "0o17", "0x1F", "0xg", "0b11", "-0b11", "1_000", "1e3", "1E-3", "1.", ".5", "-.5", "+.5", ".", "..", "-", "+", "--1",
	"1.5", "1.0", "-1.25e10", "1e400", "1e", "1e+", "1e+-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "0.1", "1.2.3", "10m", "2001-01-01", "2001-01-01T00:00:00Z", "12:30:45",
	"1:2", "=", "<", "'", "a b", "_1", "1_", "0_1", "0x_1", "!x"[1:], "'yes'", `"1"`, "foo", "f", "t", "o", "_", ".e1", "1e1_0", "Infinity", "NaN", "+inf", "0x1p-2", ".1_0", ".1e1", "._1",
}

func TestScalarsAsKubectl(t *testing.T) {
	t.Parallel()
	for _, s := range scalars {
		checkScalar(t, s)
	}
}

func checkScalar(t *testing.T, s string) {
	t.Helper()
	doc := []byte(configMap + "x: " + s + "\n")
	want := unstructured.Unstructured{}
	asJSON, wantErr := yaml.YAMLToJSON(doc)
	if wantErr == nil {
		wantErr = want.UnmarshalJSON(asJSON)
	}
	got, err := manifest.Decoder{}.Decode("f.yaml", doc)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%q: got %v, kubectl says %v", s, err, wantErr)
		return
	}
	if err != nil || len(got) != 1 {
		return
	}
	if diff := cmp.Diff(want.Object["x"], got[0].Object["x"]); diff != "" {
		t.Errorf("%q (-kubectl +got):\n%s", s, diff)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range scalars {
		f.Add([]byte(configMap + "x: " + s + "\n"))
	}
	f.Add([]byte(wide(configMap, true)))
	f.Add([]byte("\xfe\xff\x00{\x00}"))
	f.Add([]byte(configMap + "---\n\ufeff" + configMap))
	f.Add([]byte(configMap + "? {a: b}\n: *x\n---\n<<: [*a, {b: c}]\n"))
	f.Add([]byte(`{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod","metadata":{"name":"\ud83d"}}]}{}`))
	f.Add([]byte(configMap + bomb(4)))
	f.Add([]byte(configMap + mergeBomb(4)))
	f.Add([]byte("apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(configMap, "\n", "\n  ")))
	f.Add([]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := manifest.Decoder{}.Decode("f", data)
		if err != nil {
			if fault.KindOf(err) != fault.Broken || !strings.HasPrefix(err.Error(), "f: ") || !utf8.ValidString(err.Error()) {
				t.Errorf("a strange error: %q", err)
			}
			return
		}
		if _, err := manifest.Text("f", data); err != nil {
			t.Errorf("objects of what is no text: %v", err)
		}
		for _, o := range objects {
			if o.GetKind() == "" || o.GetAPIVersion() == "" || o.GetName()+o.GetGenerateName() == "" {
				t.Fatalf("not an object: %v", o.Object)
			}
			key := resource.KeyOf(o)
			if back, ok := resource.ParseKey(key.String()); key.Name != "" && (!ok || back != key) && !strings.Contains(key.Namespace, "/") {
				t.Errorf("%s is read back as %s", key, back)
			}
			again, err := o.MarshalJSON()
			if err != nil {
				t.Fatalf("cannot be written as JSON: %v", err)
			}
			var back unstructured.Unstructured
			if err := back.UnmarshalJSON(again); err != nil {
				t.Fatal(err)
			}
			o.DeepCopy()
		}
	})
}

func benchmarkInput() []byte {
	var b bytes.Buffer
	for i := range 10 {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-%d\n  namespace: default\n  labels:\n    app: web\n    tier: front\ndata:\n  LOG_LEVEL: info\n  PORT: \"8080\"\n  URL: https://example.org/a/b\n  text: |\n    line one\n    line two\n", i)
	}
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	data := benchmarkInput()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := (manifest.Decoder{}).Decode("f", data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkThroughJSON is the road not taken, for comparison.
func BenchmarkThroughJSON(b *testing.B) {
	data := benchmarkInput()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for _, doc := range bytes.Split(data, []byte("---\n"))[1:] {
			asJSON, err := yaml.YAMLToJSON(doc)
			if err != nil {
				b.Fatal(err)
			}
			var u unstructured.Unstructured
			if err := u.UnmarshalJSON(asJSON); err != nil {
				b.Fatal(err)
			}
		}
	}
}
