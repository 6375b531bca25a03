package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SyncStatusCode says whether live equals desired.
type SyncStatusCode string

// The sync statuses.
const (
	SyncStatusUnknown   SyncStatusCode = "Unknown"
	SyncStatusSynced    SyncStatusCode = "Synced"
	SyncStatusOutOfSync SyncStatusCode = "OutOfSync"
)

// HealthStatusCode says how an object or an Application fares.
type HealthStatusCode string

// The health statuses, best first; the order in which they are aggregated is internal/health's.
const (
	HealthStatusHealthy     HealthStatusCode = "Healthy"
	HealthStatusSuspended   HealthStatusCode = "Suspended"
	HealthStatusProgressing HealthStatusCode = "Progressing"
	HealthStatusMissing     HealthStatusCode = "Missing"
	HealthStatusDegraded    HealthStatusCode = "Degraded"
	HealthStatusUnknown     HealthStatusCode = "Unknown"
)

// OperationPhase is where an operation stands.
type OperationPhase string

// The phases of an operation. A retry is Running with finishedAt set.
const (
	OperationRunning     OperationPhase = "Running"
	OperationTerminating OperationPhase = "Terminating"
	OperationFailed      OperationPhase = "Failed"
	OperationError       OperationPhase = "Error"
	OperationSucceeded   OperationPhase = "Succeeded"
)

// Completed says whether the phase is final.
func (p OperationPhase) Completed() bool {
	return p == OperationFailed || p == OperationError || p == OperationSucceeded
}

// ResultCode is the outcome of syncing one object.
type ResultCode string

// The outcomes of syncing one object.
const (
	ResultSynced       ResultCode = "Synced"
	ResultSyncFailed   ResultCode = "SyncFailed"
	ResultPruned       ResultCode = "Pruned"
	ResultPruneSkipped ResultCode = "PruneSkipped"
)

// ConditionType names a kind of condition. Types that end in Error are errors,
// those that end in Warning are warnings.
type ConditionType string

// The condition types that Argo CD defines.
const (
	ConditionDeletionError           ConditionType = "DeletionError"
	ConditionInvalidSpecError        ConditionType = "InvalidSpecError"
	ConditionComparisonError         ConditionType = "ComparisonError"
	ConditionSyncError               ConditionType = "SyncError"
	ConditionUnknownError            ConditionType = "UnknownError"
	ConditionSharedResourceWarning   ConditionType = "SharedResourceWarning"
	ConditionRepeatedResourceWarning ConditionType = "RepeatedResourceWarning"
	ConditionExcludedResourceWarning ConditionType = "ExcludedResourceWarning"
	ConditionOrphanedResourceWarning ConditionType = "OrphanedResourceWarning"
	// ConditionUnsupportedFieldWarning is Evenkeel's: it names the fields that are
	// set and not acted on.
	ConditionUnsupportedFieldWarning ConditionType = "UnsupportedFieldWarning"
	// ConditionIgnoreDifferencesWarning is Evenkeel's: a rule of ignoreDifferences is wrong,
	// or could not be used on an object.
	ConditionIgnoreDifferencesWarning ConditionType = "IgnoreDifferencesWarning"
	// ConditionSyncWaiting and ConditionPinned are Evenkeel's: why a sync that is due does
	// not begin or go on (a sync window, another Application), and what the Application
	// is pinned to. Neither is an error, so their names end in neither Error nor Warning.
	ConditionSyncWaiting ConditionType = "SyncWaiting"
	ConditionPinned      ConditionType = "Pinned"
	// ConditionRolloutAborted is Evenkeel's: a Rollout has gone back to what ran before, so
	// that Git says something else than what runs although all is applied (Synced).
	ConditionRolloutAborted ConditionType = "RolloutAborted"
)

// The source types.
const (
	SourceTypeHelm      = "Helm"
	SourceTypeKustomize = "Kustomize"
	SourceTypeDirectory = "Directory"
	SourceTypePlugin    = "Plugin"
)

// ApplicationStatus is what the controller saw and did.
type ApplicationStatus struct {
	Resources  []ResourceStatus       `json:"resources,omitempty"`
	Sync       SyncStatus             `json:"sync,omitempty"`
	Health     AppHealthStatus        `json:"health,omitempty"`
	History    []RevisionHistory      `json:"history,omitempty"`
	Conditions []ApplicationCondition `json:"conditions,omitempty"`
	// ReconciledAt is when desired and live were last compared with a fresh revision.
	ReconciledAt   *metav1.Time       `json:"reconciledAt,omitempty"`
	OperationState *OperationState    `json:"operationState,omitempty"`
	ObservedAt     *metav1.Time       `json:"observedAt,omitempty"`
	SourceType     string             `json:"sourceType,omitempty"`
	Summary        ApplicationSummary `json:"summary,omitempty"`
	// ResourceHealthSource says where per-resource health is: inline when empty.
	ResourceHealthSource string                `json:"resourceHealthSource,omitempty"`
	SourceTypes          []string              `json:"sourceTypes,omitempty"`
	ControllerNamespace  string                `json:"controllerNamespace,omitempty"`
	SourceHydrator       *SourceHydratorStatus `json:"sourceHydrator,omitempty"`
}

// SyncStatus is the comparison of desired and live.
type SyncStatus struct {
	Status     SyncStatusCode `json:"status"`
	ComparedTo ComparedTo     `json:"comparedTo,omitempty"`
	Revision   string         `json:"revision,omitempty"`
	Revisions  []string       `json:"revisions,omitempty"`
}

