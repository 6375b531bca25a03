package status

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// compareOptions are the words of an object's compare options that are understood.
// How Argo CD is to compare says nothing here: there is one way, which asks the API
// server where it is in doubt, and what a webhook adds is nobody's difference.
// Those of sync options are in package resource.
var compareOptions = []string{
	"IgnoreExtraneous", "ServerSideDiff=true", "ServerSideDiff=false", "IncludeMutationWebhook=true", "IncludeMutationWebhook=false",
}

func unknownOptions(paths []string, at string, lists []string) []string {
	for i, list := range lists {
		for _, word := range resource.SyncOptionProblems(list, resource.AppScope) {
			paths = append(paths, fmt.Sprintf("%s[%d] (%s)", at, i, word))
		}
	}
	return paths
}

// UnsupportedObject are the annotations of a rendered object that this release
// does not act on, as metadata.annotations["name"], with the word where only a
// word of it is not understood. They are sorted.
func UnsupportedObject(obj *unstructured.Unstructured) []string {
	annotations := obj.GetAnnotations()
	var paths []string
	for _, word := range resource.SyncOptionProblems(annotations[v1alpha1.AnnotationSyncOptions], resource.ObjectScope) {
		paths = append(paths, annotationPath(v1alpha1.AnnotationSyncOptions)+" ("+word+")")
	}
	for word := range strings.SplitSeq(annotations[v1alpha1.AnnotationCompareOptions], ",") {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(compareOptions, word) {
			paths = append(paths, annotationPath(v1alpha1.AnnotationCompareOptions)+" ("+word+")")
		}
	}
	slices.Sort(paths)
	return paths
}

func annotationPath(name string) string { return fmt.Sprintf("metadata.annotations[%q]", name) }
