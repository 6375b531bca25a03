package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadLimits(t *testing.T) {
	for _, tc := range []struct {
		reason string
		env    map[string]string
		want   limits
		err    string
	}{
		{"nothing is said", nil, limits{}, ""},
		{"all", map[string]string{
			"ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_INDEX_SIZE": "1G", "ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_EXTRACTED_SIZE": "100Mi",
			"ARGOCD_REPO_SERVER_OCI_MANIFEST_MAX_EXTRACTED_SIZE": "5k",
			"ARGOCD_REPO_SERVER_OCI_LAYER_MEDIA_TYPES":           "application/a, application/b,", "ARGOCD_GIT_MODULES_ENABLED": "false",
		}, limits{maxIndex: 1e9, maxChart: 100 << 20, maxArtifact: 5000, mediaTypes: []string{"application/a", "application/b"}, noSubmodules: true}, ""},
		{"no bounds", map[string]string{
			"ARGOCD_REPO_SERVER_DISABLE_HELM_MANIFEST_MAX_EXTRACTED_SIZE": "true", "ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_EXTRACTED_SIZE": "1k",
			"ARGOCD_REPO_SERVER_DISABLE_OCI_MANIFEST_MAX_EXTRACTED_SIZE": "true",
		}, limits{maxChart: unbounded, maxArtifact: unbounded}, ""},
		{"disabled is not said", map[string]string{"ARGOCD_REPO_SERVER_DISABLE_OCI_MANIFEST_MAX_EXTRACTED_SIZE": "false"}, limits{}, ""},
		{"no size", map[string]string{"ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_INDEX_SIZE": "large"}, limits{}, "ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_INDEX_SIZE: \"large\""},
		{"a size of nothing", map[string]string{"ARGOCD_REPO_SERVER_OCI_MANIFEST_MAX_EXTRACTED_SIZE": "0"}, limits{}, "is no size"},
		{"less than nothing", map[string]string{"ARGOCD_REPO_SERVER_OCI_MANIFEST_MAX_EXTRACTED_SIZE": "-1G"}, limits{}, "is no size"},
	} {
		got, err := readLimits(func(name string) string { return tc.env[name] })
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: %v", tc.reason, err)
			}
			continue
		}
		if d := cmp.Diff(tc.want, got, cmp.AllowUnexported(limits{})); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tc.reason, err, d)
		}
	}
}
