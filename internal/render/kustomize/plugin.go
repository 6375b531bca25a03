package kustomize

import (
	"bytes"
	"errors"
	"io"
	"path"
	"reflect"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/tree"
)

const (
	// maxPluginDepth bounds kustomizations that only list plugin configurations.
	maxPluginDepth = 16
	// chartGenerator is the kind of a generator that is what helmCharts are.
	chartGenerator = "HelmChartInflationGenerator"
)

// plugins checks the configurations of generators, transformers and validators:
// they name files too, and what cannot be checked is refused. Of the generators it
// takes the charts out.
func (c *checked) plugins(k *types.Kustomization) error {
	if c.err != nil {
		return c.err
	}
	var generators []string
	for _, entry := range k.Generators {
		rest, err := c.chartsOf(entry)
		if err != nil {
			return err
		}
		if rest != "" {
			generators = append(generators, rest)
		}
	}
	k.Generators = generators
	for _, list := range [...]struct {
		field   string
		entries []string
	}{{"generators", k.Generators}, {"transformers", k.Transformers}, {"validators", k.Validators}} {
		for j, entry := range list.entries {
			p, err := c.plugin(c.file+": "+list.field, c.dir, entry, 0)
			if err != nil {
				return err
			}
			list.entries[j] = p
		}
	}
	return nil
}

func isConfig(entry string) bool {
	return strings.Contains(entry, "\n") || strings.Contains(entry, ": ")
}

// plugin checks one entry of the directory dir: a configuration, a file of them, or a
// directory whose kustomization does nothing but list such files. It is what to write
// instead.
func (c *checked) plugin(field string, dir spot, entry string, depth int) (string, error) {
	if isConfig(entry) {
		return entry, c.pluginConfigs(field, dir, []byte(entry))
	}
	p := entry
	at, err := spot{}, error(nil)
	if isRemote(entry) {
		if p, err = c.mounts.fetch(entry, asEither, dir.depth()); err != nil {
			return "", fault.Keep(fault.Broken, err, "%s: %q", field, tree.RedactURL(entry))
		}
		c.changed = true
		at, err = c.mounts.at(p)
	} else {
		at, err = dir.resolve(field, entry)
	}
	if err != nil {
		return "", err
	}
	if c.isDir(at) {
		return p, c.pluginDir(field, at, depth)
	}
	data, err := c.read(at)
	if err != nil {
		return p, nil //nolint:nilerr // Kustomize will miss it too, and say so
	}
	return p, c.pluginConfigs(at.String(), dir, data)
}

func (c *checked) pluginDir(field string, dir spot, depth int) error {
	if depth >= maxPluginDepth {
		return fault.New(fault.Broken, "%s: %s is nested deeper than %d levels", field, dir, maxPluginDepth)
	}
	for _, base := range FileNames() {
		file := spot{dir.mount, path.Join(dir.name, base)}
		data, err := c.read(file)
		if err != nil {
			continue
		}
		var k types.Kustomization
		if err := k.Unmarshal(data); err != nil {
			return fault.Wrap(fault.Broken, err, "%s", file)
		}
		k.FixKustomization()
		only := types.Kustomization{TypeMeta: k.TypeMeta, MetaData: k.MetaData, Resources: k.Resources}
		if !reflect.DeepEqual(k, only) {
			return fault.New(fault.Unsupported, "%s: %s may only have resources", field, file)
		}
		for _, r := range k.Resources {
			if _, err := c.plugin(file.String()+": resources", dir, r, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// pluginHeader is what says which plugin a configuration is of.
type pluginHeader struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
}

// eachConfig calls do with the documents of a plugin configuration.
func eachConfig(where string, data []byte, do func(pluginHeader, *yaml.Node) error) error {
	if err := manifest.CheckAliases(where, data); err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var header pluginHeader
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = node.Decode(&header)
		}
		if err != nil {
			return fault.New(fault.Broken, "%s: a plugin's configuration cannot be parsed", where)
		}
		if err := do(header, &node); err != nil {
			return err
		}
	}
}

// pluginConfigs checks the documents of a plugin configuration. They are loaded
// relative to dir, the directory of the kustomization that uses them.
func (c *checked) pluginConfigs(where string, dir spot, data []byte) error {
	return eachConfig(where, data, func(h pluginHeader, node *yaml.Node) error {
		if h.APIVersion == "" && h.Kind == "" {
			return nil
		}
		if h.APIVersion != "builtin" {
			return fault.New(fault.Unsupported, "%s: the plugin %s %s is not run: only Kustomize's own are", where, h.APIVersion, h.Kind)
		}
		if h.Kind == chartGenerator {
			return fault.New(fault.Unsupported, "%s: a %s is rendered only if generators names it or its file", where, h.Kind)
		}
		p := &pluginPaths{where: where, dir: dir}
		p.node("", node, 0)
		return p.err
	})
}

// pathFields are the fields of built-in plugins that name files.
var pathFields = regexp.MustCompile(`(?i)^(path|paths|files|envs?|targetFilePath|resources|configurations)$`)

// pluginPaths looks for paths in a plugin's configuration, which lead nowhere but
// into the tree. It keeps the first error.
type pluginPaths struct {
	where string
	dir   spot
	err   error
}

func (p *pluginPaths) node(field string, n *yaml.Node, depth int) {
	switch {
	case p.err != nil:
	case depth > maxPluginDepth || n.Kind == yaml.AliasNode:
		p.err = fault.New(fault.Unsupported, "%s: aliases and deep nesting are refused in a plugin's configuration", p.where)
	case n.Kind == yaml.MappingNode:
		for j := 0; j+1 < len(n.Content); j += 2 {
			p.node(n.Content[j].Value, n.Content[j+1], depth+1)
		}
	case n.Kind == yaml.ScalarNode:
		if pathFields.MatchString(field) {
			p.value(field, n.Value)
		}
	default:
		for _, item := range n.Content {
			p.node(field, item, depth+1)
		}
	}
}

func (p *pluginPaths) value(field, written string) {
	_, name, found := strings.Cut(written, "=")
	if !found {
		name = written
	}
	for _, s := range [...]string{name, written} {
		switch {
		case isRemote(s):
			p.err = fault.New(fault.Unsupported, "%s: %s: %q is remote; what plugins name is not fetched", p.where, field, tree.RedactURL(s))
			return
		case strings.Contains(s, mark):
			p.err = fault.New(fault.Invalid, "%s: %s: %q contains a NUL byte", p.where, field, s)
			return
		}
	}
	// Kustomize itself keeps such paths in the directory of the kustomization unless
	// the installation lifts that; then the tree that was fetched is the limit.
	if p.dir.mount != nil && !strings.Contains(name, "\n") {
		_, p.err = p.dir.resolve(p.where+": "+field, name)
	}
}
