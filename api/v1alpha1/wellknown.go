package v1alpha1

// Annotations, labels and finalizers that Argo CD defines (argo-cd.md §1.7, §1.23).
const (
	// AnnotationManifestGeneratePaths on an Application names the paths that it is made
	// of, separated by semicolons, relative to its own or from the root with a slash.
	AnnotationManifestGeneratePaths = "argocd.argoproj.io/manifest-generate-paths"
	AnnotationRefresh               = "argocd.argoproj.io/refresh"
	AnnotationRefreshTimestamp      = "argocd.argoproj.io/refresh-timestamp"
	AnnotationSkipReconcile         = "argocd.argoproj.io/skip-reconcile"
	AnnotationTrackingID            = "argocd.argoproj.io/tracking-id"
	// AnnotationInstallationID tells several installations on one cluster apart.
	AnnotationInstallationID   = "argocd.argoproj.io/installation-id"
	AnnotationSyncWave         = "argocd.argoproj.io/sync-wave"
	AnnotationSyncOptions      = "argocd.argoproj.io/sync-options"
	AnnotationCompareOptions   = "argocd.argoproj.io/compare-options"
	AnnotationHook             = "argocd.argoproj.io/hook"
	AnnotationHookDeletePolicy = "argocd.argoproj.io/hook-delete-policy"
	AnnotationIgnoreHealth     = "argocd.argoproj.io/ignore-healthcheck"
	// AnnotationDeletionApproved is when a person confirmed deletions (RFC 3339); it
	// counts for operations that began before.
	AnnotationDeletionApproved = "argocd.argoproj.io/deletion-approved"
	// AnnotationMigrationManager names the field manager of client-side apply.
	AnnotationMigrationManager = "argocd.argoproj.io/client-side-apply-migration-manager"

	AnnotationHelmHook             = "helm.sh/hook"
	AnnotationHelmHookWeight       = "helm.sh/hook-weight"
	AnnotationHelmHookDeletePolicy = "helm.sh/hook-delete-policy"
	AnnotationHelmPolicy           = "helm.sh/resource-policy"

	// AnnotationDependsOn names the Applications that one waits for before it syncs:
	// NAME or NAMESPACE/NAME, with commas between them. It is Evenkeel's own.
	AnnotationDependsOn = "evenkeel.dev/depends-on"

	LabelSecretType = "argocd.argoproj.io/secret-type"

	FinalizerForeground       = "resources-finalizer.argocd.argoproj.io"
	FinalizerForegroundSuffix = "resources-finalizer.argocd.argoproj.io/foreground"
	FinalizerBackground       = "resources-finalizer.argocd.argoproj.io/background"
	// FinalizerHook keeps a hook from going away before its outcome was seen.
	FinalizerHook = "argocd.argoproj.io/hook-finalizer"
	// FinalizerPreDelete and FinalizerPostDelete keep an Application while the hooks of
	// its deletion run, with suffix FinalizerCleanup while those are deleted.
	FinalizerPreDelete  = "pre-delete-finalizer.argocd.argoproj.io"
	FinalizerPostDelete = "post-delete-finalizer.argocd.argoproj.io"
	FinalizerCleanup    = "/cleanup"

	// FieldManager is the name under which objects are applied. It is Argo CD's,
	// so that ownership carries over in both directions.
	FieldManager = "argocd-controller"

	// DefaultProject is the project of Applications that name none.
	DefaultProject = "default"
	// InClusterServer is the destination that means "the cluster I run in".
	InClusterServer = "https://kubernetes.default.svc"
	// InClusterName is that destination by name.
	InClusterName = "in-cluster"

	RefreshNormal = "normal"
	RefreshHard   = "hard"
)

// Annotations that are Evenkeel's own.
const (
	// AnnotationHookRun marks a hook with the try of the operation that made it.
	AnnotationHookRun = "evenkeel.dev/hook-run"
	// AnnotationPin holds an Application at a commit; the others say from which entry of
	// its history, with which source, by whom, why, until when, and until which commit.
	AnnotationPin          = "evenkeel.dev/pin"
	AnnotationPinHistory   = "evenkeel.dev/pin-history"
	AnnotationPinSource    = "evenkeel.dev/pin-source"
	AnnotationPinBy        = "evenkeel.dev/pin-by"
	AnnotationPinReason    = "evenkeel.dev/pin-reason"
	AnnotationPinUntil     = "evenkeel.dev/pin-until"
	AnnotationPinNewerThan = "evenkeel.dev/pin-newer-than"
	// AnnotationSupersede is "false" on an Application whose operations are not to be
	// taken over by newer commits.
	AnnotationSupersede = "evenkeel.dev/supersede"
)

// Words of hooks that run once per input: see internal/plan/once. An Application
// that goes back to Argo CD loses the behaviour and nothing else.
const (
	// AnnotationRun on a hook says when it runs. The one value is RunOncePerInput.
	AnnotationRun = "evenkeel.dev/run"
	// RunOncePerInput runs a hook Job once for each state of what it depends on:
	// see internal/plan/once.
	RunOncePerInput = "once-per-input"
	// AnnotationInputs on such a hook names paths of the repository that it depends
	// on besides: paths and globs, separated by commas.
	AnnotationInputs = "evenkeel.dev/inputs"
	// AnnotationInputKey and AnnotationAttempt on a Job that was made of such a hook
	// say for which state of its inputs it runs, and which try it is.
	AnnotationInputKey = "evenkeel.dev/input-key"
	AnnotationAttempt  = "evenkeel.dev/attempt"
	// AnnotationLedgerOf on a ConfigMap is the name of the Application whose ledger it is.
	AnnotationLedgerOf = "evenkeel.dev/ledger-of"
	// InfoHooks is the name of the entry of operation.info that says what a person
	// decided about such hooks: see once.Choices. Infos are free words in Argo CD's
	// schema, so they come through its API server, its CLI and its CRD unchanged.
	InfoHooks = "evenkeel.dev/hooks"

	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy on what Evenkeel keeps for itself.
	ManagedBy = "evenkeel"
)

// InfoPlan is the name of the entry of operation.info that holds the hash of the plan
// which alone may be carried out.
const InfoPlan = "evenkeel.dev/plan"
