package helm

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/ignore"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

const (
	// maxDepth bounds directories in charts, which symbolic links could make endless.
	maxDepth = 32
	// maxLocalDepth bounds charts that depend on charts elsewhere in the tree.
	maxLocalDepth = 8
)

// load reads the chart and everything that it depends on.
func (r *renderer) load() error {
	c, err := r.loadChart(place{r.Files, r.Dir}, 0)
	if err != nil {
		return err
	}
	if t := c.Metadata.Type; t != "" && t != "application" {
		return fault.New(fault.Broken, "%s: a chart of type %s cannot be installed", r.Dir, t)
	}
	if c.Metadata.Deprecated {
		r.out.Warnings = append(r.out.Warnings, fmt.Sprintf("chart %s is deprecated", c.Name()))
	}
	sortDependencies(c)
	r.chart = c
	return nil
}

// loadChart reads the chart in dir and the dependencies that charts/ lacks.
func (r *renderer) loadChart(at place, depth int) (*chart.Chart, error) {
	files, dir := at.files, at.dir
	if depth > maxLocalDepth {
		return nil, fault.New(fault.Broken, "%s: charts depend on each other deeper than %d levels", dir, maxLocalDepth)
	}
	if i := slices.Index(r.way, dir); i >= 0 && files == r.Files {
		return nil, fault.New(fault.Broken, "charts depend on each other in a circle: %s", strings.Join(append(r.way[i:], dir), " → "))
	}
	if files == r.Files {
		r.way = append(r.way, dir)
		defer func() { r.way = r.way[:len(r.way)-1] }()
	}
	d := directory{files: files, root: dir, rules: ignore.Empty()}
	if err := d.readRules(); err != nil {
		return nil, err
	}
	if err := d.read("", 0); err != nil {
		return nil, err
	}
	found, err := unpacked(files, dir, d.found, 0)
	if err != nil {
		return nil, err
	}
	c, err := loader.LoadFiles(found)
	if err != nil {
		return nil, fault.Wrap(fault.Broken, err, "chart %s", dir)
	}
	for _, dep := range c.Metadata.Dependencies {
		if dep == nil || has(c, dep.Name) {
			continue
		}
		sub, err := r.dependency(at, c.Lock, dep, depth)
		if err != nil {
			return nil, fault.Keep(fault.Broken, err, "chart %s: dependency %s", c.Name(), dep.Name)
		}
		c.AddDependency(sub)
	}
	return c, nil
}

// unpacked is found with the archives in charts/ replaced by what is in them.
// Helm unpacks them too, but bounds only each by itself.
func unpacked(files *tree.Reader, chartName string, found []*archive.BufferedFile, depth int) ([]*archive.BufferedFile, error) {
	if depth > maxLocalDepth {
		return nil, fault.New(fault.Broken, "%s: archives in archives deeper than %d levels", chartName, maxLocalDepth)
	}
	var out []*archive.BufferedFile
	for _, f := range found {
		name, ok := strings.CutPrefix(f.Name, "charts/")
		if !ok || strings.Contains(name, "/") || path.Ext(name) != ".tgz" || strings.ContainsAny(name[:1], "_.") {
			out = append(out, f)
			continue
		}
		where := chartName + "/" + f.Name
		if err := files.Spend(where, sizeUnpacked(f.Data, files.Left())); err != nil {
			return nil, err
		}
		inner, err := archive.LoadArchiveFiles(bytes.NewReader(f.Data))
		if err != nil {
			return nil, fault.Wrap(fault.Broken, err, "%s", where)
		}
		if inner, err = unpacked(files, where, inner, depth+1); err != nil {
			return nil, err
		}
		for _, g := range inner {
			// The extension would make Helm expect an archive.
			out = append(out, &archive.BufferedFile{Name: "charts/" + name + ".d/" + g.Name, Data: g.Data})
		}
	}
	return out, nil
}

// sizeUnpacked is how large an archive is when it is unpacked, or limit+1 if it is
// larger than limit. Names without content, which Helm does not count, count too.
func sizeUnpacked(data []byte, limit int64) int64 {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return 0 // for Helm to say
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(z, limit+1)) // an archive that is broken is for Helm, too
	return n
}

func has(c *chart.Chart, name string) bool {
	return slices.ContainsFunc(c.Dependencies(), func(d *chart.Chart) bool { return d.Name() == name })
}

// place is where a chart is looked at: a tree, and a directory of it.
type place struct {
	files *tree.Reader
	dir   string
}

