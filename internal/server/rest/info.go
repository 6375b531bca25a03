package rest

import (
	"cmp"
	"net/http"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

func (a *api) version(*http.Request) (any, error) { return a.Version, nil }

func (a *api) userInfo(*http.Request) (any, error) {
	return map[string]any{"loggedIn": true, "username": username, "iss": "evenkeel", "groups": []string{}}, nil
}

// settings is Argo CD's Settings: what the server can do, for its UI.
func (a *api) settings(*http.Request) (any, error) {
	return map[string]any{
		"url":                       "",
		"appLabelKey":               "app.kubernetes.io/instance",
		"trackingMethod":            "annotation",
		"controllerNamespace":       a.Namespace,
		"appsInAnyNamespaceEnabled": false,
		"execEnabled":               false,
		"statusBadgeEnabled":        false,
		"hydratorEnabled":           false,
		"syncWithReplaceAllowed":    true,
		"impersonationEnabled":      false,
		"userLoginsDisabled":        true,
		"passwordPattern":           "",
		"uiCssURL":                  "",
		"uiBannerContent":           "",
		"help":                      map[string]any{},
		"googleAnalytics":           map[string]any{},
		"kustomizeOptions":          map[string]any{},
		"kustomizeVersions":         []string{},
		"plugins":                   []any{},
		"resourceOverrides":         map[string]any{},
	}, nil
}

func (a *api) projects(r *http.Request) (any, error) {
	if a.Projects == nil {
		return nil, fault.New(fault.Unsupported, "projects are not served yet")
	}
	all, err := a.Projects.ListProjects(r.Context())
	if err != nil {
		return nil, err
	}
	name := r.URL.Query().Get("name")
	items := []*v1alpha1.AppProject{}
	for _, p := range all {
		if name == "" || name == p.Name {
			items = append(items, shownProject(p))
		}
	}
	slices.SortFunc(items, func(x, y *v1alpha1.AppProject) int { return cmp.Compare(x.Name, y.Name) })
	return struct {
		Metadata metav1.ListMeta        `json:"metadata"`
		Items    []*v1alpha1.AppProject `json:"items"`
	}{Items: items}, nil
}

func (a *api) project(r *http.Request) (any, error) {
	p, err := a.projectNamed(r)
	if err != nil {
		return nil, err
	}
	return shownProject(p), nil
}

// projectNamed is the AppProject that a request's path names.
func (a *api) projectNamed(r *http.Request) (*v1alpha1.AppProject, error) {
	name := r.PathValue("name")
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return nil, fault.New(fault.Invalid, "%q cannot be the name of a project", name)
	}
	if a.Projects == nil {
		return nil, fault.New(fault.Unsupported, "projects are not served yet")
	}
	return a.Projects.GetProject(r.Context(), name)
}

// shownProject is p as it is given out; p belongs to a cache and stays as it is.
func shownProject(p *v1alpha1.AppProject) *v1alpha1.AppProject {
	out := *p
	out.ManagedFields = nil
	return &out
}
