package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AppProject groups Applications and limits what they may use.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=appprojects,shortName=appproj;appprojs
// +kubebuilder:metadata:labels="app.kubernetes.io/name=appprojects.argoproj.io"
// +kubebuilder:metadata:labels="app.kubernetes.io/part-of=argocd"
type AppProject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              AppProjectSpec   `json:"spec"`
	Status            AppProjectStatus `json:"status,omitempty"`
}

// AppProjectList is a list of AppProjects.
//
// +kubebuilder:object:root=true
type AppProjectList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []AppProject `json:"items"`
}

// AppProjectSpec is a project's rules.
type AppProjectSpec struct {
	// SourceRepos are globs of repository URLs; a leading "!" denies.
	SourceRepos  []string                 `json:"sourceRepos,omitempty"`
	Destinations []ApplicationDestination `json:"destinations,omitempty"`
	Description  string                   `json:"description,omitempty"`
	Roles        []ProjectRole            `json:"roles,omitempty"`
	// ClusterResourceWhitelist empty means that no cluster-scoped kind is allowed.
	ClusterResourceWhitelist   []ClusterResourceRestrictionItem `json:"clusterResourceWhitelist,omitempty"`
	NamespaceResourceBlacklist []metav1.GroupKind               `json:"namespaceResourceBlacklist,omitempty"`
	OrphanedResources          *OrphanedResourcesSettings       `json:"orphanedResources,omitempty"`
	SyncWindows                SyncWindows                      `json:"syncWindows,omitempty"`
	// NamespaceResourceWhitelist nil means that every namespaced kind is allowed.
	NamespaceResourceWhitelist []metav1.GroupKind               `json:"namespaceResourceWhitelist,omitempty"`
	SignatureKeys              []SignatureKey                   `json:"signatureKeys,omitempty"`
	ClusterResourceBlacklist   []ClusterResourceRestrictionItem `json:"clusterResourceBlacklist,omitempty"`
	// SourceNamespaces are the namespaces whose Applications may use the project.
	SourceNamespaces                []string                               `json:"sourceNamespaces,omitempty"`
	PermitOnlyProjectScopedClusters bool                                   `json:"permitOnlyProjectScopedClusters,omitempty"`
	DestinationServiceAccounts      []ApplicationDestinationServiceAccount `json:"destinationServiceAccounts,omitempty"`
	SourceIntegrity                 *SourceIntegrity                       `json:"sourceIntegrity,omitempty"`
}

// ClusterResourceRestrictionItem allows or denies cluster-scoped objects by globs.
type ClusterResourceRestrictionItem struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	// Name is a glob; empty means every name.
	Name string `json:"name,omitempty"`
}

// ProjectRole is a role inside a project.
type ProjectRole struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Policies    []string   `json:"policies,omitempty"`
	JWTTokens   []JWTToken `json:"jwtTokens,omitempty"`
	Groups      []string   `json:"groups,omitempty"`
}

// JWTToken records an issued token; never the token itself.
type JWTToken struct {
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp,omitempty"`
	ID        string `json:"id,omitempty"`
}

// OrphanedResourcesSettings turns the search for untracked objects on.
type OrphanedResourcesSettings struct {
	Warn   *bool                 `json:"warn,omitempty"`
	Ignore []OrphanedResourceKey `json:"ignore,omitempty"`
}

// OrphanedResourceKey names objects that are never orphans.
type OrphanedResourceKey struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Name  string `json:"name,omitempty"`
}

// SyncWindows are the times at which syncing is allowed or denied.
type SyncWindows []*SyncWindow

// SyncWindow is one such time.
type SyncWindow struct {
	Kind           string   `json:"kind,omitempty"`
	Schedule       string   `json:"schedule,omitempty"`
	Duration       string   `json:"duration,omitempty"`
	Applications   []string `json:"applications,omitempty"`
	Namespaces     []string `json:"namespaces,omitempty"`
	Clusters       []string `json:"clusters,omitempty"`
	ManualSync     bool     `json:"manualSync,omitempty"`
	TimeZone       string   `json:"timeZone,omitempty"`
	UseAndOperator bool     `json:"andOperator,omitempty"`
	Description    string   `json:"description,omitempty"`
	SyncOverrun    bool     `json:"syncOverrun,omitempty"`
}

// SignatureKey names a key that commits must be signed with.
type SignatureKey struct {
	KeyID string `json:"keyID"`
}

// ApplicationDestinationServiceAccount is the account used for a destination.
type ApplicationDestinationServiceAccount struct {
	Server                string `json:"server"`
	Namespace             string `json:"namespace,omitempty"`
	DefaultServiceAccount string `json:"defaultServiceAccount"`
}

// SourceIntegrity says how sources are verified.
type SourceIntegrity struct {
	Git *SourceIntegrityGit `json:"git"`
}

// SourceIntegrityGit are the policies for Git sources.
type SourceIntegrityGit struct {
	Policies []*SourceIntegrityGitPolicy `json:"policies"`
}

// SourceIntegrityGitPolicy binds repositories to a way of verification.
type SourceIntegrityGitPolicy struct {
	Repos []SourceIntegrityGitPolicyRepo `json:"repos"`
	GPG   *SourceIntegrityGitPolicyGPG   `json:"gpg"`
}

// SourceIntegrityGitPolicyRepo selects repositories by URL glob.
type SourceIntegrityGitPolicyRepo struct {
	URL string `json:"url"`
}

// SourceIntegrityGitPolicyGPG names the mode (none, head, strict) and keys.
type SourceIntegrityGitPolicyGPG struct {
	Mode string   `json:"mode"`
	Keys []string `json:"keys"`
}

// AppProjectStatus records issued tokens.
type AppProjectStatus struct {
	JWTTokensByRole map[string]JWTTokens `json:"jwtTokensByRole,omitempty"`
}

// JWTTokens is a list of issued tokens.
type JWTTokens struct {
	Items []JWTToken `json:"items,omitempty"`
}
