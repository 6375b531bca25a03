package plugin

import (
	"context"
	"encoding/json"
	"io/fs"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// Task is which of a plugin's commands run.
type Task string

// The tasks. An answer is what the last of the commands wrote to its standard output.
const (
	// Find runs discover.find.command; when it exits with an error, its answer is empty.
	Find Task = "find"
	// Generate runs init and generate.
	Generate Task = "generate"
	// Announce runs parameters.dynamic.
	Announce Task = "announce"
)

// Job is one run of a plugin.
type Job struct {
	// Plugin is its full name.
	Plugin string `json:"plugin"`
	Task   Task   `json:"task"`
	// Root is the directory of the tree that is copied, Dir the one below it in which
	// the commands run.
	Root string `json:"root"`
	Dir  string `json:"dir"`
	// Env are variables as NAME=value, besides those that every plugin has.
	Env []string `json:"env"`
}

// Runner runs plugins that it knows by name on a copy of a tree.
type Runner interface {
	Run(ctx context.Context, files fs.FS, declared []v1alpha1.ConfigManagementPlugin, job Job) ([]byte, error)
}

// Input is a source for which a plugin is looked for.
type Input struct {
	// FS is the tree that is copied, Files the same tree, for a look at its names.
	FS    fs.FS
	Files *tree.Reader
	// Dir is the source's path and Root that of what plugins get of the tree.
	Dir, Root string
	Declared  []v1alpha1.ConfigManagementPlugin
	Env       []string
	// Runner may be nil, which runs nothing.
	Runner Runner
}

// Named is the plugin of a source that says plugin: its name, or any that likes the
// source if the name is empty.
func Named(ctx context.Context, in Input, name string) (string, error) {
	if name == "" {
		found, err := Discover(ctx, in)
		if err == nil && found == "" {
			err = fault.New(fault.Broken, "no plugin's discovery rule likes %q; say plugin.name (declared are: %s)", in.Dir, in.names())
		}
		return found, err
	}
	p := Declared(in.Declared, name)
	if p == nil {
		return "", fault.New(fault.NotFound, "there is no plugin %q (declared are: %s); a plugin with a version is called NAME-VERSION", name, in.names())
	}
	if !p.Spec.Discover.Defined() {
		return name, nil
	}
	likes, err := in.likes(ctx, p)
	if err == nil && !likes {
		err = fault.New(fault.Broken, "plugin %s: its discovery rule does not like %q", name, in.Dir)
	}
	return name, err
}

// Discover is the first plugin whose rule likes the source, or empty.
func Discover(ctx context.Context, in Input) (string, error) {
	for i := range in.Declared {
		p := &in.Declared[i]
		if !p.Spec.Discover.Defined() {
			continue
		}
		if likes, err := in.likes(ctx, p); likes || err != nil {
			return p.FullName(), err
		}
	}
	return "", nil
}

// Declared is the declaration of a full name, or nil.
func Declared(declared []v1alpha1.ConfigManagementPlugin, name string) *v1alpha1.ConfigManagementPlugin {
	for i := range declared {
		if declared[i].FullName() == name {
			return &declared[i]
		}
	}
	return nil
}

func (in Input) names() string {
	var names []string
	for i := range in.Declared {
		names = append(names, in.Declared[i].FullName())
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// likes asks the first of the rules, as Argo CD does.
func (in Input) likes(ctx context.Context, p *v1alpha1.ConfigManagementPlugin) (bool, error) {
	rule := p.Spec.Discover
	switch {
	case rule.FileName != "":
		found, err := in.Files.Glob(in.beneath(rule.FileName))
		return len(found) > 0, fault.Keep(fault.Broken, err, "plugin %s: discover.fileName", p.FullName())
	case rule.Find.Glob != "":
		names := in.Files.FS()
		found, err := doublestar.Glob(names, in.beneath(rule.Find.Glob))
		if err == nil {
			err = names.Err()
		}
		return len(found) > 0, fault.Keep(fault.Broken, err, "plugin %s: discover.find.glob", p.FullName())
	}
	out, err := in.run(ctx, p.FullName(), Find)
	return strings.TrimSuffix(string(out), "\n") != "", err
}

// beneath is a pattern below the source's path, whose own characters are not special.
func (in Input) beneath(pattern string) string {
	var dir strings.Builder
	for _, r := range in.Dir {
		if strings.ContainsRune(`*?[]{}\`, r) {
			dir.WriteByte('\\')
		}
		dir.WriteRune(r)
	}
	return path.Join(dir.String(), pattern)
}

// Manifests is what a plugin makes of the source.
func Manifests(ctx context.Context, in Input, name string) ([]byte, error) {
	return in.run(ctx, name, Generate)
}

// Parameters are those that a plugin announces for the source, the dynamic ones first,
// so that a static one of the same name wins.
func Parameters(ctx context.Context, in Input, name string) ([]v1alpha1.PluginParameter, error) {
	p := Declared(in.Declared, name)
	if p == nil {
		return nil, fault.New(fault.NotFound, "there is no plugin %q (declared are: %s)", name, in.names())
	}
	var all []v1alpha1.PluginParameter
	if len(p.Spec.Parameters.Dynamic.Command) > 0 {
		out, err := in.run(ctx, name, Announce)
		if err != nil {
			return nil, err
		}
		if json.Unmarshal(out, &all) != nil { // its error would repeat what the command wrote
			return nil, fault.New(fault.Broken, "plugin %s: parameters.dynamic writes no JSON list of parameter announcements", name)
		}
	}
	return append(all, p.Spec.Parameters.Static...), nil
}

func (in Input) run(ctx context.Context, name string, task Task) ([]byte, error) {
	if in.Runner == nil {
		return nil, fault.New(fault.Unsupported, "plugin %s: plugins are not run here", name)
	}
	return in.Runner.Run(ctx, in.FS, in.Declared, Job{Plugin: name, Task: task, Root: in.Root, Dir: in.Dir, Env: in.Env})
}

// Root is the directory of the tree that a plugin gets: all of it, or with the value
// of the annotation manifest-generate-paths the deepest directory above all of what
// it names and the source's path.
func Root(dir, generatePaths string) string {
	if generatePaths == "" {
		return "."
	}
	root := dir
	for p := range strings.SplitSeq(generatePaths, ";") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		rooted := path.Join("/", dir, p)
		if strings.HasPrefix(p, "/") {
			rooted = path.Clean(p)
		}
		root = common(root, literal(strings.TrimPrefix(rooted, "/")))
	}
	return root
}

// literal is the part of a pattern before the first special character, in whole
// directories.
func literal(pattern string) string {
	before, _, special := strings.Cut(strings.NewReplacer("?", "*", "[", "*", "{", "*", `\`, "*").Replace(pattern), "*")
	if special {
		before = path.Dir(before + "x")
	}
	return path.Clean(before)
}

func common(a, b string) string {
	for a != "." && a != b && !strings.HasPrefix(b, a+"/") {
		a = path.Dir(a)
	}
	return a
}