// ComparedTo is the part of the spec that the comparison used.
type ComparedTo struct {
	Source            *ApplicationSource          `json:"source,omitempty"`
	Destination       ApplicationDestination      `json:"destination"`
	Sources           []ApplicationSource         `json:"sources,omitempty"`
	IgnoreDifferences []ResourceIgnoreDifferences `json:"ignoreDifferences,omitempty"`
}

// HealthStatus is the health of one object.
type HealthStatus struct {
	Status             HealthStatusCode `json:"status,omitempty"`
	Message            string           `json:"message,omitempty"`
	LastTransitionTime *metav1.Time     `json:"lastTransitionTime,omitempty"`
}

// AppHealthStatus is the health of an Application.
type AppHealthStatus struct {
	Status             HealthStatusCode `json:"status,omitempty"`
	Message            string           `json:"message,omitempty"`
	LastTransitionTime *metav1.Time     `json:"lastTransitionTime,omitempty"`
}

// ResourceStatus is one managed object: in the source, or in the cluster with this Application's tracking id.
type ResourceStatus struct {
	Group                        string         `json:"group,omitempty"`
	Version                      string         `json:"version,omitempty"`
	Kind                         string         `json:"kind,omitempty"`
	Namespace                    string         `json:"namespace,omitempty"`
	Name                         string         `json:"name,omitempty"`
	Status                       SyncStatusCode `json:"status,omitempty"`
	Health                       *HealthStatus  `json:"health,omitempty"`
	Hook                         bool           `json:"hook,omitempty"`
	RequiresPruning              bool           `json:"requiresPruning,omitempty"`
	SyncWave                     int64          `json:"syncWave,omitempty"`
	RequiresDeletionConfirmation bool           `json:"requiresDeletionConfirmation,omitempty"`
}

// RevisionHistory is one full, successful sync.
type RevisionHistory struct {
	Revision        string              `json:"revision,omitempty"`
	DeployedAt      metav1.Time         `json:"deployedAt"`
	ID              int64               `json:"id"`
	Source          ApplicationSource   `json:"source,omitempty"`
	DeployStartedAt *metav1.Time        `json:"deployStartedAt,omitempty"`
	Sources         []ApplicationSource `json:"sources,omitempty"`
	Revisions       []string            `json:"revisions,omitempty"`
	InitiatedBy     OperationInitiator  `json:"initiatedBy,omitempty"`
}

// ApplicationCondition says that something deserves attention.
type ApplicationCondition struct {
	Type               ConditionType `json:"type"`
	Message            string        `json:"message"`
	LastTransitionTime *metav1.Time  `json:"lastTransitionTime,omitempty"`
}

// OperationState is the last or running operation.
type OperationState struct {
	Operation  Operation            `json:"operation"`
	Phase      OperationPhase       `json:"phase"`
	Message    string               `json:"message,omitempty"`
	SyncResult *SyncOperationResult `json:"syncResult,omitempty"`
	StartedAt  metav1.Time          `json:"startedAt"`
	FinishedAt *metav1.Time         `json:"finishedAt,omitempty"`
	RetryCount int64                `json:"retryCount,omitempty"`
}

// SyncOperationResult is what a sync did.
type SyncOperationResult struct {
	Resources                ResourceResults           `json:"resources,omitempty"`
	Revision                 string                    `json:"revision"`
	Source                   ApplicationSource         `json:"source,omitempty"`
	Sources                  []ApplicationSource       `json:"sources,omitempty"`
	Revisions                []string                  `json:"revisions,omitempty"`
	ManagedNamespaceMetadata *ManagedNamespaceMetadata `json:"managedNamespaceMetadata,omitempty"`
}

// ResourceResults are the results of a sync, in the order in which they were made.
type ResourceResults []*ResourceResult

// ResourceResult is what a sync did to one object.
type ResourceResult struct {
	Group     string         `json:"group"`
	Version   string         `json:"version"`
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Status    ResultCode     `json:"status,omitempty"`
	Message   string         `json:"message,omitempty"`
	HookType  string         `json:"hookType,omitempty"`
	HookPhase OperationPhase `json:"hookPhase,omitempty"`
	SyncPhase string         `json:"syncPhase,omitempty"`
	Images    []string       `json:"images,omitempty"`
}

// ApplicationSummary is gathered from the live objects.
type ApplicationSummary struct {
	ExternalURLs []string `json:"externalURLs,omitempty"`
	Images       []string `json:"images,omitempty"`
	IsAppOfApps  bool     `json:"isAppOfApps,omitempty"`
}

// SourceHydratorStatus is what a hydrator did.
type SourceHydratorStatus struct {
	LastSuccessfulOperation *SuccessfulHydrateOperation `json:"lastSuccessfulOperation,omitempty"`
	CurrentOperation        *HydrateOperation           `json:"currentOperation,omitempty"`
	LastComparedDryRevision string                      `json:"lastComparedDryRevision,omitempty"`
}

// HydrateOperation is a running or the last hydration.
type HydrateOperation struct {
	StartedAt  metav1.Time  `json:"startedAt,omitempty"`
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// +kubebuilder:validation:Enum=Hydrating;Failed;Hydrated
	Phase          string         `json:"phase"`
	Message        string         `json:"message"`
	DrySHA         string         `json:"drySHA,omitempty"`
	HydratedSHA    string         `json:"hydratedSHA,omitempty"`
	SourceHydrator SourceHydrator `json:"sourceHydrator,omitempty"`
}

// SuccessfulHydrateOperation is the last hydration that succeeded.
type SuccessfulHydrateOperation struct {
	DrySHA         string         `json:"drySHA,omitempty"`
	HydratedSHA    string         `json:"hydratedSHA,omitempty"`
	SourceHydrator SourceHydrator `json:"sourceHydrator,omitempty"`
}
