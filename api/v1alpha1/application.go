package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Application names a source of manifests and the place where they belong.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=applications,shortName=app;apps
// +kubebuilder:metadata:labels="app.kubernetes.io/name=applications.argoproj.io"
// +kubebuilder:metadata:labels="app.kubernetes.io/part-of=argocd"
// +kubebuilder:printcolumn:name="Sync Status",type=string,JSONPath=`.status.sync.status`
// +kubebuilder:printcolumn:name="Health Status",type=string,JSONPath=`.status.health.status`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.sync.revision`,priority=10
// +kubebuilder:printcolumn:name="Project",type=string,JSONPath=`.spec.project`,priority=10
type Application struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec ApplicationSpec `json:"spec"`
	// Operation is a mailbox: writing it asks for an operation. The controller
	// takes it over into status.operationState and removes it when done.
	Operation *Operation        `json:"operation,omitempty"`
	Status    ApplicationStatus `json:"status,omitempty"`
}

// ApplicationList is a list of Applications.
//
// +kubebuilder:object:root=true
type ApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []Application `json:"items"`
}

// ApplicationSpec is the desired state of an Application.
type ApplicationSpec struct {
	// Source is where the manifests come from. Ignored when Sources is not empty.
	Source      *ApplicationSource     `json:"source,omitempty"`
	Destination ApplicationDestination `json:"destination"`
	// Project is the AppProject whose rules bind this Application; empty means "default".
	Project           string                      `json:"project"`
	SyncPolicy        *SyncPolicy                 `json:"syncPolicy,omitempty"`
	IgnoreDifferences []ResourceIgnoreDifferences `json:"ignoreDifferences,omitempty"`
	Info              []Info                      `json:"info,omitempty"`
	// RevisionHistoryLimit is how many entries of status.history are kept; nil means 10.
	RevisionHistoryLimit *int64              `json:"revisionHistoryLimit,omitempty"`
	Sources              []ApplicationSource `json:"sources,omitempty"`
	SourceHydrator       *SourceHydrator     `json:"sourceHydrator,omitempty"`
}

// ApplicationDestination is the cluster, by URL or by name, and the namespace
// for namespaced objects that name none.
type ApplicationDestination struct {
	Server    string `json:"server,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// Info is a name and value shown to people.
type Info struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ResourceIgnoreDifferences names fields of objects that do not count when
// desired and live are compared. Group and Kind may be "*".
type ResourceIgnoreDifferences struct {
	Group                 string   `json:"group,omitempty"`
	Kind                  string   `json:"kind"`
	Name                  string   `json:"name,omitempty"`
	Namespace             string   `json:"namespace,omitempty"`
	JSONPointers          []string `json:"jsonPointers,omitempty"`
	JQPathExpressions     []string `json:"jqPathExpressions,omitempty"`
	ManagedFieldsManagers []string `json:"managedFieldsManagers,omitempty"`
}

// SyncPolicy says when and how the Application is synced.
type SyncPolicy struct {
	Automated *SyncPolicyAutomated `json:"automated,omitempty"`
	// SyncOptions are words like "CreateNamespace=true".
	SyncOptions              []string                  `json:"syncOptions,omitempty"`
	Retry                    *RetryStrategy            `json:"retry,omitempty"`
	ManagedNamespaceMetadata *ManagedNamespaceMetadata `json:"managedNamespaceMetadata,omitempty"`
}

// SyncPolicyAutomated turns automated sync on.
type SyncPolicyAutomated struct {
	// Prune deletes what is no longer in the source.
	Prune bool `json:"prune,omitempty"`
	// SelfHeal undoes changes made to the live state.
	SelfHeal bool `json:"selfHeal,omitempty"`
	// AllowEmpty lets a source without any object prune everything.
	AllowEmpty bool `json:"allowEmpty,omitempty"`
	// Enabled false switches automation off with its other fields kept; nil means true.
	Enabled *bool `json:"enabled,omitempty"`
}

// RetryStrategy says how often and how soon a failed sync is tried again.
type RetryStrategy struct {
	// Limit is the number of retries; negative means without end, 0 none.
	Limit   int64    `json:"limit,omitempty"`
	Backoff *Backoff `json:"backoff,omitempty"`
	// Refresh takes the newest revision at each retry instead of the first one.
	Refresh bool `json:"refresh,omitempty"`
}

// Backoff is the wait between retries: duration × factor^n, at most maxDuration.
type Backoff struct {
	// Duration is a Go duration or a number of seconds; empty means 5s.
	Duration string `json:"duration,omitempty"`
	// Factor multiplies the wait after each try; nil means 2.
	Factor *int64 `json:"factor,omitempty"`
	// MaxDuration caps the wait; empty means 3m.
	MaxDuration string `json:"maxDuration,omitempty"`
}

// ManagedNamespaceMetadata is applied to the namespace that CreateNamespace=true makes.
type ManagedNamespaceMetadata struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Operation asks for something to be done now.
type Operation struct {
	Sync        *SyncOperation     `json:"sync,omitempty"`
	InitiatedBy OperationInitiator `json:"initiatedBy,omitempty"`
	Info        []*Info            `json:"info,omitempty"`
	Retry       RetryStrategy      `json:"retry,omitempty"`
}

// OperationInitiator is who asked for an operation.
type OperationInitiator struct {
	Username  string `json:"username,omitempty"`
	Automated bool   `json:"automated,omitempty"`
}

// SyncOperation asks for a sync.
type SyncOperation struct {
	// Revision to sync to; empty means the source's targetRevision.
	Revision string `json:"revision,omitempty"`
	Prune    bool   `json:"prune,omitempty"`
	DryRun   bool   `json:"dryRun,omitempty"`
	// SyncStrategy nil means hook.
	SyncStrategy *SyncStrategy `json:"syncStrategy,omitempty"`
	// Resources limits the sync to these; empty means all.
	Resources []SyncOperationResource `json:"resources,omitempty"`
	// Source overrides the Application's source for this operation.
	Source *ApplicationSource `json:"source,omitempty"`
	// Manifests replace the rendered ones (development only).
	Manifests   []string            `json:"manifests,omitempty"`
	SyncOptions []string            `json:"syncOptions,omitempty"`
	Sources     []ApplicationSource `json:"sources,omitempty"`
	Revisions   []string            `json:"revisions,omitempty"`
	// SelfHealAttemptsCount counts self-heals in a row, for their backoff.
	SelfHealAttemptsCount int64 `json:"autoHealAttemptsCount,omitempty"`
}

// SyncOperationResource selects one object of a sync.
type SyncOperationResource struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// SyncStrategy is how a sync applies objects.
type SyncStrategy struct {
	Apply *SyncStrategyApply `json:"apply,omitempty"`
	Hook  *SyncStrategyHook  `json:"hook,omitempty"`
}

// SyncStrategyApply applies without hooks.
type SyncStrategyApply struct {
	Force bool `json:"force,omitempty"`
}

// SyncStrategyHook runs hooks and applies.
type SyncStrategyHook struct {
	SyncStrategyApply `json:",inline"`
}
