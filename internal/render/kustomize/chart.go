package kustomize

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	sigsyaml "sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

// maxCharts bounds the charts of one build.
const maxCharts = 256

// Chart is a chart to be rendered for a build, as `helm template` does.
type Chart struct {
	Files *tree.Reader
	// Dir is the chart's tree path in Files.
	Dir string
	// ReleaseName is set unless NameTemplate, a template of the name, is.
	ReleaseName, NameTemplate string
	// Namespace is the release's; empty for Helm's default.
	Namespace string
	// Values are files of values, the last one first of all.
	Values                            [][]byte
	IncludeCRDs, SkipHooks, SkipTests bool
	// KubeVersion and APIVersions are empty for the cluster's.
	KubeVersion string
	APIVersions []string
}

// ChartRenderer renders a chart.
type ChartRenderer func(ctx context.Context, c Chart) (objects []*unstructured.Unstructured, warnings []string, err error)

// charts is what a build knows for the charts in it.
type charts struct {
	// enabled is --enable-helm.
	enabled bool
	render  ChartRenderer
	// kubeVersion and apiVersions are for charts that name none.
	kubeVersion string
	apiVersions []string
	// anywhere lets values lie outside of the directory that names them.
	anywhere bool
	count    int
}

// chartConfig is an entry of helmCharts, or a generator of that kind.
type chartConfig struct {
	types.HelmGlobals
	types.HelmChart
}

// inflate renders the charts of k, and puts a component that has their objects in
// their place. Kustomize would render them as generators: after resources, before
// components and transformers. So the component is the first. (After generators that
// are listed beside helmCharts, too, where Kustomize has them before.)
func (c *checked) inflate(k *types.Kustomization, namespace string) error {
	var globals types.HelmGlobals
	if k.HelmGlobals != nil {
		globals = *k.HelmGlobals
	}
	var configs []chartConfig
	for _, h := range k.HelmCharts {
		configs = append(configs, chartConfig{globals, h})
	}
	if configs = append(configs, c.generated...); len(configs) == 0 {
		return nil
	}
	if !c.charts.enabled || c.charts.render == nil {
		return fault.New(fault.Broken, "%s: helmCharts: must specify --enable-helm in kustomize.buildOptions", c.file)
	}
	var out bytes.Buffer
	for i, config := range configs {
		field := fmt.Sprintf("%s: helmCharts[%d]", c.file, i)
		if c.charts.count++; c.charts.count > maxCharts {
			return fault.New(fault.Broken, "%s: more than %d charts in one build", field, maxCharts)
		}
		objects, err := c.chart(field, config, namespace)
		if err != nil {
			return fault.Keep(fault.Broken, err, "%s %s", field, config.Name)
		}
		if err := c.print(&out, field, objects); err != nil {
			return err
		}
	}
	made := map[string][]byte{"kustomization.yaml": []byte("apiVersion: " + types.ComponentVersion + "\nkind: " + types.ComponentKind + "\nmetadata: {name: charts}\n")}
	if out.Len() > 0 {
		made["kustomization.yaml"] = append(made["kustomization.yaml"], "resources: [charts.yaml]\n"...)
		made["charts.yaml"] = out.Bytes()
	}
	id := c.mounts.add(&mount{made: made, by: path.Base(c.file), label: c.file + ": helmCharts", depth: c.dir.depth()})
	k.Components = slices.Insert(k.Components, 0, mark+id)
	k.HelmCharts, k.HelmGlobals = nil, nil
	c.changed = true
	return nil
}

// print appends objects as documents, marked so that Kustomize leaves their
// namespaces to Helm.
func (c *checked) print(out *bytes.Buffer, field string, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		meta, ok := o.Object["metadata"].(map[string]any)
		if !ok {
			meta = map[string]any{}
			o.Object["metadata"] = meta
		}
		switch annotations := meta["annotations"].(type) {
		case nil:
			meta["annotations"] = map[string]any{konfig.HelmGeneratedAnnotation: "true"}
		case map[string]any:
			annotations[konfig.HelmGeneratedAnnotation] = "true"
		}
		data, err := json.Marshal(o.Object)
		if err != nil {
			return fault.Wrap(fault.Broken, err, "%s", field)
		}
		if err := c.mounts.files.Spend(field, int64(len(data))); err != nil {
			return err
		}
		out.WriteString("---\n")
		out.Write(data)
		out.WriteByte('\n')
	}
	return nil
}

