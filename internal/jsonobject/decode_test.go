package jsonobject

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// odd are texts that decoders of JSON differ over.
func odd() []string {
	return []string{
		`{}`, `{"a":null,"b":true,"c":false,"d":[],"e":{}}`, ` {"a" : [ 1 , 2 ] } `, `{"a":1,"a":2}`,
		`{"i":9223372036854775807,"u":9223372036854775808,"n":-9223372036854775808,"z":-0,"f":1.0,"e":1e3,"g":0.1,"l":123456789012345678901234567890}`,
		`{"a":1e999}`, `{"a":01}`, `{"a":.5}`, `{"a":+1}`, `{"a":NaN}`,
		`{"\u0061":"\u00e9\n\"\\\/","s":"\ud83d\ude00","lone":"\ud800","pair":"\ud800\ud800"}`,
		"{\"a\":\"\xff\",\"\xff\":1}", "{\"a\":\"\u2028<>&\"}", "{\"a\":\"\x01\"}", "{\"a\":\"\t\"}",
		`{"a":"\x"}`, `{"a":"\u12"}`, `{"a":1}{}`, `{"a":1} x`, `{"a":1}]`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1`, `[`, ``, ` `,
		`{"a":[1,]}`, `{"a":tru}`, `{"a":"b`, "\ufeff{}", `{"a":[[[[{"b":[{}]}]]]]}`,
		strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000), strings.Repeat(`{"a":`, 11000) + "1" + strings.Repeat("}", 11000),
	}
}

// agrees checks that a text becomes what apimachinery makes of it, or is refused by both.
func agrees(t *testing.T, b []byte) {
	t.Helper()
	var want map[string]any
	wantErr := utiljson.Unmarshal(b, &want)
	got, err := Decode(b)
	if want == nil { // null is no object
		if err == nil {
			t.Errorf("%.200q is taken for %v", b, got)
		}
		return
	}
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%.200q: %v, apimachinery says %v", b, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%.200q (-apimachinery +got):\n%s", b, cmp.Diff(want, got))
	}
}

func TestDecode(t *testing.T) {
	for _, text := range append(odd(), `null`, `1`, `"a"`, `[]`, `true`) {
		agrees(t, []byte(text))
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range odd() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) { agrees(t, b) })
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"type":"MODIFIED","object":{"metadata":{"name":"web","managedFields":[{"fieldsV1":{"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{}}}}}}}}]},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"web","image":"example.com/web:1"}]}}}}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
