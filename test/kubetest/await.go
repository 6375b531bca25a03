package kubetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/test/evenkeeltest"
)

// Patience is the longest that Await waits.
const Patience = time.Minute

// Await waits by watch until test says "" of an object, which is nil when it is
// not there. What test says last is the error's reason.
func (c *Client) Await(ctx context.Context, kind, name string, test func(*unstructured.Unstructured) string) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	res, short, err := c.find(kind, name)
	if err != nil {
		return err
	}
	if err := evenkeeltest.Await(ctx, res, short, test); err != nil {
		return fmt.Errorf("%s %w", kind, err)
	}
	return nil
}

// AwaitWanted waits until an object is as all of wants say; see [Wanted].
func (c *Client) AwaitWanted(ctx context.Context, kind, name string, wants []string) error {
	return c.Await(ctx, kind, name, func(o *unstructured.Unstructured) string {
		for _, want := range wants {
			if why := Wanted(o, want); why != "" {
				return why
			}
		}
		return ""
	})
}

// Wanted is what an object has instead of what is wanted, which is one of: there,
// gone, /json/pointer=VALUE, /json/pointer with any value, or !/json/pointer, which
// must not be there. The object
// is nil when it is not there itself.
func Wanted(o *unstructured.Unstructured, want string) string {
	switch {
	case want == "gone" && o != nil:
		return "it is still there"
	case want == "gone":
		return ""
	case o == nil:
		return "it is not there"
	case want == "there":
		return ""
	}
	absent := strings.HasPrefix(want, "!")
	pointer, value, exact := strings.Cut(strings.TrimPrefix(want, "!"), "=")
	got, ok := lookup(o.Object, pointer)
	switch {
	case absent && ok:
		return pointer + " is " + show(got)
	case absent:
		return ""
	case !ok:
		return pointer + " is not there"
	case exact && show(got) != value:
		return pointer + " is " + show(got)
	}
	return ""
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func lookup(v any, pointer string) (any, bool) {
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for s := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch t := v.(type) {
		case map[string]any:
			next, ok := t[unescape.Replace(s)]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscan(s, &i); err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			v = t[i]
		default:
			return nil, false
		}
	}
	return v, true
}
