package depends

import "slices"

// edges are whom Applications depend on, sorted.
type edges map[Ref][]Ref

// cycle is the cycle that app is part of, the same for each of its members: from the
// first by name to every other in the order of names, by the shortest way, and back.
// Where more than one cycle is entangled it goes through all of them.
func cycle(app Ref, graph Graph) []Ref {
	e := entangled(app, graph)
	if len(e) == 0 {
		return nil
	}
	members := make([]Ref, 0, len(e))
	for r := range e {
		members = append(members, r)
	}
	slices.SortFunc(members, compare)
	first := members[0]
	walk, met := []Ref{first}, map[Ref]bool{first: true}
	for _, m := range members {
		if met[m] {
			continue
		}
		for _, r := range e.way(walk[len(walk)-1], m) {
			walk, met[r] = append(walk, r), true
		}
	}
	return append(walk, e.way(walk[len(walk)-1], first)...)
}

// entangled are the Applications that app depends on and that depend on it, directly
// or not, and their edges among themselves. They are none, or app is one of them.
func entangled(app Ref, graph Graph) edges {
	all := edges{}
	dependants := map[Ref][]Ref{}
	for queue := []Ref{app}; len(queue) > 0; queue = queue[1:] {
		r := queue[0]
		if _, ok := all[r]; ok {
			continue
		}
		facts, _ := graph(r)
		on := resolved(r, facts.DependsOn)
		slices.SortFunc(on, compare)
		all[r] = on
		for _, o := range on {
			dependants[o] = append(dependants[o], r)
		}
		queue = append(queue, on...)
	}
	out := edges{}
	for queue := slices.Clone(dependants[app]); len(queue) > 0; queue = queue[1:] {
		r := queue[0]
		if _, ok := out[r]; ok {
			continue
		}
		out[r] = all[r]
		queue = append(queue, dependants[r]...)
	}
	for r, on := range out {
		out[r] = slices.DeleteFunc(slices.Clone(on), func(o Ref) bool { _, in := out[o]; return !in })
	}
	return out
}

// way is the shortest way from one Application to another, without the first.
func (e edges) way(from, to Ref) []Ref {
	before := map[Ref]Ref{}
	for queue := []Ref{from}; len(queue) > 0; queue = queue[1:] {
		for _, r := range e[queue[0]] {
			if _, ok := before[r]; ok {
				continue
			}
			before[r] = queue[0]
			queue = append(queue, r)
		}
		if _, ok := before[to]; ok {
			break
		}
	}
	way := []Ref{to}
	for r := before[to]; r != from; r = before[r] {
		way = append(way, r)
	}
	slices.Reverse(way)
	return way
}
