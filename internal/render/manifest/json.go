package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
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
