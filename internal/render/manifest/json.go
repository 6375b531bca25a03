package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
)

// looksLikeJSON says whether data is to be read as JSON. YAML's flow style also
// begins with a brace; it is tried as JSON first and then as YAML, since JSON's
// escapes are not all YAML's.
func looksLikeJSON(data []byte) bool {
	rest := bytes.TrimLeft(data, " \t\r\n")
	return len(rest) > 0 && rest[0] == '{'
}

func (r *run) json(data []byte) ([]*unstructured.Unstructured, error) {
	if err := r.jsonDepth(data); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return r.objects, nil
		}
		if err != nil {
			return r.notJSON(data, err)
		}
		if err := r.jsonValue(data, raw, int(decoder.InputOffset())); err != nil {
			return r.objects, err
		}
	}
}

// notJSON reads as YAML what failed as JSON, unless the file's name says JSON.
func (r *run) notJSON(data []byte, jsonErr error) ([]*unstructured.Unstructured, error) {
	if !strings.HasSuffix(r.name, ".json") {
		return (&run{Decoder: r.Decoder, name: r.name}).yaml(data)
	}
	line := 0
	var syntax *json.SyntaxError
	switch {
	case errors.As(jsonErr, &syntax):
		line = lineAt(data, int(syntax.Offset))
	case errors.Is(jsonErr, io.ErrUnexpectedEOF):
		line = lineAt(data, len(data))
	}
	return r.objects, r.failf(line, "%s", jsonErr)
}

func (r *run) jsonValue(data, raw []byte, end int) error {
	line := lineAt(data, end-len(raw))
	var v any
	strict, err := kjson.UnmarshalStrict(raw, &v)
	if err != nil {
		return r.failf(line, "%s", err)
	}
	for _, problem := range strict {
		if r.OnDuplicateKey == nil {
			return r.failf(line, "%s", problem)
		}
		r.OnDuplicateKey(r.where(line) + problem.Error() + ", the last one wins")
	}
	if v == nil {
		return nil
	}
	return r.add(v, line)
}

// Generated is the objects in JSON that a program wrote: one object, or an array of
// them in which null is none. Nobody has seen that JSON, so that errors name the
// element and no line.
func (d Decoder) Generated(name string, data []byte) ([]*unstructured.Unstructured, error) {
	r := &run{Decoder: d.withDefaults(), name: name}
	if r.jsonDepth(data) != nil {
		return nil, r.failf(0, "nested deeper than %d levels", r.MaxDepth)
	}
	var value any
	strict, err := kjson.UnmarshalStrict(data, &value)
	if err = errors.Join(append(strict, err)...); err != nil {
		return nil, r.failf(0, "%s", err)
	}
	list, isArray := value.([]any)
	if !isArray {
		list = []any{value}
	}
	for i, item := range list {
		if isArray {
			r.name = fmt.Sprintf("%s: [%d]", name, i)
		}
		if err := r.generated(item); err != nil {
			return nil, err
		}
	}
	return r.objects, nil
}

func (r *run) generated(value any) error {
	if value == nil {
		return nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return r.failf(0, "the result must be an object or an array of objects, not %s", sortOf(value))
	}
	return r.addObject(m, 0, 0)
}

// jsonDepth refuses deep nesting before a recursive decoder sees it.
func (r *run) jsonDepth(data []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > r.MaxDepth {
				return r.failf(lineAt(data, i), "nested deeper than %d levels", r.MaxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

func lineAt(data []byte, offset int) int {
	offset = max(0, min(offset, len(data)))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}