// chart renders one chart.
func (c *checked) chart(field string, h chartConfig, namespace string) ([]*unstructured.Unstructured, error) {
	if h.ReleaseName != "" && h.NameTemplate != "" {
		return nil, fault.New(fault.Broken, "releaseName and nameTemplate cannot both be set")
	}
	at, own, err := c.locate(h)
	if err != nil {
		return nil, err
	}
	values, err := c.values(h, own)
	if err != nil {
		return nil, err
	}
	chart := Chart{
		Files: c.mounts.files, Dir: at.name, ReleaseName: h.ReleaseName, NameTemplate: h.NameTemplate, Namespace: cmp.Or(h.Namespace, namespace),
		Values: values, IncludeCRDs: h.IncludeCRDs, SkipHooks: h.SkipHooks, SkipTests: h.SkipTests,
		KubeVersion: cmp.Or(h.KubeVersion, c.charts.kubeVersion), APIVersions: h.ApiVersions,
	}
	if at.mount != nil {
		chart.Files = at.mount.files
	}
	if chart.NameTemplate == "" {
		// What Helm makes of --generate-name in a template (helm issue 6019).
		chart.ReleaseName = cmp.Or(chart.ReleaseName, "release-name")
	}
	if len(chart.APIVersions) == 0 {
		chart.APIVersions = c.charts.apiVersions
	}
	objects, warnings, err := c.charts.render(c.mounts.ctx, chart)
	for _, w := range warnings {
		c.warn(field + ": " + w)
	}
	return objects, err
}

// locate is where a chart is: in chartHome if it lies there, else what its repository
// has. own are its own values.
func (c *checked) locate(h chartConfig) (at spot, own func() ([]byte, error), err error) {
	for _, s := range [...]string{h.Name, h.Version} {
		if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "-") || slices.Contains(strings.Split(s, "/"), "..") || h.Name == "" {
			return at, nil, fault.New(fault.Invalid, "%q is not the name or the version of a chart", s)
		}
	}
	home := cmp.Or(h.ChartHome, types.HelmDefaultHome)
	if h.Version != "" && h.Repo != "" {
		home += "/" + h.Name + "-" + h.Version
	}
	if at, err = c.dir.resolve("chartHome", home+"/"+h.Name); err != nil {
		return at, nil, err
	}
	if c.isDir(at) {
		return at, func() ([]byte, error) { return c.load(path.Join(home, h.Name, "values.yaml")) }, nil
	}
	if h.Repo == "" {
		return at, nil, fault.New(fault.Broken, "no repo specified for pull, no chart found at %q", at.String())
	}
	u, err := url.Parse(h.Repo)
	if err != nil || u.Host == "" || !slices.Contains([]string{"https", "http", "oci"}, u.Scheme) || strings.Contains(h.Name, "/") {
		return at, nil, fault.New(fault.Invalid, "repo %q: charts come from https, http and oci, by a name without slashes", tree.RedactURL(h.Repo))
	}
	want := remote.Want{Kind: remote.Chart, URL: strings.TrimSuffix(h.Repo, "/"), Name: h.Name, Version: h.Version}
	if h.Devel && h.Version == "" {
		want.Version = ">0.0.0-0"
	}
	id, err := c.mounts.mount(target{want, "."}, c.dir.depth()+1)
	if err != nil {
		return at, nil, err
	}
	at = spot{c.mounts.byID[id], "."}
	return at, func() ([]byte, error) { return c.read(spot{at.mount, "values.yaml"}) }, nil
}

// values are a chart's files of values. valuesInline is merged into valuesFile, or into
// the chart's own values, and those behind it count more than both.
func (c *checked) values(h chartConfig, own func() ([]byte, error)) ([][]byte, error) {
	first, err := c.firstValues(h, own)
	if err != nil {
		return nil, err
	}
	values := [][]byte{first}
	for _, name := range h.AdditionalValuesFiles {
		data, err := c.load(name)
		if err != nil {
			return nil, fault.Keep(fault.Broken, err, "additionalValuesFiles")
		}
		values = append(values, data)
	}
	return values, nil
}

