package claim

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/cluster/network"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/health/field"
	"evenkeel.dev/internal/resource"
)

// Judge concludes a verdict from a body as it passes by. It is called by the
// watchers and safe for concurrent use.
type Judge struct {
	Claims *Set
	// Rules are those for health that are in force; nil means those that Evenkeel has.
	Rules func() *health.Rules
	// Installation is the id of this installation; nil means that there is none.
	Installation func() string
	Now          func() time.Time
}

// Verdict judges a body; before is the object's record until now, or nil.
func (j *Judge) Verdict(obj *unstructured.Unstructured, before *cluster.Record) cluster.Verdict {
	v := cluster.Verdict{Blocked: health.Blocked(obj), Images: imagesOf(obj), Info: infoOf(obj), Network: network.Of(obj)}
	if h := j.rules().Of(obj); h != nil {
		v.Health, v.Message = h.Status, h.Message
	}
	var old cluster.Verdict
	if before != nil && before.UID == obj.GetUID() {
		old = before.Verdict
	}
	v.Trouble = (*cluster.Trouble)(cause.Since(cause.Of(obj, v.Health, v.Message), (*cause.Trouble)(old.Trouble)))
	tracked, _ := resource.TrackedBy(obj, j.installation())
	c := j.Claims.Of(resource.KeyOf(obj), tracked.App)
	if c == nil {
		return v
	}
	v.Desired, v.Applied, v.Agreed = c.Hash, old.Applied, old.Agreed
	v.Legacy = apply.IsLegacy(obj)
	changes, problems, err := c.Compare(obj)
	if len(problems) > 0 {
		v.Unruled = problems[0].Error()
	}
	switch {
	case err != nil:
		v.Sync, v.Message = v1alpha1.SyncStatusUnknown, err.Error()
	case len(changes) == 0 || v.Agreed == Agreement(c, changes):
		v.Sync = v1alpha1.SyncStatusSynced
	default:
		v.Sync = v1alpha1.SyncStatusOutOfSync
		v.Drift, v.Unsure = c.Drift(changes, obj), Unsure(changes)
		v.Since = j.Now()
		if old.Sync == v1alpha1.SyncStatusOutOfSync {
			v.Since = old.Since
		}
	}
	return v
}

// Wants says whether Verdict may say anything of an object that is neither tracked nor
// going. Most of a cluster's objects are ConfigMaps and Secrets of nobody, and need not even
// be decoded.
func (j *Judge) Wants(key resource.Key, annotations map[string]string) bool {
	return !plain(key.GroupKind()) || j.rules().HasRule(key.GroupKind()) || j.Claims.Of(key, "") != nil || len(network.Links(annotations)) > 0
}

// plain says whether bodies of a kind tell nothing of health, images or the network.
func plain(gk schema.GroupKind) bool {
	switch gk.Group {
	case "":
		return gk.Kind == "ConfigMap" || gk.Kind == "Secret" || gk.Kind == "ServiceAccount"
	case "rbac.authorization.k8s.io":
		return true
	}
	return false
}

func (j *Judge) rules() *health.Rules {
	if j.Rules == nil {
		return nil
	}
	return j.Rules()
}

func (j *Judge) installation() string {
	if j.Installation == nil {
		return ""
	}
	return j.Installation()
}

// Compare predicts what applying the claim would change. Problems are of rules that
// could not be used.
func (c *Claim) Compare(live *unstructured.Unstructured) (changes []diff.Change, problems []error, err error) {
	want, err := c.Body()
	if err != nil {
		return nil, nil, err
	}
	want, live, problems = c.Rules.Apply(want, live)
	return diff.Predict(want, live, v1alpha1.FieldManager, c.Legacy(live)...), problems, nil
}

// Outcome is the changes that the API server's answer to a dry run amounts to.
func (c *Claim) Outcome(outcome, live *unstructured.Unstructured) []diff.Change {
	outcome, live, _ = c.Rules.Apply(outcome, live) // whoever predicted has told the problems
	return diff.Compare(outcome, live)
}

// Agreement identifies a claim and what looked different when the API server called
// it equal: defaults, mostly, and what webhooks write. It holds whatever else changes.
func Agreement(c *Claim, changes []diff.Change) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%x %x", c.Hash, diff.Digest(changes))
	return max(h.Sum64(), 1)
}

// Unsure says whether it takes the API server to know that there is a difference at all.
func Unsure(changes []diff.Change) bool {
	return len(changes) > 0 && !slices.ContainsFunc(changes, func(c diff.Change) bool { return !c.Unsure })
}

// Legacy are the managers whose fields become ours before the claim is applied.
func (c *Claim) Legacy(live *unstructured.Unstructured) []string {
	if c.NoMigration {
		return nil
	}
	return apply.LegacyManagers(live, c.MigrationManager)
}

// imagesOf are the container images of an object with a pod template or of a Pod.
func imagesOf(obj *unstructured.Unstructured) []string {
	spec, _ := obj.Object["spec"].(map[string]any)
	if t, ok := spec["template"].(map[string]any); ok {
		spec, _ = t["spec"].(map[string]any)
	} else if t, ok := spec["jobTemplate"].(map[string]any); ok {
		spec, _, _ = unstructured.NestedMap(t, "spec", "template", "spec")
	} else if obj.GetKind() != "Pod" {
		return nil
	}
	var out []string
	for _, field := range [...]string{"initContainers", "containers"} {
		list, _ := spec[field].([]any)
		for _, c := range list {
			m, _ := c.(map[string]any)
			if image, _ := m["image"].(string); image != "" {
				out = append(out, image)
			}
		}
	}
	return out
}

// revisionPrefix stands before the revision of a ReplicaSet.
const revisionPrefix = "rev:"

// Revision is the revision of a ReplicaSet, by what infoOf said of it; 0 for all else.
func Revision(info []cluster.Info) int64 {
	for _, i := range info {
		if text, ok := strings.CutPrefix(i.Value, revisionPrefix); ok {
			n, _ := strconv.ParseInt(text, 10, 64) // what is no number counts as none
			return n
		}
	}
	return 0
}

// infoOf are the few figures that a tree shows beside an object.
func infoOf(obj *unstructured.Unstructured) []cluster.Info {
	switch resource.KeyOf(obj).GroupKind().String() {
	case "Pod":
		return podInfo(obj)
	case "ReplicaSet.apps":
		// The second is that of a Rollout's.
		for _, name := range [...]string{"deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"} {
			if rev := field.Annotation(obj, name); rev != "" {
				return []cluster.Info{{Name: "revision", Value: revisionPrefix + rev}}
			}
		}
	}
	return nil
}

func podInfo(obj *unstructured.Unstructured) []cluster.Info {
	list, _, _ := unstructured.NestedSlice(obj.Object, "status", "containerStatuses")
	ready, restarts := 0, int64(0)
	for _, c := range list {
		m, _ := c.(map[string]any)
		if r, _ := m["ready"].(bool); r {
			ready++
		}
		n, _ := m["restartCount"].(int64)
		restarts += n
	}
	out := []cluster.Info{{Name: "containers", Value: fmt.Sprintf("%d/%d", ready, len(list))}}
	if restarts > 0 {
		out = append(out, cluster.Info{Name: "restarts", Value: fmt.Sprint(restarts)})
	}
	return out
}
