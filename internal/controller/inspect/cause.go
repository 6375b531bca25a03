package inspect

import (
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/health/cause"

	"k8s.io/apimachinery/pkg/types"
)

// Explain gives the reasons why a live object is not healthy, found among what it owns.
// It reads the index and sends nothing.
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

func nodeOf(r *cluster.Record) cause.Node {
	v := &r.Verdict
	return cause.Node{
		Key: r.Key, UID: string(r.UID), Health: v.Health, Message: v.Message, Trouble: (*cause.Trouble)(v.Trouble),
		Images: v.Images, Created: r.Created, Revision: claim.Revision(v.Info),
	}
}
