package helm

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

// values are the values given to the chart, lowest precedence first: base values, value
// files in order, values or valuesObject, parameters, string parameters, file
// parameters. Of parameters with one name the last one counts.
func (r *renderer) values() (map[string]any, error) {
	files, err := r.valueFiles()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for i, data := range r.BaseValues {
		more, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return nil, fault.Wrap(fault.Broken, err, "values file %d", i+1)
		}
		values = loader.MergeMaps(values, more)
	}
	for _, f := range files {
		data, err := r.read(f)
		if err != nil {
			return nil, err
		}
		more, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return nil, fault.Wrap(fault.Broken, err, "values file %s", cmp.Or(tree.RedactURL(f.url), f.name))
		}
		values = loader.MergeMaps(values, more)
	}
	inline, err := r.inlineValues()
	if err != nil {
		return nil, err
	}
	values = loader.MergeMaps(values, inline)
	if err := r.parameters(values); err != nil {
		return nil, err
	}
	return values, r.fileParameters(values)
}

func (r *renderer) inlineValues() (map[string]any, error) {
	if o := r.Helm.ValuesObject; o != nil && len(o.Raw) > 0 {
		values := map[string]any{}
		if err := yaml.Unmarshal(o.Raw, &values); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "helm.valuesObject")
		}
		return values, nil
	}
	values, err := loader.LoadValues(strings.NewReader(r.Helm.Values))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "helm.values")
	}
	return values, nil
}

func (r *renderer) parameters(values map[string]any) error {
	parse := map[bool]func(string, map[string]any) error{false: strvals.ParseInto, true: strvals.ParseIntoString}
	for _, forceString := range [...]bool{false, true} {
		for i, p := range r.Helm.Parameters {
			if p.ForceString != forceString {
				continue
			}
			if err := parse[forceString](p.Name+"="+escapeCommas(r.Env.Expand(p.Value)), values); err != nil {
				return fault.New(fault.Invalid, "helm.parameters[%d] %s cannot be parsed", i, p.Name)
			}
		}
	}
	return nil
}

// escapeCommas keeps a value one value, unless it is a {list} (argo-cd's
// cleanSetParameters).
func escapeCommas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if value[i] == ',' && (i == 0 || value[i-1] != '\\') {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

func (r *renderer) fileParameters(values map[string]any) error {
	for _, p := range r.Helm.FileParameters {
		f, err := r.locate("helm.fileParameters "+p.Name, p.Path)
		if err != nil {
			return err
		}
		data, err := r.read(f)
		if err != nil {
			return fault.Keep(fault.Broken, err, "helm.fileParameters %s", p.Name)
		}
		content := func([]rune) (any, error) { return string(data), nil }
		if err := strvals.ParseIntoFile(p.Name+"=x", values, content); err != nil {
			return fault.Wrap(fault.Invalid, err, "helm.fileParameters %s", p.Name)
		}
	}
	return nil
}

// valueFile is a file of the source's tree or, if ref is set, of that source's.
// Or it is what a URL answers.
type valueFile struct {
	ref  string
	name string
	url  string
}

// in is the tree that f lies in.
func (r *renderer) in(f valueFile) *tree.Reader {
	if f.ref == "" {
		return r.Files
	}
	return r.Files.On(r.Refs[f.ref])
}

func (r *renderer) read(f valueFile) ([]byte, error) {
	if f.url != "" {
		got, err := r.Fetcher.Fetch(r.ctx, remote.Want{Kind: remote.File, URL: f.url})
		if err != nil {
			return nil, err
		}
		return r.Files.On(got.FS).File(remote.FileName)
	}
	return r.in(f).File(f.name)
}

// valueFiles are the files of helm.valueFiles, globs expanded, without doubles.
// A file that is also listed by its name takes its place from there.
func (r *renderer) valueFiles() ([]valueFile, error) {
	const field = "helm.valueFiles"
	located := make([]valueFile, len(r.Helm.ValueFiles))
	var explicit []valueFile
	for i, written := range r.Helm.ValueFiles {
		f, err := r.locate(field, written)
		if err != nil {
			return nil, err
		}
		if located[i] = f; f.url == "" && !isGlob(f.name) {
			explicit = append(explicit, f)
		}
	}
	var found []valueFile
	for i, f := range located {
		matches, err := r.match(f)
		if err != nil {
			return nil, fault.Keep(fault.Broken, err, "%s: %q", field, r.Helm.ValueFiles[i])
		}
		if len(matches) == 0 && !r.Helm.IgnoreMissingValueFiles {
			return nil, fault.New(fault.Broken, "%s: %q: no such file (%s)", field, r.Helm.ValueFiles[i], f.name)
		}
		for _, m := range matches {
			if f.url == "" && isGlob(f.name) && slices.Contains(explicit, m) || slices.Contains(found, m) {
				continue
			}
			found = append(found, m)
		}
	}
	return found, nil
}

// match is the files that f stands for; none if it does not exist.
func (r *renderer) match(f valueFile) ([]valueFile, error) {
	if f.url != "" {
		return []valueFile{f}, nil
	}
	files := r.in(f)
	if !isGlob(f.name) {
		_, err := files.Stat(f.name)
		if missing(err) {
			return nil, nil
		}
		return []valueFile{f}, err
	}
	fsys := files.FS()
	names, err := doublestar.Glob(fsys, f.name, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if fsys.Err() != nil {
		return nil, fsys.Err()
	}
	if err != nil && !missing(err) {
		return nil, err
	}
	matches := make([]valueFile, len(names))
	for i, name := range names {
		matches[i] = valueFile{ref: f.ref, name: name}
	}
	return matches, nil
}

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// locate is the file that a user wrote as relative to the chart, as /rooted in
// the repository, or as $ref/rooted in another source's.
func (r *renderer) locate(field, written string) (valueFile, error) {
	if name, rest, ok := strings.Cut(written, "/"); ok && strings.HasPrefix(name, "$") {
		if r.Refs[name[1:]] != nil {
			p, err := tree.ResolveRooted(field, ".", "/"+r.Env.Expand(rest))
			return valueFile{ref: name[1:], name: p}, err
		}
		if r.Env.Expand(name) == "" {
			return valueFile{}, fault.New(fault.Invalid, "%s: %q: no source has the ref %q", field, written, name[1:])
		}
	}
	p := r.Env.Expand(written)
	if u, err := url.Parse(p); err == nil && u.Scheme != "" {
		return valueFile{url: p}, r.allowed(field, u.Scheme)
	}
	resolved, err := tree.ResolveRooted(field, r.Dir, p)
	if err == nil && resolved == "." {
		err = fault.New(fault.Invalid, "%s: %q is the repository's root, not a file", field, written)
	}
	return valueFile{name: resolved}, err
}

// allowed says whether URLs of a scheme may be read.
func (r *renderer) allowed(field, scheme string) error {
	schemes := r.URLSchemes
	if len(schemes) == 0 {
		schemes = []string{"https", "http"}
	}
	if slices.ContainsFunc(schemes, func(s string) bool { return strings.EqualFold(s, scheme) }) {
		return nil
	}
	return fault.New(fault.Invalid, "%s: the URL scheme %q is not allowed", field, scheme)
}
