package rest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// refreshTime is how long GET ?refresh= waits for the controller.
const refreshTime = 60 * time.Second

// applicationList is Argo CD's ApplicationList and, in addition, how many
// Applications match in all.
type applicationList struct {
	Metadata metav1.ListMeta         `json:"metadata"`
	Items    []*v1alpha1.Application `json:"items"`
	Total    int                     `json:"total"`
}

func (a *api) list(r *http.Request) (any, error) {
	q := r.URL.Query()
	found, err := a.selected(r.Context(), q)
	if err != nil {
		return nil, err
	}
	limit, err := number(q, "limit")
	if err != nil {
		return nil, err
	}
	offset, err := number(q, "offset")
	if err != nil {
		return nil, err
	}
	l := applicationList{Items: []*v1alpha1.Application{}, Total: len(found)}
	page := found[min(offset, len(found)):]
	if limit > 0 && limit < len(page) {
		rest := int64(len(page) - limit)
		l.Metadata.RemainingItemCount = &rest
		page = page[:limit]
	}
	for _, app := range page {
		l.Items = append(l.Items, shown(app))
	}
	return parseFields(q.Get("fields")).apply(l)
}

// selected is the Applications that a query selects, in the order it wants.
func (a *api) selected(ctx context.Context, q url.Values) ([]*v1alpha1.Application, error) {
	s, err := selectionOf(q)
	if err != nil {
		return nil, err
	}
	all, err := a.Apps.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []*v1alpha1.Application
	for _, app := range all {
		if s.matches(app) {
			found = append(found, app)
		}
	}
	slices.SortFunc(found, func(x, y *v1alpha1.Application) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name))
	})
	return a.searched(found, q)
}

// searched narrows and orders Applications by what only their rows tell.
func (a *api) searched(apps []*v1alpha1.Application, q url.Values) ([]*v1alpha1.Application, error) {
	query := view.Query{Text: q.Get("search"), Sync: q["sync"], Health: q["health"], Sort: q.Get("sort")}
	if query.Text == "" && query.Sort == "" && len(query.Sync)+len(query.Health) == 0 {
		return apps, nil
	}
	rows, _, err := a.View.Query(query)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]*v1alpha1.Application, len(apps))
	for _, app := range apps {
		byKey[app.Namespace+"/"+app.Name] = app
	}
	var found []*v1alpha1.Application
	for _, row := range rows {
		if app, ok := byKey[row.Key()]; ok {
			found = append(found, app)
		}
	}
	return found, nil
}

func (a *api) get(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	kind := r.URL.Query().Get("refresh")
	if kind == "" {
		return shown(app), nil
	}
	if err := checkRefresh(kind); err != nil {
		return nil, err
	}
	// This GET has an effect. A link that somebody was talked into following is
	// not a wish to refresh; the API's own callers do not navigate.
	if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		return nil, fault.New(fault.Denied, "a refresh cannot be asked for by a link")
	}
	app, err = a.refreshed(r.Context(), app, kind)
	if err != nil {
		return nil, err
	}
	return shown(app), nil
}

func checkRefresh(kind string) error {
	if kind == v1alpha1.RefreshNormal || kind == v1alpha1.RefreshHard {
		return nil
	}
	return fault.New(fault.Invalid, "refresh %q: want normal or hard", kind)
}

// refreshed asks for a refresh and waits until the controller has done it, which
// it shows by removing the annotation.
func (a *api) refreshed(ctx context.Context, app *v1alpha1.Application, kind string) (*v1alpha1.Application, error) {
	ctx, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	sub := a.View.Subscribe(ctx, []string{view.TopicVersions}, "")
	defer sub.Close()
	asked, err := a.Commands.Refresh(ctx, app.Namespace, app.Name, kind)
	if err != nil {
		return nil, err
	}
	for {
		now, err := a.Apps.Get(ctx, app.Namespace, app.Name)
		if err != nil {
			return nil, err
		}
		if _, waiting := now.Annotations[v1alpha1.AnnotationRefresh]; !waiting && !older(now, asked) {
			return now, nil
		}
		if _, err := sub.Next(ctx); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "application %q was not refreshed in time", app.Name)
		}
	}
}

// older says whether a comes before b. Since Kubernetes 1.35 the versions of one
// resource are numbers that may be compared.
func older(a, b *v1alpha1.Application) bool {
	x, errX := strconv.ParseUint(a.ResourceVersion, 10, 64)
	y, errY := strconv.ParseUint(b.ResourceVersion, 10, 64)
	return errX == nil && errY == nil && x < y
}
