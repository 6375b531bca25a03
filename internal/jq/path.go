package jq

// Path is one place in an object, from the root.
type Path []Segment

// Segment is one step: the field Key of an object, or, where List is set, the
// elements From to To of a list, without To.
type Segment struct {
	Key      string
	List     bool
	From, To int
}

// pathOf reads what path() gave. A path with a null in it leads nowhere.
func pathOf(v, root any) (Path, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make(Path, 0, len(list))
	at, sliced := root, false
	for _, s := range list {
		var seg Segment
		var next any
		switch s := s.(type) {
		case string:
			m, _ := at.(map[string]any)
			seg, next = Segment{Key: s}, m[s]
		case int:
			seg, next = element(at, s)
		case float64:
			seg, next = element(at, int(s))
		case map[string]any:
			seg, next = slice(at, s)
		default:
			return nil, false
		}
		if sliced && seg.List { // an index into a slice counts from where that begins
			last := &out[len(out)-1]
			last.From, last.To = last.From+seg.From, last.From+seg.To
		} else {
			out = append(out, seg)
		}
		_, sliced = s.(map[string]any)
		at = next
	}
	return out, true
}

func element(v any, i int) (Segment, any) {
	list, _ := v.([]any)
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return Segment{List: true}, nil // no element at all
	}
	return Segment{List: true, From: i, To: i + 1}, list[i]
}

func slice(v any, s map[string]any) (Segment, any) {
	list, _ := v.([]any)
	seg := Segment{List: true, From: bound(s["start"], 0, len(list)), To: bound(s["end"], len(list), len(list))}
	seg.To = max(seg.From, seg.To)
	return seg, list[seg.From:seg.To]
}

func bound(v any, fallback, length int) int {
	n := fallback
	switch x := v.(type) {
	case int:
		n = x
	case float64:
		n = int(x)
	}
	if n < 0 {
		n += length
	}
	return min(max(n, 0), length)
}