// dependency gets a dependency as `helm dependency build` does: a file:// one from the
// tree, any other from its repository, in the version of the lock if there is one.
func (r *renderer) dependency(at place, lock *chart.Lock, dep *chart.Dependency, depth int) (*chart.Chart, error) {
	if local, ok := strings.CutPrefix(dep.Repository, "file://"); ok {
		target, err := tree.Resolve("repository", at.dir, local)
		if err != nil {
			return nil, err
		}
		return r.suitable(place{at.files, target}, dep, depth)
	}
	if dep.Repository == "" {
		return nil, fault.New(fault.Broken, "it names no repository and is not in the charts/ directory")
	}
	version, err := locked(lock, dep)
	if err != nil {
		return nil, err
	}
	got, err := r.Fetcher.Fetch(r.ctx, remote.Want{Kind: remote.Chart, URL: dep.Repository, Name: dep.Name, Version: version})
	if err != nil {
		return nil, err
	}
	return r.suitable(place{at.files.On(got.FS), "."}, dep, depth)
}

// suitable is the chart at a place, which must be of the version that is asked for.
func (r *renderer) suitable(at place, dep *chart.Dependency, depth int) (*chart.Chart, error) {
	c, err := r.loadChart(at, depth+1)
	if err != nil {
		return nil, err
	}
	if dep.Version != "" && !chartutil.IsCompatibleRange(dep.Version, c.Metadata.Version) {
		return nil, fault.New(fault.Broken, "version %s is wanted, and this is %s", dep.Version, c.Metadata.Version)
	}
	return c, nil
}

// locked is the version to get of a dependency. Helm refuses a lock of another
// Chart.yaml; here it must at least agree with it.
func locked(lock *chart.Lock, dep *chart.Dependency) (string, error) {
	if lock == nil {
		return dep.Version, nil
	}
	for _, l := range lock.Dependencies {
		if l == nil || l.Name != dep.Name {
			continue
		}
		if l.Repository != dep.Repository || dep.Version != "" && !chartutil.IsCompatibleRange(dep.Version, l.Version) {
			break
		}
		return l.Version, nil
	}
	return "", fault.New(fault.Broken, "Chart.lock is out of sync with Chart.yaml: run helm dependency update and commit the result")
}

// sortDependencies puts subcharts in an order: Helm's loader goes through a map.
func sortDependencies(c *chart.Chart) {
	deps := slices.Clone(c.Dependencies())
	slices.SortStableFunc(deps, func(a, b *chart.Chart) int {
		return cmp.Or(cmp.Compare(a.Name(), b.Name()), cmp.Compare(a.Metadata.Version, b.Metadata.Version))
	})
	c.SetDependencies(deps...)
	for _, d := range deps {
		sortDependencies(d)
	}
}

// directory collects a chart's files as Helm's loader of directories does.
type directory struct {
	files *tree.Reader
	root  string
	rules *ignore.Rules
	found []*archive.BufferedFile
}

func (d *directory) readRules() error {
	name := path.Join(d.root, ignore.HelmIgnore)
	data, err := d.files.File(name)
	switch {
	case missing(err):
	case err != nil:
		return err
	default:
		if d.rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return fault.Wrap(fault.Broken, err, "%s", name)
		}
	}
	d.rules.AddDefaults()
	return nil
}

func (d *directory) read(rel string, depth int) error {
	dir := path.Join(d.root, rel)
	if depth > maxDepth {
		return fault.New(fault.Broken, "%s: directories nested deeper than %d levels", dir, maxDepth)
	}
	entries, err := d.files.Dir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := d.entry(path.Join(rel, entry.Name()), entry, depth); err != nil {
			return err
		}
	}
	return nil
}

func (d *directory) entry(rel string, entry fs.DirEntry, depth int) error {
	name := path.Join(d.root, rel)
	info, err := d.files.Stat(name) // follows symbolic links, as Helm does
	if err != nil {
		return err
	}
	if d.rules.Ignore(rel, info) {
		return nil
	}
	if info.IsDir() {
		return d.read(rel, depth+1)
	}
	if !info.Mode().IsRegular() {
		return fault.New(fault.Broken, "%s (%s) is not a regular file", name, entry.Type())
	}
	read := d.files.File
	if !matters(rel) {
		read = d.files.Raw
	}
	data, err := read(name)
	if err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	d.found = append(d.found, &archive.BufferedFile{Name: rel, Data: data})
	return nil
}

// matters says whether a file of a chart is more than decoration: a Git LFS pointer
// in the place of a picture does no harm.
func matters(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json", ".tpl", ".tgz", ".lock":
		return true
	}
	return false
}
