package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

// Request is a server-side apply.
type Request struct {
	Kind    cluster.Kind
	Key     resource.Key
	Body    []byte
	Options cluster.WriteOptions
}

// undeclared is what the API server says of a field that a kind does not have.
const undeclared = ": field not declared in schema"

// Send applies server-side. Without validation fields that the kind does not have
// are left out, and returned, as a client-side apply has them ignored: a server-side
// apply is refused for them whatever fieldValidation says, as nobody can own them.
func Send(ctx context.Context, conn *cluster.Conn, r Request) (obj *unstructured.Unstructured, left []string, err error) {
	const rounds = 20 // the API server names some of the fields at a time
	for range rounds {
		obj, err = conn.Apply(ctx, r.Kind, r.Key, r.Body, r.Options)
		if err == nil || !r.Options.SkipValidation {
			return obj, left, err
		}
		body, paths := withoutUndeclared(r.Body, err)
		if len(paths) == 0 {
			return obj, left, err
		}
		r.Body, left = body, append(left, paths...)
	}
	return obj, left, err
}

// withoutUndeclared is a body without the fields that a refusal calls undeclared,
// and their paths. There are none if it was refused for anything else.
func withoutUndeclared(body []byte, refusal error) (without []byte, paths []string) {
	var status apierrors.APIStatus
	if !errors.As(refusal, &status) || !strings.Contains(status.Status().Message, undeclared) {
		return nil, nil
	}
	var object any
	if utiljson.Unmarshal(body, &object) != nil {
		return nil, nil
	}
	for line := range strings.Lines(status.Status().Message) {
		path, ok := strings.CutSuffix(strings.TrimSpace(line), undeclared)
		if !ok {
			continue // "errors:", or what is no fault of a field
		}
		if _, after, ok := strings.Cut(path, "): ."); ok { // a single one stands behind the object's name
			path = "." + after
		}
		if !removeField(object, path) {
			return nil, nil
		}
		paths = append(paths, path)
	}
	without, err := json.Marshal(object)
	if err != nil {
		return nil, nil
	}
	return without, paths
}

// removeField takes the field at a path out of v. Paths are structured-merge-diff's:
// .spec.containers[name="web"].prots, where a name is not quoted, so the longest key
// that fits is meant.
func removeField(v any, path string) bool {
	switch t := v.(type) {
	case map[string]any:
		rest, ok := strings.CutPrefix(path, ".")
		key := ""
		for k := range t {
			if len(k) > len(key) && begins(rest, k) {
				key = k
			}
		}
		switch {
		case !ok || key == "":
			return false
		case rest == key:
			delete(t, key)
			return true
		}
		return removeField(t[key], rest[len(key):])
	case []any:
		selector, rest, ok := cutSelector(path)
		for i, item := range t {
			if ok && selects(selector, i, item) && removeField(item, rest) {
				return true
			}
		}
	}
	return false
}

func begins(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// cutSelector cuts the [...] at the beginning of a path off, which may hold quoted
// brackets.
func cutSelector(path string) (selector, rest string, ok bool) {
	if !strings.HasPrefix(path, "[") {
		return "", "", false
	}
	if i := unquoted(path, ']'); i > 0 {
		return path[1:i], path[i+1:], true
	}
	return "", "", false
}

// unquoted is where the first b outside of quotes is, or -1.
func unquoted(s string, b byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == b && !quoted:
			return i
		}
	}
	return -1
}

// selects says whether a selector means the item: by its index, or by its keys. A key
// that the item does not have has its default in the selector.
func selects(selector string, index int, item any) bool {
	if n, err := strconv.Atoi(selector); err == nil {
		return n == index
	}
	fields, ok := item.(map[string]any)
	for ok && selector != "" {
		pair := selector
		if i := unquoted(selector, ','); i >= 0 {
			pair, selector = selector[:i], selector[i+1:]
		} else {
			selector = ""
		}
		name, value, _ := strings.Cut(pair, "=")
		if have, there := fields[name]; there && spelled(have) != value {
			return false
		}
	}
	return ok
}

func spelled(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}
