package rest

import (
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// selection is Argo CD's ApplicationQuery as far as it selects.
type selection struct {
	name      string
	namespace string
	repo      string
	projects  []string
	labels    labels.Selector
}

func selectionOf(q url.Values) (selection, error) {
	s := selection{
		name:      q.Get("name"),
		namespace: q.Get("appNamespace"),
		repo:      q.Get("repo"),
		projects:  slices.Concat(q["projects"], q["project"]),
	}
	l, err := labels.Parse(q.Get("selector"))
	if err != nil {
		return selection{}, fault.Wrap(fault.Invalid, err, "query parameter selector")
	}
	s.labels = l
	return s, nil
}

func (s selection) matches(app *v1alpha1.Application) bool {
	switch {
	case s.name != "" && s.name != app.Name:
		return false
	case s.namespace != "" && s.namespace != app.Namespace:
		return false
	case len(s.projects) > 0 && !slices.Contains(s.projects, projectOf(app)):
		return false
	case s.repo != "" && !usesRepo(app, s.repo):
		return false
	}
	return s.labels.Matches(labels.Set(app.Labels))
}

func usesRepo(app *v1alpha1.Application, repo string) bool {
	if len(app.Spec.Sources) == 0 {
		return app.Spec.Source != nil && app.Spec.Source.RepoURL == repo
	}
	return slices.ContainsFunc(app.Spec.Sources, func(s v1alpha1.ApplicationSource) bool { return s.RepoURL == repo })
}
