package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// maxPluginDepth bounds kustomizations that only list plugin configurations.
const maxPluginDepth = 16

// inspector refuses kustomizations that would make Kustomize leave the tree.
type inspector struct {
	read  func(name string) ([]byte, error)
	isDir func(name string) bool
	warn  func(string)
	// ownSchema says that a kustomization brought its own OpenAPI schema.
	ownSchema bool
}

// kustomization checks the kustomization in file.
func (i *inspector) kustomization(file string, data []byte) error {
	k, err := parse(file, data, i.warn)
	if err != nil {
		return err
	}
	if len(k.OpenAPI) > 0 {
		i.ownSchema = true
	}
	if len(k.HelmCharts) > 0 || k.HelmGlobals != nil {
		return fault.New(fault.Unsupported, "%s: helmCharts are not rendered yet", file)
	}
	c := &checked{file: file, dir: path.Dir(file)}
	c.paths("resources", k.Resources...)
	c.paths("components", k.Components...)
	c.paths("crds", k.Crds...)
	c.paths("configurations", k.Configurations...)
	c.paths("openapi.path", k.OpenAPI["path"])
	for _, p := range k.PatchesStrategicMerge {
		if !strings.Contains(string(p), "\n") {
			c.paths("patchesStrategicMerge", string(p))
		}
	}
	for _, p := range append(k.Patches, k.PatchesJson6902...) {
		c.paths("patches.path", p.Path)
	}
	for _, r := range k.Replacements {
		c.paths("replacements.path", r.Path)
	}
	for _, g := range k.ConfigMapGenerator {
		c.sources("configMapGenerator", g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		c.sources("secretGenerator", g.KvPairSources)
	}
	if c.err != nil {
		return c.err
	}
	return i.plugins(c, *k)
}

// parse reads a kustomization as Kustomize does, and warns of what Kustomize
// passes over: of a field that is there twice, such as two lists of resources, it
// takes the last (kustomize issue 5061). To it letters' case makes no difference.
func parse(file string, data []byte, warn func(string)) (*types.Kustomization, error) {
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return nil, fault.Wrap(fault.Broken, err, "%s", file)
	}
	k.FixKustomization()
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil || len(node.Content) != 1 {
		return &k, nil //nolint:nilerr // what Kustomize can read has fields once for all that is known
	}
	seen := map[string]bool{}
	fields := node.Content[0].Content
	for j := 0; j+1 < len(fields); j += 2 {
		if name := strings.ToLower(fields[j].Value); seen[name] {
			warn(fmt.Sprintf("%s: line %d: duplicate field %q, of which only one counts", file, fields[j].Line, fields[j].Value))
		} else {
			seen[name] = true
		}
	}
	return &k, nil
}

// checked collects the first bad path of a file.
type checked struct {
	file, dir string
	err       error
}

func (c *checked) paths(field string, paths ...string) {
	for _, p := range paths {
		if p == "" || c.err != nil {
			continue
		}
		if remote(p) {
			c.err = fault.New(fault.Unsupported, "%s: %s: %q is remote; remote bases are not fetched yet", c.file, field, tree.RedactURL(p))
			return
		}
		if _, err := tree.Resolve(c.file+": "+field, c.dir, p); err != nil && !strings.Contains(p, "\n") {
			c.err = err
		}
	}
}

// sources checks a generator's files, which may be written as KEY=PATH.
func (c *checked) sources(field string, s types.KvPairSources) {
	for _, f := range s.FileSources {
		_, p, found := strings.Cut(f, "=")
		if !found {
			p = f
		}
		c.paths(field+".files", p)
	}
	c.paths(field+".envs", append(s.EnvSources, s.EnvSource)...)
}

var scpLike = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// remote says whether Kustomize might take p for something to fetch. It covers
// all that Kustomize's own parser accepts and more.
func remote(p string) bool {
	p = strings.ToLower(strings.TrimSpace(p))
	return strings.Contains(p, "://") || scpLike.MatchString(p) ||
		strings.HasPrefix(p, "git::") || strings.HasPrefix(p, "http:") || strings.HasPrefix(p, "https:") ||
		strings.HasPrefix(p, "github.com/") || strings.HasPrefix(p, "github.com:")
}

