package why

import (
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
)

// Explain gives the reasons why a live object is not healthy, found among what it owns.
func Explain(index *cluster.Cluster, r *cluster.Record) []cause.Group {
	if r == nil {
		return nil
	}
	return cause.Explain(nodeOf(r), func(uid string) []cause.Node {
		children := index.Children(types.UID(uid))
		out := make([]cause.Node, len(children))
		for i, c := range children {
			out[i] = nodeOf(c)
		}
		return out
	})
}

// Own gives the reason that an object itself has, whatever it owns.
func Own(r *cluster.Record) []cause.Group { return cause.Explain(nodeOf(r), nil) }

func nodeOf(r *cluster.Record) cause.Node {
	v := &r.Verdict
	return cause.Node{
		Key: r.Key, UID: string(r.UID), Health: v.Health, Message: v.Message, Trouble: (*cause.Trouble)(v.Trouble),
		Images: v.Images, Created: r.Created, Revision: claim.Revision(v.Info),
	}
}

// Explanation is why an Application is as well as it is.
type Explanation struct {
	Status v1alpha1.HealthStatusCode
	// Key is the object that is to blame, zero when all is well; Groups are why.
	Key    resource.Key
	Groups []cause.Group
}

// Brief is what the status may say of it: nothing that comes and goes by itself.
func (e *Explanation) Brief() status.Explanation {
	if len(e.Groups) == 0 || !e.Groups[0].Lasting() {
		return status.Explanation{}
	}
	return status.Explanation{Key: e.Key, Text: e.Groups[0].Brief()}
}

// maxCulprits bounds the objects that are explained to find the one to name.
const maxCulprits = 20

// Find finds which of an Application's objects gives it its health, and why that object
// has it. Of several that are as bad the one to name is the one of which the most can be
// said: an image that cannot be pulled before Pods that start. Self is the Application, if it is
// one of its own objects.
func Find(index *cluster.Cluster, objects []comparison.Object, self resource.Key) *Explanation {
	e := &Explanation{}
	r := status.Report{Self: self}
	for _, o := range objects {
		r.Resources = append(r.Resources, o.Resource())
	}
	e.Status, e.Key = status.Health(r)
	if e.Key.Kind == "" {
		return e
	}
	looked := 0
	for i, o := range objects {
		h := o.Health()
		if h == nil || o.Unread != "" || h.Status != e.Status || r.Resources[i].IgnoreHealth || o.Key == self || looked >= maxCulprits {
			continue
		}
		looked++
		groups := Explain(index, o.Record)
		if len(groups) > 0 && (len(e.Groups) == 0 || groups[0].Before(&e.Groups[0])) {
			e.Key, e.Groups = o.Key, groups
		}
	}
	return e
}

// Aborted says of Rollouts that have gone back to what ran before: the Application is in
// sync and Git does not say what runs.
func Aborted(index *cluster.Cluster, objects []comparison.Object) []string {
	var out []string
	for _, o := range objects {
		if o.Record == nil || o.Record.Verdict.Trouble == nil || o.Record.Verdict.Trouble.Code != cause.Aborted {
			continue
		}
		for _, g := range Explain(index, o.Record) {
			if g.Code == cause.Aborted && g.Self {
				out = append(out, o.Key.Human()+" "+g.Text())
			}
		}
	}
	return out
}

// Changes says whether a change of an object can change why what owns it is not healthy.
// Either record may be nil.
func Changes(before, after *cluster.Record) bool {
	var a, b cluster.Verdict
	if before != nil {
		a = before.Verdict
	}
	if after != nil {
		b = after.Verdict
	}
	return a.Health != b.Health || !cause.Same((*cause.Trouble)(a.Trouble), (*cause.Trouble)(b.Trouble))
}
