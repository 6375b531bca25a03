package buildenv_test

import (
	"testing"

	"evenkeel.dev/internal/render/buildenv"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	env := buildenv.Env{
		AppName: "web", AppNamespace: "prod", ProjectName: "default", Revision: "0123456789", SourceRepoURL: "https://example.org/r",
		SourcePath: "app", SourceTargetRevision: "main", KubeVersion: "1.35", KubeAPIVersions: []string{"v1", "apps/v1"},
	}
	for in, want := range map[string]string{
		"plain":                   "plain",
		"$ARGOCD_APP_NAME":        "web",
		"${ARGOCD_APP_NAME}x":     "webx",
		"$ARGOCD_APP_NAMESPACE":   "prod",
		"$ARGOCD_APP_REVISION":    "0123456789",
		"a$$b":                    "a$b",
		"$$ARGOCD_APP_NAME":       "$ARGOCD_APP_NAME",
		"$HOME$PATH":              "",
		"$KUBE_API_VERSIONS":      "v1,apps/v1",
		"$KUBE_VERSION":           "1.35",
		"$ARGOCD_APP_SOURCE_PATH": "app",
		"$ARGOCD_APP_REVISION_SHORT-$ARGOCD_APP_REVISION_SHORT_8":                                 "0123456-01234567",
		"$ARGOCD_APP_PROJECT_NAME $ARGOCD_APP_SOURCE_REPO_URL $ARGOCD_APP_SOURCE_TARGET_REVISION": "default https://example.org/r main",
	} {
		if got := env.Expand(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
