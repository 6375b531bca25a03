package custom

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/luavm"
)

// Rule judges the objects of a kind.
type Rule struct {
	spec   Spec
	broken error
	script *luavm.Script
	pool   *luavm.Pool
	cel    cel.Program
	o      Options
}

// Judge judges an object. An empty status says that there is nothing to judge. The
// error is why the rule could not.
func (r *Rule) Judge(obj map[string]any) (v1alpha1.HealthStatusCode, string, error) {
	if r.broken != nil {
		return "", "", r.broken
	}
	result, err := r.run(withoutManagers(obj))
	if err != nil {
		return "", "", err
	}
	return verdict(result, r.cel != nil)
}

func (r *Rule) run(obj map[string]any) (any, error) {
	if r.cel != nil {
		return evaluate(r.cel, obj)
	}
	return r.script.Run(context.Background(), luavm.Options{
		Globals: map[string]any{"obj": obj}, OpenLibs: r.spec.OpenLibs, Now: r.o.Now, Limits: r.o.Limits, Pool: r.pool,
	})
}

// withoutManagers is obj without metadata.managedFields. The rest is shared.
func withoutManagers(obj map[string]any) map[string]any {
	meta, _ := obj["metadata"].(map[string]any)
	if meta["managedFields"] == nil {
		return obj
	}
	obj, meta = maps.Clone(obj), maps.Clone(meta)
	delete(meta, "managedFields")
	obj["metadata"] = meta
	return obj
}

// statuses are those that a rule may say.
var statuses = [...]v1alpha1.HealthStatusCode{
	v1alpha1.HealthStatusHealthy, v1alpha1.HealthStatusProgressing, v1alpha1.HealthStatusDegraded,
	v1alpha1.HealthStatusSuspended, v1alpha1.HealthStatusMissing, v1alpha1.HealthStatusUnknown,
}

// verdict reads what a rule gave. Nothing, an empty table and null are nothing to
// judge, as with Argo CD.
func verdict(result any, text bool) (v1alpha1.HealthStatusCode, string, error) {
	switch v := result.(type) {
	case nil:
		return "", "", nil
	case string:
		if text {
			return statusOf(v, "")
		}
	case []any:
		if len(v) == 0 {
			return "", "", nil
		}
	case map[string]any:
		if len(v) == 0 {
			return "", "", nil
		}
		status, ok := field(v, "status").(string)
		if !ok {
			return "", "", fault.New(fault.Invalid, "it gives no status")
		}
		return statusOf(status, textOf(field(v, "message")))
	}
	b, err := json.Marshal(result)
	if err != nil {
		b = nil
	}
	return "", "", fault.New(fault.Invalid, "it gives %.64s instead of a status and a message", b)
}

func statusOf(status, message string) (v1alpha1.HealthStatusCode, string, error) {
	code := v1alpha1.HealthStatusCode(status)
	if !slices.Contains(statuses[:], code) {
		return "", "", fault.New(fault.Invalid, "it gives the status %.64q, which is none of Healthy, Progressing, Degraded, Suspended, Missing and Unknown", status)
	}
	return code, message, nil
}

// field finds a name in any case, as Argo CD does by way of Go's JSON decoder.
func field(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.EqualFold(key, name) {
			return m[key]
		}
	}
	return nil
}

// maxMessage bounds a message, in bytes: there is one for each object.
const maxMessage = 4096

// textOf is a message. What is no text is shown as JSON, where Argo CD drops the
// whole verdict.
func textOf(v any) string {
	text, ok := v.(string)
	if !ok && v != nil {
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		text = string(b)
	}
	if len(text) > maxMessage {
		text = text[:maxMessage] + "…"
	}
	return strings.ToValidUTF8(text, "")
}
