package inspect

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/cluster/network"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/resource"
)

// Scalers name the autoscalers of objects. They are for one answer and one goroutine: a
// namespace is looked through once, and only for an object whose number of replicas
// differs because of one. The record of such a difference has no name in it, as the
// autoscaler may come later than the number that it sets, or have another target by the
// time that somebody asks.
type Scalers struct {
	in    func(namespace string) []scaler
	found map[string]map[resource.Key][]string // by namespace and what they scale
}

// scaler is an autoscaler and what it scales.
type scaler struct {
	key     resource.Key
	network *cluster.Network
}

// scalerKind is the kind of autoscalers.
var scalerKind = schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"} //nolint:gochecknoglobals // never changed

// KnownScalers are those in an index that is kept up to date. Those that KEDA makes are
// owned by its own objects.
func KnownScalers(index *cluster.Cluster) *Scalers {
	return &Scalers{in: func(namespace string) []scaler {
		var out []scaler
		add := func(r *cluster.Record) {
			if r.Key.GroupKind() == scalerKind {
				out = append(out, scaler{r.Key, r.Verdict.Network})
			}
		}
		for _, r := range index.Loose(namespace) {
			add(r)
			if r.Key.Group == "keda.sh" && r.Key.Kind == "ScaledObject" {
				for _, child := range index.Children(r.UID) {
					add(child)
				}
			}
		}
		return out
	}}
}

// LiveScalers are asked for: one request for each namespace. None is named to whom they
// may not be shown.
func LiveScalers(ctx context.Context, conn *cluster.Conn, kinds *cluster.Kinds) *Scalers {
	return &Scalers{in: func(namespace string) []scaler {
		kind, ok := kinds.Preferred(scalerKind)
		if !ok {
			return nil
		}
		list, err := conn.List(ctx, kind, namespace, "")
		if err != nil {
			return nil
		}
		out := make([]scaler, len(list))
		for i, obj := range list {
			out[i] = scaler{resource.KeyOf(obj), network.Of(obj)}
		}
		return out
	}}
}

// maxNamed is how many autoscalers of one object are named; there should be one.
const maxNamed = 3

// Named is how an object differs, with the autoscaler named that sets its replicas, if it
// is known.
func (s *Scalers) Named(key resource.Key, drift []cluster.Drift) []cluster.Drift {
	unnamed := claim.Autoscaled(claim.AnAutoscaler)
	i := slices.IndexFunc(drift, func(d cluster.Drift) bool { return d.Advice == unnamed })
	if i < 0 {
		return drift
	}
	names := s.of(key)
	if len(names) == 0 {
		return drift
	}
	out := slices.Clone(drift)
	out[i].Advice = claim.Autoscaled(strings.Join(names[:min(len(names), maxNamed)], " and "))
	return out
}

// of are the names of an object's autoscalers, sorted.
func (s *Scalers) of(key resource.Key) []string {
	if found, ok := s.found[key.Namespace]; ok {
		return found[key]
	}
	found := map[resource.Key][]string{}
	for _, x := range s.in(key.Namespace) {
		if x.network == nil {
			continue
		}
		for _, target := range x.network.Targets {
			found[target] = append(found[target], x.key.Kind+" "+x.key.Name)
		}
	}
	for _, names := range found {
		slices.Sort(names)
	}
	if s.found == nil {
		s.found = map[string]map[resource.Key][]string{}
	}
	s.found[key.Namespace] = found
	return found[key]
}
