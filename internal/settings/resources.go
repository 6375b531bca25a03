package settings

import (
	"fmt"

	"github.com/gobwas/glob"
)

// ResourceRule is one entry of resource.exclusions or resource.inclusions.
// APIGroups and Clusters are globs, in which "*" stops at nothing; Kinds are
// names or "*". An empty list means all.
type ResourceRule struct {
	APIGroups []string `json:"apiGroups,omitempty"`
	Kinds     []string `json:"kinds,omitempty"`
	Clusters  []string `json:"clusters,omitempty"`
}

// ResourceFilter says which kinds are looked at at all (argo-cd.md §1.22).
type ResourceFilter struct {
	// Exclusions are all exclusions, those that are always in force included.
	Exclusions []ResourceRule
	Inclusions []ResourceRule

	exclusions []compiledRule
	inclusions []compiledRule
}

type compiledRule struct {
	groups   []*glob.Pattern
	kinds    []string
	clusters []*glob.Pattern
}

// Excluded says whether a kind is not looked at in a cluster, named by its URL.
// An exclusion wins over an inclusion; where inclusions are in force for the
// cluster what they do not name is excluded.
func (f ResourceFilter) Excluded(group, kind, cluster string) bool {
	for _, r := range f.exclusions {
		if r.matches(group, kind, cluster) {
			return true
		}
	}
	limited := false
	for _, r := range f.inclusions {
		if r.matches(group, kind, cluster) {
			return false
		}
		limited = limited || anyGlob(r.clusters, cluster)
	}
	return limited
}

func (r compiledRule) matches(group, kind, cluster string) bool {
	return anyGlob(r.groups, group) && anyKind(r.kinds, kind) && anyGlob(r.clusters, cluster)
}

func anyGlob(globs []*glob.Pattern, s string) bool {
	for _, g := range globs {
		if g.Match(s) {
			return true
		}
	}
	return len(globs) == 0
}

func anyKind(kinds []string, kind string) bool {
	for _, k := range kinds {
		if k == "*" || k == kind {
			return true
		}
	}
	return len(kinds) == 0
}

// compile fails on a glob that is none.
func (r ResourceRule) compile() (compiledRule, error) {
	out := compiledRule{kinds: r.Kinds}
	for _, list := range []struct {
		from []string
		to   *[]*glob.Pattern
	}{{r.APIGroups, &out.groups}, {r.Clusters, &out.clusters}} {
		for _, pattern := range list.from {
			g, err := glob.Compile(pattern)
			if err != nil {
				return out, fmt.Errorf("%q is not a glob", pattern)
			}
			*list.to = append(*list.to, g)
		}
	}
	return out, nil
}

// alwaysExcluded are Argo CD's hard-coded exclusions.
func alwaysExcluded() []ResourceRule {
	return []ResourceRule{
		{APIGroups: []string{"events.k8s.io", "metrics.k8s.io"}},
		{APIGroups: []string{""}, Kinds: []string{"Event"}},
		{APIGroups: []string{"coordination.k8s.io"}, Kinds: []string{"Lease"}},
	}
}

// defaultExclusions are those that Argo CD ships in its argocd-cm; they hold
// when resource.exclusions is absent.
func defaultExclusions() []ResourceRule {
	return []ResourceRule{
		{APIGroups: []string{"", "discovery.k8s.io"}, Kinds: []string{"Endpoints", "EndpointSlice"}},
		{APIGroups: []string{"coordination.k8s.io"}, Kinds: []string{"Lease"}},
		{APIGroups: []string{"authentication.k8s.io", "authorization.k8s.io"}, Kinds: []string{
			"SelfSubjectReview", "TokenReview", "LocalSubjectAccessReview", "SelfSubjectAccessReview",
			"SelfSubjectRulesReview", "SubjectAccessReview",
		}},
		{APIGroups: []string{"certificates.k8s.io"}, Kinds: []string{"CertificateSigningRequest"}},
		{APIGroups: []string{"cert-manager.io"}, Kinds: []string{"CertificateRequest"}},
		{APIGroups: []string{"cilium.io"}, Kinds: []string{"CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice"}},
		{APIGroups: []string{"kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io"}, Kinds: []string{
			"PolicyReport", "ClusterPolicyReport", "EphemeralReport", "ClusterEphemeralReport", "AdmissionReport",
			"ClusterAdmissionReport", "BackgroundScanReport", "ClusterBackgroundScanReport", "UpdateRequest",
		}},
	}
}
