package view

import (
	"cmp"
	"slices"
	"strings"

	"evenkeel.dev/internal/fault"
)

// maxQueryText bounds the text of a query, in bytes.
const maxQueryText = 1024

// Query selects rows. Empty fields select everything; lists select any of theirs.
type Query struct {
	// Text is words that must all occur, ignoring case, in an Application's names,
	// labels, source, destination or images.
	Text      string
	Project   []string
	Sync      []string
	Health    []string
	Namespace []string
	// Limit is the size of the page; 0 means no limit.
	Limit  int
	Offset int
	// Sort is a column, descending after "-": namespace, name, project, sync,
	// health, createdAt, observedAt, outOfSyncSince. Empty means namespace. Ties
	// are in the order of namespace and name.
	Sort string
}

// columns are what rows can be sorted by. Times in RFC 3339 UTC sort as texts.
func column(name string) (func(App) string, bool) {
	switch name {
	case "", "namespace":
		return func(a App) string { return a.Namespace }, true
	case "name":
		return func(a App) string { return a.Name }, true
	case "project":
		return func(a App) string { return a.Project }, true
	case "sync":
		return func(a App) string { return a.Sync }, true
	case "health":
		return func(a App) string { return a.Health }, true
	case "createdAt":
		return func(a App) string { return a.CreatedAt }, true
	case "observedAt":
		return func(a App) string { return a.ObservedAt }, true
	case "outOfSyncSince":
		return func(a App) string { return a.OutOfSyncSince }, true
	}
	return nil, false
}

// Select is the page of rows that q asks for and how many match in all. Its error
// is fault.Invalid. rows stay as they are.
func (q Query) Select(rows []App) (page []App, total int, err error) {
	if err := q.check(); err != nil {
		return nil, 0, err
	}
	words := strings.Fields(strings.ToLower(q.Text))
	found := make([]App, 0, len(rows))
	for _, a := range rows {
		if q.selects(a, words) {
			found = append(found, a)
		}
	}
	q.sort(found)
	total = len(found)
	found = found[min(q.Offset, total):]
	if q.Limit > 0 {
		found = found[:min(q.Limit, len(found))]
	}
	return found, total, nil
}

func (q Query) check() error {
	if len(q.Text) > maxQueryText {
		return fault.New(fault.Invalid, "search text is longer than %d bytes", maxQueryText)
	}
	if q.Limit < 0 || q.Offset < 0 {
		return fault.New(fault.Invalid, "limit and offset must not be negative, are %d and %d", q.Limit, q.Offset)
	}
	if _, ok := column(strings.TrimPrefix(q.Sort, "-")); !ok {
		return fault.New(fault.Invalid, "cannot sort by %q", q.Sort)
	}
	return nil
}

func (q Query) selects(a App, words []string) bool {
	if !among(q.Project, a.Project) || !among(q.Sync, a.Sync) || !among(q.Health, a.Health) || !among(q.Namespace, a.Namespace) {
		return false
	}
	if len(words) == 0 {
		return true
	}
	text := searchText(a)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func among(wanted []string, value string) bool {
	return len(wanted) == 0 || slices.Contains(wanted, value)
}

// searchText is what words are looked for in, a line per value so that no word
// matches across two of them.
func searchText(a App) string {
	parts := []string{
		a.Namespace, a.Name, a.Project, a.Source.RepoURL, a.Source.Path, a.Source.Chart, a.Source.TargetRevision,
		a.Destination.Server, a.Destination.Name, a.Destination.Namespace,
	}
	for _, s := range a.Sources {
		parts = append(parts, s.RepoURL, s.Path, s.Chart, s.TargetRevision, s.Name)
	}
	for k, v := range a.Labels {
		parts = append(parts, k+"="+v)
	}
	parts = append(parts, a.Images...)
	return strings.ToLower(strings.Join(parts, "\n"))
}

func (q Query) sort(rows []App) {
	name, descending := strings.CutPrefix(q.Sort, "-")
	value, _ := column(name)
	slices.SortFunc(rows, func(a, b App) int {
		byColumn := cmp.Compare(value(a), value(b))
		if descending {
			byColumn = -byColumn
		}
		return cmp.Or(byColumn, cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
