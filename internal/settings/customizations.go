package settings

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/jq"
)

// Customization is what resource.customizations says of a kind (argo-cd.md §1.3,
// §1.5, §1.6). Scripts are texts as they were written: who runs them says what is
// wrong with them.
type Customization struct {
	// Group and Kind may be globs, in which "*" stops at nothing. "all" is written as
	// "*" for both.
	Group, Kind string
	// Health is a Lua script; UseOpenLibs gives it more of Lua's libraries.
	Health      string `json:",omitempty"`
	UseOpenLibs bool   `json:",omitempty"`
	// HealthCEL is the same as a CEL expression. It is no key of Argo CD's.
	HealthCEL string `json:",omitempty"`
	// HealthKey and HealthCELKey are the keys that those two stand in.
	HealthKey    string `json:"-"`
	HealthCELKey string `json:"-"`
	// Actions is YAML: discovery.lua, definitions and mergeBuiltinActions.
	Actions string `json:",omitempty"`
	// IgnoreDifferences and IgnoreResourceUpdates are nil where nothing is said.
	IgnoreDifferences     *v1alpha1.ResourceIgnoreDifferences `json:",omitempty"`
	IgnoreResourceUpdates *v1alpha1.ResourceIgnoreDifferences `json:",omitempty"`
	KnownTypeFields       []KnownTypeField                    `json:",omitempty"`
}

// KnownTypeField says that a field of a custom resource has a type of Kubernetes'
// own, such as core/v1/PodSpec. Field is a path with dots.
type KnownTypeField struct {
	Field string `json:"field"`
	Type  string `json:"type"`
}

// CompareOptions are resource.compareoptions.
type CompareOptions struct {
	// IgnoreAggregatedRoles leaves out the rules of ClusterRoles that aggregate others.
	IgnoreAggregatedRoles bool
	// Status says of which kinds the status counts: StatusIgnored, StatusOfBuiltIn or
	// StatusCompared.
	Status string
	// IgnoreDifferencesOnResourceUpdates says that what is no difference is no update.
	IgnoreDifferencesOnResourceUpdates bool
	// JQTimeout bounds one jq expression on one object.
	JQTimeout time.Duration
}

// What is done about a replica count that an autoscaler sets.
const (
	ReplicasCompared = "compare"
	ReplicasIgnored  = "ignore"
)

// Of which kinds the status field is compared.
const (
	StatusIgnored   = "all"
	StatusOfBuiltIn = "crd"
	StatusCompared  = "none"
)

const (
	customizations = "resource.customizations"
	// healthCELPrefix stands outside of resource.customizations, where Argo CD refuses
	// keys that it does not know.
	healthCELPrefix = "evenkeel.health."
)

// customizations reads both forms: a key per aspect and kind, and the map of
// everything per kind, over which the key wins.
func (c section) customizations(s *Snapshot) {
	found := c.mapForm()
	for _, key := range slices.Sorted(maps.Keys(c.data)) {
		aspect, groupKind := "healthCEL", strings.TrimPrefix(key, healthCELPrefix)
		if groupKind == key {
			rest, ok := strings.CutPrefix(key, customizations+".")
			if !ok {
				continue
			}
			aspect, groupKind, _ = strings.Cut(rest, ".")
		}
		group, kind, ok := splitGroupKind(groupKind)
		if !ok {
			c.problem(key, "ends in %.64q, which is neither all, KIND nor GROUP_KIND; it is not used", groupKind)
			continue
		}
		name := group + "/" + kind
		x := found[name]
		x.Group, x.Kind = group, kind
		if c.aspect(&x, aspect, key) {
			found[name] = x
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		x := found[name]
		s.Customizations = append(s.Customizations, x)
		if x.IgnoreDifferences != nil {
			s.IgnoreDifferences = append(s.IgnoreDifferences, *x.IgnoreDifferences)
		}
	}
}

// comparison reads what says how objects are compared.
func (c section) comparison(s *Snapshot) {
	const key = "resource.compareoptions"
	s.IgnoreResourceUpdates = c.boolean("resource.ignoreResourceUpdatesEnabled", true)
	for name := range strings.SplitSeq(c.data["resource.sensitive.mask.annotations"], ",") {
		if name = strings.TrimSpace(name); name != "" {
			s.SensitiveAnnotations = append(s.SensitiveAnnotations, name)
		}
	}
	const autoscaled = "evenkeel.autoscaledReplicas"
	s.AutoscaledReplicas = ReplicasCompared
	switch value := strings.TrimSpace(c.data[autoscaled]); value {
	case "", ReplicasCompared:
	case ReplicasIgnored:
		s.AutoscaledReplicas = value
	default:
		c.problem(autoscaled, "%.64q is neither compare nor ignore; compare is used", value)
	}
	options := struct {
		IgnoreAggregatedRoles              bool   `json:"ignoreAggregatedRoles"`
		IgnoreResourceStatusField          string `json:"ignoreResourceStatusField"`
		IgnoreDifferencesOnResourceUpdates bool   `json:"ignoreDifferencesOnResourceUpdates"`
	}{IgnoreDifferencesOnResourceUpdates: true}
	if err := yaml.Unmarshal([]byte(c.data[key]), &options); err != nil {
		c.problem(key, "cannot be read: %s; the defaults are used", plain(err))
		options.IgnoreAggregatedRoles, options.IgnoreDifferencesOnResourceUpdates = false, true
		options.IgnoreResourceStatusField = ""
	}
	s.Compare.IgnoreAggregatedRoles = options.IgnoreAggregatedRoles
	s.Compare.IgnoreDifferencesOnResourceUpdates = options.IgnoreDifferencesOnResourceUpdates
	s.Compare.Status = StatusIgnored
	switch value := options.IgnoreResourceStatusField; value {
	case "", StatusIgnored:
	case StatusOfBuiltIn:
		s.Compare.Status = StatusOfBuiltIn
	case StatusCompared, "off", "false":
		s.Compare.Status = StatusCompared
	default:
		c.problem(key, "ignoreResourceStatusField %.64q is none of all, crd and none; all is used", value)
	}
}

// aspect reads one key and says whether it could be used.
func (c section) aspect(x *Customization, aspect, key string) bool {
	text := c.data[key]
	switch aspect {
	case "health":
		x.Health, x.HealthKey = text, key
	case "healthCEL":
		x.HealthCEL, x.HealthCELKey = text, key
	case "useOpenLibs":
		x.UseOpenLibs = c.boolean(key, false)
	case "actions":
		x.Actions = text
	case "ignoreDifferences":
		return c.ignoreRule(&x.IgnoreDifferences, x, key, text)
	case "ignoreResourceUpdates":
		return c.ignoreRule(&x.IgnoreResourceUpdates, x, key, text)
	case "knownTypeFields":
		var fields []KnownTypeField
		if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
			c.problem(key, "is not a list of fields with their types: %s; it is not used", plain(err))
			return false
		}
		x.KnownTypeFields = fields
	default:
		c.problem(key, "%.64q is nothing that can be customized; it is not used", aspect)
		return false
	}
	return true
}

