package resource

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// HookType is a point of a sync, or of an Application's deletion, at which a hook
// runs. The names are Argo CD's.
type HookType string

// The hook types. HookSkip alone takes an object out of everything.
const (
	HookPreSync    HookType = "PreSync"
	HookSync       HookType = "Sync"
	HookPostSync   HookType = "PostSync"
	HookSyncFail   HookType = "SyncFail"
	HookPreDelete  HookType = "PreDelete"
	HookPostDelete HookType = "PostDelete"
	HookSkip       HookType = "Skip"
)

// IsHook says whether obj is a hook of Argo CD's or Helm's and so not part of
// the desired state that is compared.
func IsHook(obj *unstructured.Unstructured) bool { return IsHookAnnotated(obj.GetAnnotations()) }

// IsHookAnnotated is IsHook for bare annotations.
func IsHookAnnotated(a map[string]string) bool {
	if _, ok := a[v1alpha1.AnnotationHook]; ok {
		return true
	}
	h, ok := a[v1alpha1.AnnotationHelmHook]
	return ok && strings.TrimSpace(h) != "crd-install"
}

// helmTypes are the types of Helm's that are run (argo-cd.md §5.5). Hooks of all
// others, such as test, are not applied at all.
var helmTypes = map[string]HookType{
	"pre-install": HookPreSync, "pre-upgrade": HookPreSync, "post-install": HookPostSync, "post-upgrade": HookPostSync,
	"pre-delete": HookPreDelete, "post-delete": HookPostDelete,
}

// HookTypes are the types that annotations name, each once, in their order. If any
// type of Argo CD's is among them, those of Helm do not count. Words that are no
// type come back as unknown; those of Helm which are never run are not among them.
func HookTypes(annotations map[string]string) (types []HookType, unknown []string) {
	for _, word := range words(annotations[v1alpha1.AnnotationHook]) {
		switch t := HookType(word); t {
		case HookPreSync, HookSync, HookPostSync, HookSyncFail, HookPreDelete, HookPostDelete, HookSkip:
			types = appendNew(types, t)
		default:
			unknown = append(unknown, word)
		}
	}
	if len(types) > 0 {
		return types, unknown
	}
	for _, word := range words(annotations[v1alpha1.AnnotationHelmHook]) {
		if t, ok := helmTypes[word]; ok {
			types = appendNew(types, t)
		}
	}
	return types, unknown
}

func appendNew(types []HookType, t HookType) []HookType {
	if slices.Contains(types, t) {
		return types
	}
	return append(types, t)
}

// DeletePolicy says when a hook is deleted. The zero value never does.
type DeletePolicy struct {
	// BeforeCreation deletes what an earlier operation left before the hook runs,
	// Succeeded and Failed delete the hook at the end of its operation.
	BeforeCreation, Succeeded, Failed bool
}

// DeletePolicies are a hook's policies, those of Argo CD's annotation and of Helm's
// together; without any it is BeforeCreation. Unknown are the words that are none.
func DeletePolicies(annotations map[string]string) (p DeletePolicy, unknown []string) {
	read := func(annotation string, policies map[string]*bool) {
		for _, word := range words(annotations[annotation]) {
			if policy := policies[word]; policy != nil {
				*policy = true
				continue
			}
			unknown = append(unknown, word)
		}
	}
	read(v1alpha1.AnnotationHookDeletePolicy, map[string]*bool{
		"BeforeHookCreation": &p.BeforeCreation, "HookSucceeded": &p.Succeeded, "HookFailed": &p.Failed,
	})
	read(v1alpha1.AnnotationHelmHookDeletePolicy, map[string]*bool{
		"before-hook-creation": &p.BeforeCreation, "hook-succeeded": &p.Succeeded, "hook-failed": &p.Failed,
	})
	if p == (DeletePolicy{}) {
		p.BeforeCreation = true
	}
	return p, unknown
}

func words(list string) []string {
	var out []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}
