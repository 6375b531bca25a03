package status

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// actedOn is the one table of the fields that this release acts on: struct ->
// the JSON names of its fields. A field that is not here is reported when it is
// set, and so is a field that Argo CD adds.
var actedOn = map[reflect.Type]string{
	reflect.TypeFor[v1alpha1.ApplicationSpec]():            "source sources destination project syncPolicy ignoreDifferences info revisionHistoryLimit",
	reflect.TypeFor[v1alpha1.ApplicationSource]():          "repoURL path chart targetRevision tagPrefix helm kustomize directory ref name",
	reflect.TypeFor[v1alpha1.ApplicationDestination]():     "server name namespace",
	reflect.TypeFor[v1alpha1.SyncPolicy]():                 "automated retry syncOptions managedNamespaceMetadata",
	reflect.TypeFor[v1alpha1.SyncPolicyAutomated]():        "prune selfHeal allowEmpty enabled",
	reflect.TypeFor[v1alpha1.RetryStrategy]():              "limit backoff refresh",
	reflect.TypeFor[v1alpha1.Backoff]():                    "duration factor maxDuration",
	reflect.TypeFor[v1alpha1.ResourceIgnoreDifferences]():  "group kind name namespace jsonPointers jqPathExpressions managedFieldsManagers",
	reflect.TypeFor[v1alpha1.Info]():                       "name value",
	reflect.TypeFor[v1alpha1.Operation]():                  "sync initiatedBy info retry",
	reflect.TypeFor[v1alpha1.OperationInitiator]():         "username automated",
	reflect.TypeFor[v1alpha1.SyncOperation]():              "revision revisions prune dryRun resources syncOptions source sources syncStrategy autoHealAttemptsCount",
	reflect.TypeFor[v1alpha1.SyncOperationResource]():      "group kind name namespace",
	reflect.TypeFor[v1alpha1.SyncStrategy]():               "apply hook",
	reflect.TypeFor[v1alpha1.SyncStrategyApply]():          "force",
	reflect.TypeFor[v1alpha1.ManagedNamespaceMetadata]():   "labels annotations",
	reflect.TypeFor[v1alpha1.SyncWindow]():                 "kind schedule duration applications namespaces clusters manualSync timeZone andOperator description syncOverrun",
	reflect.TypeFor[v1alpha1.ApplicationSourceDirectory](): "recurse include exclude disableExtensionFilter jsonnet",
	reflect.TypeFor[v1alpha1.ApplicationSourceJsonnet]():   "extVars tlas libs",
	reflect.TypeFor[v1alpha1.JsonnetVar]():                 "name value code",
	reflect.TypeFor[v1alpha1.HelmParameter]():              "name value forceString",
	reflect.TypeFor[v1alpha1.HelmFileParameter]():          "name path",
	reflect.TypeFor[v1alpha1.KustomizeReplica]():           "name count",
	reflect.TypeFor[v1alpha1.KustomizePatch]():             "path patch target options",
	reflect.TypeFor[v1alpha1.KustomizeSelector]():          "annotationSelector labelSelector",
	reflect.TypeFor[v1alpha1.KustomizeResID]():             "name namespace",
	reflect.TypeFor[v1alpha1.KustomizeGVK]():               "group version kind",
	// The version of Helm is ignored by Argo CD too.
	reflect.TypeFor[v1alpha1.ApplicationSourceHelm](): "apiVersions fileParameters ignoreMissingValueFiles kubeVersion namespace parameters passCredentials releaseName " +
		"skipCrds skipSchemaValidation skipTests valueFiles values valuesObject version",
	reflect.TypeFor[v1alpha1.ApplicationSourceKustomize](): "apiVersions commonAnnotations commonAnnotationsEnvsubst commonLabels components " +
		"forceCommonAnnotations forceCommonLabels ignoreMissingComponents images kubeVersion labelIncludeTemplates labelWithoutSelector " +
		"namePrefix nameSuffix namespace patches replicas",
	reflect.TypeFor[v1alpha1.AppProjectSpec](): "sourceRepos destinations description clusterResourceWhitelist clusterResourceBlacklist " +
		"namespaceResourceWhitelist namespaceResourceBlacklist sourceNamespaces syncWindows signatureKeys sourceIntegrity orphanedResources",
	reflect.TypeFor[v1alpha1.OrphanedResourcesSettings]():      "warn ignore",
	reflect.TypeFor[v1alpha1.OrphanedResourceKey]():            "group kind name",
	reflect.TypeFor[v1alpha1.SignatureKey]():                   "keyID",
	reflect.TypeFor[v1alpha1.SourceIntegrity]():                "git",
	reflect.TypeFor[v1alpha1.SourceIntegrityGit]():             "policies",
	reflect.TypeFor[v1alpha1.SourceIntegrityGitPolicy]():       "repos gpg",
	reflect.TypeFor[v1alpha1.SourceIntegrityGitPolicyRepo]():   "url",
	reflect.TypeFor[v1alpha1.SourceIntegrityGitPolicyGPG]():    "mode keys",
	reflect.TypeFor[v1alpha1.ClusterResourceRestrictionItem](): "group kind name",
	reflect.TypeFor[metav1.GroupKind]():                        "group kind",
}

