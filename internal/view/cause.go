package view

import (
	"slices"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/resource"
)

// RefOf names an object.
func RefOf(k resource.Key) Ref {
	return Ref{ID: k.String(), Group: k.Group, Kind: k.Kind, Namespace: k.Namespace, Name: k.Name}
}

// CauseOf is the first of the groups that explain an object, nil when there is none.
func CauseOf(object resource.Key, groups []cause.Group) *Cause {
	if len(groups) == 0 {
		return nil
	}
	c := oneCause(object, &groups[0])
	c.More = len(groups) - 1
	return &c
}

func oneCause(object resource.Key, g *cause.Group) Cause {
	c := Cause{Object: RefOf(object), Code: g.Code, Params: g.Params(), Text: g.Text()}
	if g.Since != 0 {
		c.Since = stampTime(time.Unix(g.Since, 0))
	}
	if g.Count == 1 {
		at := RefOf(g.Objects[0])
		c.At = &at
	}
	return c
}

// ExplainedOf are all groups that explain an object, without their events.
func ExplainedOf(object resource.Key, groups []cause.Group) []Explained {
	out := make([]Explained, 0, len(groups))
	for i := range groups {
		g := &groups[i]
		e := Explained{Cause: oneCause(object, g), Restarts: g.Restarts, Message: clip(g.Message, maxMessage), Objects: make([]Ref, 0, len(g.Objects))}
		for _, k := range g.Objects {
			e.Objects = append(e.Objects, RefOf(k))
		}
		out = append(out, e)
	}
	return out
}

// Before is what was deployed before the last deployment, of another revision than that
// one: where somebody who does not want that one would go back to. What it was like is
// not known any more.
func Before(app *v1alpha1.Application) (entry v1alpha1.RevisionHistory, ok bool) {
	h := app.Status.History
	for i := len(h) - 2; i >= 0; i-- {
		if !slices.Equal(resource.OriginOfHistory(&h[i]).Revisions, resource.OriginOfHistory(&h[len(h)-1]).Revisions) {
			return h[i], true
		}
	}
	return entry, false
}
