package buildenv

import (
	"os"
	"strings"
)

// Env holds the variables of one rendering. The zero value has none.
type Env struct {
	AppName              string // <namespace>_<name> outside the control namespace
	AppNamespace         string // the destination's
	ProjectName          string
	Revision             string
	SourceRepoURL        string
	SourcePath           string
	SourceTargetRevision string
	KubeVersion          string
	KubeAPIVersions      []string
	// Asked hears of each variable that is looked up; nil hears nothing.
	Asked func(name string)
}

// Expand replaces $NAME and ${NAME} by the variable's value, names that do not
// exist by nothing, and $$ by a dollar sign.
func (e Env) Expand(s string) string {
	if strings.IndexByte(s, '$') < 0 {
		return s
	}
	return os.Expand(s, e.Get)
}

// names are those of the variables.
var names = []string{ //nolint:gochecknoglobals // a table
	"ARGOCD_APP_NAME", "ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_REVISION", "ARGOCD_APP_REVISION_SHORT",
	"ARGOCD_APP_REVISION_SHORT_8", "ARGOCD_APP_SOURCE_REPO_URL", "ARGOCD_APP_SOURCE_PATH", "ARGOCD_APP_SOURCE_TARGET_REVISION",
	"KUBE_VERSION", "KUBE_API_VERSIONS",
}

// Environ is all variables as NAME=value, for a program. Which of them it looks at
// nobody hears: Asked is not told.
func (e Env) Environ() []string {
	e.Asked = nil
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name + "=" + e.Get(name)
	}
	return out
}

// Get is the value of the variable name, or "".
func (e Env) Get(name string) string {
	if e.Asked != nil {
		e.Asked(name)
	}
	switch name {
	case "$":
		return "$"
	case "ARGOCD_APP_NAME":
		return e.AppName
	case "ARGOCD_APP_NAMESPACE":
		return e.AppNamespace
	case "ARGOCD_APP_PROJECT_NAME":
		return e.ProjectName
	case "ARGOCD_APP_REVISION":
		return e.Revision
	case "ARGOCD_APP_REVISION_SHORT":
		return short(e.Revision, 7)
	case "ARGOCD_APP_REVISION_SHORT_8":
		return short(e.Revision, 8)
	case "ARGOCD_APP_SOURCE_REPO_URL":
		return e.SourceRepoURL
	case "ARGOCD_APP_SOURCE_PATH":
		return e.SourcePath
	case "ARGOCD_APP_SOURCE_TARGET_REVISION":
		return e.SourceTargetRevision
	case "KUBE_VERSION":
		return e.KubeVersion
	case "KUBE_API_VERSIONS":
		return strings.Join(e.KubeAPIVersions, ",")
	}
	return ""
}

func short(revision string, n int) string {
	if len(revision) <= n {
		return revision
	}
	return revision[:n]
}