// plugins checks the configurations of generators, transformers and validators:
// they name files too, and what cannot be checked is refused.
func (i *inspector) plugins(c *checked, k types.Kustomization) error {
	for _, list := range [...]struct {
		field   string
		entries []string
	}{{"generators", k.Generators}, {"transformers", k.Transformers}, {"validators", k.Validators}} {
		for _, entry := range list.entries {
			if err := i.plugin(c.file+": "+list.field, c.dir, entry, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// plugin checks one entry: a configuration, a file of them, or a directory whose
// kustomization does nothing but list such files.
func (i *inspector) plugin(field, dir, entry string, depth int) error {
	if strings.Contains(entry, "\n") || strings.Contains(entry, ": ") {
		return i.pluginConfigs(field, dir, []byte(entry))
	}
	if remote(entry) {
		return fault.New(fault.Unsupported, "%s: %q is remote; remote bases are not fetched yet", field, tree.RedactURL(entry))
	}
	name, err := tree.Resolve(field, dir, entry)
	if err != nil {
		return err
	}
	if i.isDir(name) {
		return i.pluginDir(field, name, depth)
	}
	data, err := i.read(name)
	if err != nil {
		return nil //nolint:nilerr // Kustomize will miss it too, and say so
	}
	return i.pluginConfigs(name, dir, data)
}

func (i *inspector) pluginDir(field, dir string, depth int) error {
	if depth >= maxPluginDepth {
		return fault.New(fault.Broken, "%s: %s is nested deeper than %d levels", field, dir, maxPluginDepth)
	}
	for _, base := range FileNames() {
		file := path.Join(dir, base)
		data, err := i.read(file)
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
			if err := i.plugin(file+": resources", dir, r, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// pluginConfigs checks the documents of a plugin configuration. They are loaded
// relative to dir, the directory of the kustomization that uses them.
func (i *inspector) pluginConfigs(where, dir string, data []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string `yaml:"kind"`
		}
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = node.Decode(&doc)
		}
		if err != nil {
			return fault.New(fault.Broken, "%s: a plugin's configuration cannot be parsed", where)
		}
		if doc.APIVersion == "" && doc.Kind == "" {
			continue
		}
		if doc.APIVersion != "builtin" || doc.Kind == "HelmChartInflationGenerator" {
			return fault.New(fault.Unsupported, "%s: the plugin %s %s is not run: only Kustomize's own are, and no charts", where, doc.APIVersion, doc.Kind)
		}
		c := &checked{file: where, dir: dir}
		c.pluginPaths("", &node, 0)
		if c.err != nil {
			return c.err
		}
	}
}

// pathFields are the fields of built-in plugins that name files.
var pathFields = regexp.MustCompile(`(?i)^(path|paths|files|envs?|targetFilePath|resources|configurations)$`)

func (c *checked) pluginPaths(field string, n *yaml.Node, depth int) {
	switch {
	case c.err != nil:
	case depth > maxPluginDepth || n.Kind == yaml.AliasNode:
		c.err = fault.New(fault.Unsupported, "%s: aliases and deep nesting are refused in a plugin's configuration", c.file)
	case n.Kind == yaml.MappingNode:
		for j := 0; j+1 < len(n.Content); j += 2 {
			c.pluginPaths(n.Content[j].Value, n.Content[j+1], depth+1)
		}
	case n.Kind == yaml.ScalarNode:
		if pathFields.MatchString(field) {
			_, value, found := strings.Cut(n.Value, "=")
			if !found {
				value = n.Value
			}
			if remote(n.Value) || remote(value) {
				c.paths(field, firstRemote(value, n.Value))
			}
		}
	default:
		for _, item := range n.Content {
			c.pluginPaths(field, item, depth+1)
		}
	}
}

func firstRemote(a, b string) string {
	if remote(a) {
		return a
	}
	return b
}
