package status

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// Option words that this release understands: of spec.syncPolicy.syncOptions and
// operation.sync.syncOptions, and of the two annotations of an object. Every
// other word is reported.
var (
	appOptions = []string{
		"ApplyOutOfSyncOnly=true", "ApplyOutOfSyncOnly=false", "CreateNamespace=true", "CreateNamespace=false",
		"Delete=true", "Delete=false", "Prune=true", "Prune=false",
		"PrunePropagationPolicy=foreground", "PrunePropagationPolicy=background", "PrunePropagationPolicy=orphan",
		"RespectIgnoreDifferences=true", "RespectIgnoreDifferences=false", "ServerSideApply=true", "Validate=true", "Validate=false",
	}
	objectOptions  = []string{"Delete=true", "Delete=false", "Prune=true", "Prune=false", "ServerSideApply=true", "Validate=true", "Validate=false"}
	compareOptions = []string{"IgnoreExtraneous"}
)

// noEffect are words that say what happens anyway.
var noEffect = []string{
	"FailOnSharedResource=false", "Force=false", "PruneLast=false", "Replace=false", "SkipDryRunOnMissingResource=false",
	"IncludeMutationWebhook=false",
}

// unread are annotations that this release does not act on at all.
var unread = []string{
	v1alpha1.AnnotationHook,
	"argocd.argoproj.io/hook-delete-policy",
	"argocd.argoproj.io/client-side-apply-migration-manager",
	"argocd.argoproj.io/ignore-resource-updates",
	"helm.sh/hook-delete-policy",
}

func unknownOptions(paths []string, at string, words []string) []string {
	for i, word := range words {
		if !understood(word, appOptions) {
			paths = append(paths, fmt.Sprintf("%s[%d] (%s)", at, i, word))
		}
	}
	return paths
}

func understood(word string, known []string) bool {
	word = strings.TrimSpace(word)
	return word == "" || slices.Contains(known, word) || slices.Contains(noEffect, word)
}

// UnsupportedObject are the annotations of a rendered object that this release
// does not act on, as metadata.annotations["name"], with the word where only a
// word of it is not understood. They are sorted.
func UnsupportedObject(obj *unstructured.Unstructured) []string {
	annotations := obj.GetAnnotations()
	var paths []string
	for _, name := range unread {
		if _, ok := annotations[name]; ok {
			paths = append(paths, annotationPath(name))
		}
	}
	if hook, ok := annotations[v1alpha1.AnnotationHelmHook]; ok && strings.TrimSpace(hook) != "crd-install" {
		paths = append(paths, annotationPath(v1alpha1.AnnotationHelmHook))
	}
	paths = unknownWords(paths, annotations, v1alpha1.AnnotationSyncOptions, objectOptions)
	paths = unknownWords(paths, annotations, v1alpha1.AnnotationCompareOptions, compareOptions)
	slices.Sort(paths)
	return paths
}

func unknownWords(paths []string, annotations map[string]string, name string, known []string) []string {
	for word := range strings.SplitSeq(annotations[name], ",") {
		if !understood(word, known) {
			paths = append(paths, annotationPath(name)+" ("+strings.TrimSpace(word)+")")
		}
	}
	return paths
}

func annotationPath(name string) string { return fmt.Sprintf("metadata.annotations[%q]", name) }