// mapForm reads resource.customizations, a map from GROUP/KIND.
func (c section) mapForm() map[string]Customization {
	found := map[string]Customization{}
	var overrides map[string]struct {
		Health                string           `json:"health.lua"`
		UseOpenLibs           bool             `json:"health.lua.useOpenLibs"`
		Actions               string           `json:"actions"`
		IgnoreDifferences     string           `json:"ignoreDifferences"`
		IgnoreResourceUpdates string           `json:"ignoreResourceUpdates"`
		KnownTypeFields       []KnownTypeField `json:"knownTypeFields"`
	}
	if err := yaml.Unmarshal([]byte(c.data[customizations]), &overrides); err != nil {
		c.problem(customizations, "is not a map from GROUP/KIND: %s; it is not used", plain(err))
		return found
	}
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		o := overrides[name]
		group, kind, ok := strings.Cut(name, "/")
		if !ok {
			group, kind = "", name
		}
		x := Customization{
			Group: group, Kind: kind, Health: o.Health, HealthKey: customizations, UseOpenLibs: o.UseOpenLibs, Actions: o.Actions,
			KnownTypeFields: o.KnownTypeFields,
		}
		if o.IgnoreDifferences != "" {
			c.ignoreRule(&x.IgnoreDifferences, &x, customizations, o.IgnoreDifferences)
		}
		if o.IgnoreResourceUpdates != "" {
			c.ignoreRule(&x.IgnoreResourceUpdates, &x, customizations, o.IgnoreResourceUpdates)
		}
		found[group+"/"+kind] = x
	}
	return found
}

// ignoreRule reads what does not count, for the kind of x, and says whether it could.
func (c section) ignoreRule(out **v1alpha1.ResourceIgnoreDifferences, x *Customization, key, text string) bool {
	var rule struct {
		JSONPointers          []string `json:"jsonPointers"`
		JQPathExpressions     []string `json:"jqPathExpressions"`
		ManagedFieldsManagers []string `json:"managedFieldsManagers"`
	}
	if err := yaml.Unmarshal([]byte(text), &rule); err != nil {
		c.problem(key, "cannot be read: %s; it is not used", plain(err))
		return false
	}
	pointers := rule.JSONPointers[:0]
	for _, p := range rule.JSONPointers {
		if p != "" && !strings.HasPrefix(p, "/") {
			c.problem(key, "%.64q is no JSON pointer: it begins with no slash; it is not used", p)
			continue
		}
		pointers = append(pointers, p)
	}
	expressions := rule.JQPathExpressions[:0]
	for _, text := range rule.JQPathExpressions {
		if _, err := jq.Compile(text, jq.Options{}); err != nil {
			c.problem(key, "%s; it is not used", err.Error())
			continue
		}
		expressions = append(expressions, text)
	}
	*out = &v1alpha1.ResourceIgnoreDifferences{
		Group: x.Group, Kind: x.Kind,
		JSONPointers: pointers, JQPathExpressions: expressions, ManagedFieldsManagers: rule.ManagedFieldsManagers,
	}
	return true
}
