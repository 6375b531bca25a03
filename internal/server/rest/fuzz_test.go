package rest

import (
	"encoding/json"
	"strings"
	"testing"
)

// A mask never adds, and never fails on what can be encoded.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"a", "-a", "a.b,a", "a,a.b", "-a.b.c,", "...", "-", "a.a.a.a"} {
		f.Add(s)
	}
	const document = `{"a":{"a":1,"b":[{"c":1,"a":2},3,null]},"b":"x"}`
	f.Fuzz(func(t *testing.T, fields string) {
		got, err := parseFields(fields).apply(json.RawMessage(document))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(got)
		if err != nil || len(b) > len(document) {
			t.Fatalf("%q made %s, %v", fields, b, err)
		}
	})
}

func FuzzDepth(f *testing.F) {
	for _, s := range []string{`{"a":[1]}`, `"[["`, `"\"["`, `]]]`, `[[[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, ok := nesting(s)
		if ok && depth([]byte(s)) != want {
			t.Fatalf("depth of %s is %d, want %d", s, depth([]byte(s)), want)
		}
	})
}

// nesting is what a real reader of JSON finds; false for what is no JSON.
func nesting(s string) (deepest int, ok bool) {
	if !json.Valid([]byte(s)) {
		return 0, false
	}
	now := 0
	for d := json.NewDecoder(strings.NewReader(s)); ; {
		token, err := d.Token()
		if err != nil {
			return deepest, true
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			now++
			deepest = max(deepest, now)
		case json.Delim('}'), json.Delim(']'):
			now--
		}
	}
}

func TestFields(t *testing.T) {
	const document = `{"items":[{"a":{"x":1,"y":2},"b":3},{"a":null}],"metadata":{"v":"1"}}`
	for fields, want := range map[string]string{
		"":                   document,
		"items.a.x":          `{"items":[{"a":{"x":1}},{"a":null}]}`,
		"items.a,items.a.x":  `{"items":[{"a":{"x":1,"y":2}},{"a":null}]}`,
		"items.a.x,items.a":  `{"items":[{"a":{"x":1,"y":2}},{"a":null}]}`,
		"-items.a.x":         `{"items":[{"a":{"y":2},"b":3},{"a":null}],"metadata":{"v":"1"}}`,
		"-items":             `{"metadata":{"v":"1"}}`,
		"nothing":            `{}`,
		"metadata.v.deeper":  `{"metadata":{"v":"1"}}`,
		"-metadata.v.deeper": `{"items":[{"a":{"x":1,"y":2},"b":3},{"a":null}],"metadata":{"v":"1"}}`,
	} {
		got, err := parseFields(fields).apply(json.RawMessage(document))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(got)
		if err != nil || strings.TrimSpace(string(b)) != want {
			t.Errorf("%q: got %s, want %s", fields, b, want)
		}
	}
}
