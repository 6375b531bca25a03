package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

func TestQuery(t *testing.T) {
	rows := []view.App{
		{Namespace: "a", Name: "shop", Project: "web", Sync: "Synced", Health: "Healthy", Labels: map[string]string{"team": "red"}},
		{Namespace: "a", Name: "till", Project: "web", Sync: "OutOfSync", Health: "Degraded", Source: view.Source{RepoURL: "https://git.example/Mono"}},
		{Namespace: "b", Name: "shop", Project: "ops", Sync: "OutOfSync", Health: "Healthy", Images: []string{"nginx:1"}, Sources: []view.Source{{Path: "one"}, {RepoURL: "https://git.example/second"}}},
	}
	cases := []struct {
		reason string
		query  view.Query
		want   []string
		total  int
	}{
		{"everything", view.Query{}, []string{"a/shop", "a/till", "b/shop"}, 3},
		{"words in any field, any case, all of them", view.Query{Text: "WEB mono"}, []string{"a/till"}, 1},
		{"a word does not match across two values", view.Query{Text: "shopweb"}, []string{}, 0},
		{"labels as k=v", view.Query{Text: "team=red"}, []string{"a/shop"}, 1},
		{"every source", view.Query{Text: "second"}, []string{"b/shop"}, 1},
		{"images", view.Query{Text: "nginx"}, []string{"b/shop"}, 1},
		{"lists are alternatives, fields conditions", view.Query{Project: []string{"web", "ops"}, Sync: []string{"OutOfSync"}, Health: []string{"Healthy"}}, []string{"b/shop"}, 1},
		{"namespace", view.Query{Namespace: []string{"a"}}, []string{"a/shop", "a/till"}, 2},
		{"sorted with ties in order", view.Query{Sort: "name"}, []string{"a/shop", "b/shop", "a/till"}, 3},
		{"descending keeps ties in order", view.Query{Sort: "-sync"}, []string{"a/shop", "a/till", "b/shop"}, 3},
		{"a page tells the total", view.Query{Limit: 1, Offset: 1}, []string{"a/till"}, 3},
		{"past the end", view.Query{Limit: 5, Offset: 9}, []string{}, 3},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			page, total, err := c.query.Select(rows)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, a := range page {
				got = append(got, a.Key())
			}
			if d := cmp.Diff(c.want, got); d != "" || total != c.total {
				t.Errorf("total %d, want %d; keys (-want +got):\n%s", total, c.total, d)
			}
		})
	}
}

func TestQueryRefuses(t *testing.T) {
	for _, q := range []view.Query{
		{Sort: "password"}, {Sort: "--name"}, {Limit: -1}, {Offset: -1}, {Text: string(make([]byte, 2000))},
	} {
		if _, _, err := q.Select(nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: got %v, want invalid", q, err)
		}
	}
}
