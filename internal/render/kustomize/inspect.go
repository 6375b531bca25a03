package kustomize

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	sigsyaml "sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// inspector refuses kustomizations that would make Kustomize leave the tree, and
// fetches what they name of elsewhere.
type inspector struct {
	mounts  *mounts
	charts  charts
	lineage lineage
	read    func(s spot) ([]byte, error)
	isDir   func(s spot) bool
	warn    func(string)
	// ownSchema says that a kustomization brought its own OpenAPI schema.
	ownSchema bool
}

// kustomization checks the kustomization in file, and is what Kustomize shall read
// in its place: the same, with paths into mounts for all that is of elsewhere.
func (i *inspector) kustomization(file spot, data []byte) ([]byte, error) {
	k, err := parse(file.String(), data, i.warn)
	if err != nil {
		return nil, err
	}
	if len(k.OpenAPI) > 0 {
		i.ownSchema = true
	}
	c := &checked{inspector: i, file: file.String(), dir: spot{file.mount, path.Dir(file.name)}}
	c.fields(k)
	if err := c.plugins(k); err != nil {
		return nil, err
	}
	if err := c.inflate(k, i.lineage.enter(c, k)); err != nil {
		return nil, err
	}
	if !c.changed {
		return data, nil
	}
	out, err := sigsyaml.Marshal(k)
	return out, fault.Wrap(fault.Internal, err, "marshal %s", file)
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

// checked is a kustomization that is being looked through. It keeps the first error.
type checked struct {
	*inspector
	// file is the kustomization for people, dir the directory that paths in it start
	// from.
	file string
	dir  spot
	err  error
	// changed says that something is to be read from elsewhere.
	changed bool
	// generated are the charts that were among the generators.
	generated []chartConfig
}

// fields looks through all fields that name files but those of plugins and charts.
func (c *checked) fields(k *types.Kustomization) {
	c.paths("resources", asEither, k.Resources)
	c.paths("components", asDirectory, k.Components)
	c.paths("crds", asFile, k.Crds)
	c.paths("configurations", asFile, k.Configurations)
	if p, ok := k.OpenAPI["path"]; ok {
		k.OpenAPI["path"] = c.path("openapi.path", asFile, p)
	}
	for i, p := range k.PatchesStrategicMerge {
		if !strings.Contains(string(p), "\n") {
			k.PatchesStrategicMerge[i] = types.PatchStrategicMerge(c.path("patchesStrategicMerge", asFile, string(p)))
		}
	}
	for _, patches := range [...][]types.Patch{k.Patches, k.PatchesJson6902} {
		for i := range patches {
			patches[i].Path = c.path("patches.path", asFile, patches[i].Path)
		}
	}
	for i := range k.Replacements {
		k.Replacements[i].Path = c.path("replacements.path", asFile, k.Replacements[i].Path)
	}
	for i := range k.ConfigMapGenerator {
		c.sources("configMapGenerator", &k.ConfigMapGenerator[i].KvPairSources)
	}
	for i := range k.SecretGenerator {
		c.sources("secretGenerator", &k.SecretGenerator[i].KvPairSources)
	}
}

func (c *checked) paths(field string, w way, paths []string) {
	for i, p := range paths {
		paths[i] = c.path(field, w, p)
	}
}

// path is what to write instead of p.
func (c *checked) path(field string, w way, p string) string {
	if p == "" || c.err != nil {
		return p
	}
	if w == asFile && isInline(p) {
		return p
	}
	if !isRemote(p) {
		_, c.err = c.dir.resolve(c.file+": "+field, p)
		return p
	}
	name, err := c.mounts.fetch(p, w, c.dir.depth())
	if err != nil {
		c.err = fault.Keep(fault.Broken, err, "%s: %s: %q", c.file, field, tree.RedactURL(p))
		return p
	}
	c.changed = true
	return name
}

// isInline says whether what stands in the place of a file's name is not one, and
// nothing that Kustomize would fetch: a patch in JSON may well contain a URL.
func isInline(p string) bool {
	return strings.HasPrefix(p, "{") && !remoteFile(p) && !strings.Contains(p, "/../") && !strings.Contains(p, mark)
}

// remoteFile is how Kustomize tells URLs from names of files.
func remoteFile(p string) bool {
	u, err := url.Parse(p)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// sources checks a generator's files, which may be written as KEY=PATH.
func (c *checked) sources(field string, s *types.KvPairSources) {
	for i, f := range s.FileSources {
		key, p, found := strings.Cut(f, "=")
		if !found {
			key, p = path.Base(f), f
		}
		if name := c.path(field+".files", asFile, p); name != p {
			s.FileSources[i] = key + "=" + name
		}
	}
	c.paths(field+".envs", asFile, s.EnvSources)
	s.EnvSource = c.path(field+".envs", asFile, s.EnvSource)
}

var scpLike = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// isRemote says whether Kustomize might take p for something to fetch. It covers
// all that Kustomize's own parser accepts and more.
func isRemote(p string) bool {
	p = strings.ToLower(strings.TrimSpace(p))
	return strings.Contains(p, "://") || scpLike.MatchString(p) ||
		strings.HasPrefix(p, "git::") || strings.HasPrefix(p, "http:") || strings.HasPrefix(p, "https:") ||
		strings.HasPrefix(p, "github.com/") || strings.HasPrefix(p, "github.com:")
}