// Unsupported are the JSON paths of the fields of an Application, of its
// operation and of its project that are set and that this release does not act
// on, in the order of the API. Words of a list that are not understood come with
// the word: spec.syncPolicy.syncOptions[1] (Replace=true). Paths into the project
// begin with "AppProject". Either argument may be nil.
func Unsupported(app *v1alpha1.Application, project *v1alpha1.AppProject) []string {
	var paths []string
	if app != nil {
		paths = walk(paths, reflect.ValueOf(app.Spec), "spec")
		if policy := app.Spec.SyncPolicy; policy != nil {
			paths = unknownOptions(paths, "spec.syncPolicy.syncOptions", policy.SyncOptions)
		}
		if op := app.Operation; op != nil {
			paths = walk(paths, reflect.ValueOf(*op), "operation")
			if op.Sync != nil {
				paths = unknownOptions(paths, "operation.sync.syncOptions", op.Sync.SyncOptions)
			}
		}
	}
	if project != nil {
		paths = walk(paths, reflect.ValueOf(project.Spec), "AppProject.spec")
	}
	return paths
}

// walk appends the paths of the fields below a struct that are set and not in
// actedOn. A field that is not acted on is named as a whole.
func walk(paths []string, v reflect.Value, at string) []string {
	known := strings.Fields(actedOn[v.Type()])
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if isEmpty(value) {
			continue
		}
		if field.Anonymous {
			paths = walk(paths, value, at)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !slices.Contains(known, name) {
			paths = append(paths, at+"."+name)
			continue
		}
		paths = descend(paths, value, at+"."+name)
	}
	return paths
}

func descend(paths []string, v reflect.Value, at string) []string {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return descend(paths, v.Elem(), at)
		}
	case reflect.Struct:
		_, listed := actedOn[v.Type()]
		if listed || v.Type().PkgPath() == reflect.TypeFor[v1alpha1.Application]().PkgPath() {
			return walk(paths, v, at)
		}
	case reflect.Slice:
		for i := range v.Len() {
			paths = descend(paths, v.Index(i), fmt.Sprintf("%s[%d]", at, i))
		}
	}
	return paths
}

// isEmpty is what omitempty leaves out, and structs without anything in them.
func isEmpty(v reflect.Value) bool {
	if k := v.Kind(); k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

func unknownOptions(paths []string, at string, lists []string) []string {
	for i, list := range lists {
		for _, word := range resource.SyncOptionProblems(list, resource.AppScope) {
			paths = append(paths, fmt.Sprintf("%s[%d] (%s)", at, i, word))
		}
	}
	return paths
}