func (c *checked) firstValues(h chartConfig, own func() ([]byte, error)) ([]byte, error) {
	mode := cmp.Or(h.ValuesMerge, "override")
	if !slices.Contains([]string{"merge", "override", "replace"}, mode) {
		return nil, fault.New(fault.Broken, "valuesMerge must be one of [merge override replace]")
	}
	if mode == "replace" && len(h.ValuesInline) > 0 {
		data, err := sigsyaml.Marshal(h.ValuesInline)
		return data, fault.Wrap(fault.Broken, err, "valuesInline")
	}
	if h.ValuesFile != "" {
		own = func() ([]byte, error) { return c.load(h.ValuesFile) }
	}
	data, err := own()
	if h.ValuesFile == "" && errors.Is(err, fs.ErrNotExist) {
		err = nil // to Kustomize that is an error, to Helm it is not
	}
	if err != nil {
		return nil, fault.Keep(fault.Broken, err, "valuesFile")
	}
	if len(h.ValuesInline) == 0 {
		return data, nil
	}
	if err := manifest.CheckAliases("valuesFile", data); err != nil {
		return nil, err
	}
	merged, err := mergeValues(data, h.ValuesInline, mode == "override")
	return merged, fault.Wrap(fault.Broken, err, "valuesInline")
}

// mergeValues is Kustomize's merge of values: override lets what is inline count more.
func mergeValues(file []byte, inline map[string]any, override bool) ([]byte, error) {
	dest, err := kyaml.Parse(string(file))
	if errors.Is(err, io.EOF) { // nothing but comments
		dest, err = kyaml.Parse("{}")
	}
	if err != nil {
		return nil, err
	}
	src, err := kyaml.FromMap(inline)
	if err != nil {
		return nil, err
	}
	if !override {
		dest, src = src, dest
	}
	merged, err := merge2.Merge(src, dest, kyaml.MergeOptions{})
	if err != nil {
		return nil, err
	}
	values, err := merged.Map()
	if err != nil {
		return nil, err
	}
	return sigsyaml.Marshal(values)
}

// load is the content of a file of values.
func (c *checked) load(p string) ([]byte, error) {
	if remoteFile(p) {
		name, err := c.mounts.fetch(p, asFile, c.dir.depth())
		if err != nil {
			return nil, fault.Keep(fault.Broken, err, "%q", tree.RedactURL(p))
		}
		at, err := c.mounts.at(name)
		if err != nil {
			return nil, err
		}
		return c.read(at)
	}
	at, err := c.dir.resolve("values", p)
	if err != nil {
		return nil, err
	}
	if !c.charts.anywhere && !at.below(c.dir) {
		return nil, fault.New(fault.Broken, "security; file %q is not in or below %q", at.String(), c.dir.String())
	}
	return c.read(at)
}

// chartsOf takes the charts out of an entry of generators, and is what is left of it.
func (c *checked) chartsOf(entry string) (string, error) {
	where, data := c.file+": generators", []byte(entry)
	if !isConfig(entry) {
		at, err := c.dir.resolve(where, entry)
		if err != nil || isRemote(entry) || c.isDir(at) {
			return entry, nil //nolint:nilerr // for plugin to say
		}
		if data, err = c.read(at); err != nil {
			return entry, nil //nolint:nilerr // Kustomize will miss it too, and say so
		}
		where = at.String()
	}
	var rest []string
	found := false
	err := eachConfig(where, data, func(h pluginHeader, node *yaml.Node) error {
		doc, err := yaml.Marshal(node)
		if err != nil {
			return fault.Wrap(fault.Broken, err, "%s", where)
		}
		if h.APIVersion != "builtin" || h.Kind != chartGenerator {
			rest = append(rest, string(doc))
			return nil
		}
		found = true
		var config chartConfig
		if err := sigsyaml.Unmarshal(doc, &config); err != nil {
			return fault.Wrap(fault.Broken, err, "%s", where)
		}
		c.generated = append(c.generated, config)
		return nil
	})
	if err != nil || !found {
		return entry, err
	}
	c.changed = true
	return strings.Join(rest, "---\n"), nil
}
