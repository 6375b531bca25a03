package claim

import (
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/diff/immutable"
	"evenkeel.dev/internal/resource"
)

const (
	// maxDrift bounds the fields remembered per object, maxValue their text.
	maxDrift = 20
	maxValue = 256
)

// Autoscaled is the advice about a number of replicas that an autoscaler sets, which the
// object does not name.
func Autoscaled(by string) string {
	return "set by " + by + "; remove it from Git, or set evenkeel.autoscaledReplicas: \"ignore\" in argocd-cm"
}

// AnAutoscaler is an autoscaler of which the name is not known.
const AnAutoscaler = "a HorizontalPodAutoscaler"

// Drift tells the changes in texts that may be shown, with who wrote what is live and
// what the API server will say.
func (c *Claim) Drift(changes []diff.Change, live *unstructured.Unstructured) []cluster.Drift {
	attributed := diff.Attribute(changes, live, v1alpha1.FieldManager)
	if len(attributed) > maxDrift {
		attributed = attributed[:maxDrift]
	}
	v := veil{secret: resource.KeyOf(live).IsSecret(), sensitive: c.Sensitive}
	out := make([]cluster.Drift, 0, len(attributed))
	for _, a := range attributed {
		d := cluster.Drift{Path: a.Path, Desired: v.shown(a.Path, a.Desired), Live: v.shown(a.Path, a.Live), Manager: a.Manager, At: a.At}
		if diff.Autoscaled(live, a.Change) {
			d.Advice = Autoscaled(AnAutoscaler)
		}
		if immutable.Field(live, a.Change) {
			d.Immutable = cluster.Refused
			if apply.Recreates(c.Object.Key.GroupKind(), c.Force) {
				d.Immutable = cluster.Replaced
			}
		}
		out = append(out, d)
	}
	return out
}

// veil hides values that must not be shown. The kind is the server's, of the live
// object, and never what somebody calls it (CVE-2026-42880).
type veil struct {
	secret    bool
	sensitive []string
}

const annotations = "/metadata/annotations"

func (v veil) shown(path string, value any) string {
	if value == nil {
		return ""
	}
	hidden := v.secret && !strings.HasPrefix(path, "/metadata/labels/")
	if name, ok := strings.CutPrefix(path, annotations+"/"); ok {
		hidden = hidden || slices.Contains(v.sensitive, unescaper.Replace(name)) || len(v.sensitive) > 0 && unescaper.Replace(name) == resource.LastApplied
	}
	if m, ok := value.(map[string]any); ok && path == annotations {
		if masked := resource.MaskedAnnotations(m, v.sensitive); masked != nil {
			value = masked
		}
	}
	text, ok := value.(string)
	if !ok {
		b, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		text = string(b)
	}
	if hidden {
		return resource.Mask(text)
	}
	if len(text) > maxValue {
		return strings.ToValidUTF8(text[:maxValue], "") + "…"
	}
	return text
}

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")
