package manifest

import (
	"bytes"

	yaml "go.yaml.in/yaml/v3"
)

// CheckAliases refuses YAML whose aliases would expand without bound, for tools
// that expand them unbounded. It expands nothing itself, and what cannot be
// parsed passes: it is for the tool to say what is wrong with it.
func CheckAliases(name string, data []byte) error {
	if bytes.IndexByte(data, '&') < 0 || bytes.IndexByte(data, '*') < 0 {
		return nil
	}
	r := &run{name: name}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		r.document++
		var node yaml.Node
		if err := decoder.Decode(&node); err != nil {
			return nil //nolint:nilerr // see above
		}
		m := measure{sizes: map[*yaml.Node]int{}}
		if size := m.of(&node); m.cyclic {
			return r.failf(node.Line, "an anchor contains itself")
		} else if size > len(data)*valueCost+maxAliased {
			return r.failf(node.Line, "aliases expand to more than %d bytes", maxAliased)
		}
	}
}

// measure computes the size of nodes as if aliases were expanded.
type measure struct {
	sizes  map[*yaml.Node]int
	cyclic bool
}

const (
	unfinished = -1
	hugeSize   = 1 << 40
)

func (m *measure) of(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Anchor != "" {
		if size, seen := m.sizes[n]; seen {
			m.cyclic = m.cyclic || size == unfinished
			return max(size, 0)
		}
		m.sizes[n] = unfinished
	}
	size := valueCost + len(n.Value)
	for _, child := range n.Content {
		size = min(size+m.of(child), hugeSize)
	}
	if n.Anchor != "" {
		m.sizes[n] = size
	}
	return size
}
