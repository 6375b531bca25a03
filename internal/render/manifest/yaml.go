package manifest

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// maxAliased bounds what aliases may add to a file: far above what people write
// and far below what a bomb needs. A value costs its bytes and valueCost.
const (
	maxAliased = 4 << 20
	valueCost  = 8
)

const byteOrderMark = "\ufeff"

// converter turns the nodes of one document into values.
type converter struct {
	*run
	aliasing int                 // how many aliases the current value is below
	open     map[*yaml.Node]bool // the anchors being expanded
}

func (c *converter) value(n *yaml.Node, depth int) (any, error) {
	if depth > c.MaxDepth {
		return nil, c.failf(n.Line, "nested deeper than %d levels", c.MaxDepth)
	}
	if c.aliasing > 0 {
		if c.aliased += valueCost + len(n.Value); c.aliased > maxAliased {
			return nil, c.failf(n.Line, "aliases expand to more than %d bytes", maxAliased)
		}
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return c.scalar(n)
	case yaml.MappingNode:
		return c.mapping(n, depth)
	case yaml.SequenceNode:
		return c.sequence(n, depth)
	case yaml.AliasNode:
		var v any
		err := c.alias(n, func(target *yaml.Node) (err error) {
			v, err = c.value(target, depth+1)
			return err
		})
		return v, err
	}
	return nil, c.failf(n.Line, "unknown YAML node")
}

// alias visits what n stands for, unless that contains n itself.
func (c *converter) alias(n *yaml.Node, visit func(*yaml.Node) error) error {
	if c.open[n.Alias] {
		return c.failf(n.Line, "anchor %q contains itself", n.Value)
	}
	if c.open == nil {
		c.open = map[*yaml.Node]bool{}
	}
	c.open[n.Alias] = true
	c.aliasing++
	err := visit(n.Alias)
	c.aliasing--
	delete(c.open, n.Alias)
	return err
}

func (c *converter) sequence(n *yaml.Node, depth int) (any, error) {
	if err := c.collectionTag(n, "!!seq"); err != nil {
		return nil, err
	}
	list := make([]any, len(n.Content))
	for i, item := range n.Content {
		v, err := c.value(item, depth+1)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

func (c *converter) collectionTag(n *yaml.Node, want string) error {
	if n.Style&yaml.TaggedStyle == 0 || n.Tag == want {
		return nil
	}
	return c.failf(n.Line, "the tag %s is not supported", n.Tag)
}

func (c *converter) mapping(n *yaml.Node, depth int) (any, error) {
	if err := c.collectionTag(n, "!!map"); err != nil {
		return nil, err
	}
	m := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if isMerge(key) {
			merges = append(merges, value)
			continue
		}
		name, err := c.key(key)
		if err != nil {
			return nil, err
		}
		if _, dup := m[name]; dup {
			if err := c.duplicate(key.Line, name); err != nil {
				return nil, err
			}
		}
		v, err := c.value(value, depth+1)
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	for _, merge := range merges {
		if err := c.merge(m, merge, depth+1); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (c *converter) duplicate(line int, key string) error {
	if c.OnDuplicateKey == nil {
		return c.failf(line, "duplicate key %q", key)
	}
	c.OnDuplicateKey(c.where(line) + "duplicate key " + strconv.Quote(key) + ", the last one wins")
	return nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Tag == "!!merge"
}

// merge adds the keys of a merge key's value that into does not have itself.
func (c *converter) merge(into map[string]any, n *yaml.Node, depth int) error {
	if depth > c.MaxDepth {
		return c.failf(n.Line, "nested deeper than %d levels", c.MaxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return c.alias(n, func(target *yaml.Node) error { return c.merge(into, target, depth+1) })
	case yaml.SequenceNode:
		for _, item := range n.Content {
			if err := c.merge(into, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		v, err := c.value(n, depth)
		if err != nil {
			return err
		}
		for k, item := range v.(map[string]any) {
			if _, own := into[k]; !own {
				into[k] = item
			}
		}
		return nil
	}
	return c.failf(n.Line, "a merge key (<<) needs a mapping or a list of mappings")
}

// key is a mapping key as kubectl reads it: numbers and booleans by their text.
func (c *converter) key(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", c.failf(n.Line, "a mapping key must be a string")
	}
	v, err := c.scalar(n)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, byteOrderMark) {
			return "", c.failf(n.Line, "a byte order mark amid the file; files that have one cannot just be joined")
		}
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 32), nil
	}
	return "", c.failf(n.Line, "a mapping key must be a string, not null")
}

func (c *converter) scalar(n *yaml.Node) (any, error) {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&yaml.TaggedStyle != 0 {
		return c.tagged(n)
	}
	if n.Style&quoted != 0 {
		return n.Value, nil
	}
	v, err := resolve(n.Value)
	if err != nil {
		return nil, c.failf(n.Line, "%s", err)
	}
	return v, nil
}

func (c *converter) tagged(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!binary":
		b, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return nil, c.failf(n.Line, "!!binary is not base64")
		}
		return string(b), nil
	case "!!null", "!!bool", "!!int", "!!float":
		v, err := resolve(n.Value)
		if err == nil && tagOf(v, n.Tag) {
			return v, nil
		}
		return nil, c.failf(n.Line, "the value is not a %s", n.Tag[2:])
	}
	return nil, c.failf(n.Line, "the tag %s is not supported", n.Tag)
}

func tagOf(v any, tag string) bool {
	switch v.(type) {
	case nil:
		return tag == "!!null"
	case bool:
		return tag == "!!bool"
	case int64:
		return tag == "!!int" || tag == "!!float"
	case float64:
		return tag == "!!float"
	}
	return false
}

var errNotFinite = errors.New("NaN and infinity cannot be written as JSON")

// integral is f as JSON would carry it to the API server: a number without
// fraction is an integer there.
func integral(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errNotFinite
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return int64(f), nil
	}
	return f, nil
}
