package shipped

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

const (
	healthy     = v1alpha1.HealthStatusHealthy
	suspended   = v1alpha1.HealthStatusSuspended
	progressing = v1alpha1.HealthStatusProgressing
	missing     = v1alpha1.HealthStatusMissing
	degraded    = v1alpha1.HealthStatusDegraded
	unknown     = v1alpha1.HealthStatusUnknown
)

// Rule judges a live object of its kind that is not being deleted.
type Rule func(obj *unstructured.Unstructured) (status v1alpha1.HealthStatusCode, message string)

// verdict is what a step makes of an object. The zero verdict is no opinion.
type verdict struct {
	status  v1alpha1.HealthStatusCode
	message string
}

// step looks at one aspect of an object, which it gets whole.
type step func(o field.Object) verdict

// steps are a rule: the first that has an opinion decides.
type steps []step

// kinds are the rules of a group by kind; anyKind is for all others.
type kinds map[string]steps

const anyKind = "*"

// groups are rules by group. A group that begins with "*." stands for all that end
// in the rest.
type groups map[string]kinds

// table is all rules, ready to be looked up.
type table struct {
	exact map[schema.GroupKind]Rule
	wild  []wildcard
}

type wildcard struct {
	suffix string
	rule   Rule
}

// tables are all there are; no group stands in two of them.
var tables = []groups{
	apis, argo, certificates, clouds, clusters, crossplane, databases, delivery, flux, meshes, messaging, observability,
	policies, promoter, routing, secrets, storage, streams, threescale, virtual, workloads,
}

var all = compile(tables)

// RuleFor is the rule of a kind, whatever its version, or nil when it has none. A rule
// for exactly this kind goes before one for its group, and that before one for many
// groups, as with Argo CD's scripts.
func RuleFor(gk schema.GroupKind) Rule {
	if rule, ok := all.exact[gk]; ok {
		return rule
	}
	if rule, ok := all.exact[schema.GroupKind{Group: gk.Group, Kind: anyKind}]; ok {
		return rule
	}
	for _, w := range all.wild {
		if strings.HasSuffix(gk.Group, w.suffix) {
			return w.rule
		}
	}
	return nil
}

func compile(parts []groups) table {
	out := table{exact: map[schema.GroupKind]Rule{}}
	for _, part := range parts {
		for group, kinds := range part {
			for kind, steps := range kinds {
				if suffix, wild := strings.CutPrefix(group, "*"); wild {
					out.wild = append(out.wild, wildcard{suffix, steps.judge})
					continue
				}
				out.exact[schema.GroupKind{Group: group, Kind: kind}] = steps.judge
			}
		}
	}
	return out
}

func (s steps) judge(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	o := field.Of(obj)
	for _, step := range s {
		if v := step(o); v.status != "" {
			return v.status, v.message
		}
	}
	return unknown, ""
}
