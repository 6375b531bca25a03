package v1alpha1

// Annotations, labels and finalizers that Argo CD defines (argo-cd.md §1.7, §1.23).
const (
	AnnotationRefresh          = "argocd.argoproj.io/refresh"
	AnnotationRefreshTimestamp = "argocd.argoproj.io/refresh-timestamp"
	AnnotationSkipReconcile    = "argocd.argoproj.io/skip-reconcile"
	AnnotationTrackingID       = "argocd.argoproj.io/tracking-id"
	AnnotationSyncWave         = "argocd.argoproj.io/sync-wave"
	AnnotationSyncOptions      = "argocd.argoproj.io/sync-options"
	AnnotationCompareOptions   = "argocd.argoproj.io/compare-options"
	AnnotationHook             = "argocd.argoproj.io/hook"
	AnnotationIgnoreHealth     = "argocd.argoproj.io/ignore-healthcheck"
	AnnotationHelmHook         = "helm.sh/hook"
	AnnotationHelmHookWeight   = "helm.sh/hook-weight"
	AnnotationHelmPolicy       = "helm.sh/resource-policy"

	LabelSecretType = "argocd.argoproj.io/secret-type"

	FinalizerForeground       = "resources-finalizer.argocd.argoproj.io"
	FinalizerForegroundSuffix = "resources-finalizer.argocd.argoproj.io/foreground"
	FinalizerBackground       = "resources-finalizer.argocd.argoproj.io/background"

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
