package kustomize

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/api/pkg/util"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// edited is the kustomization of in.Dir with the Application's options applied,
// by its tree path; nothing if there are none and the file stands as it is.
func edited(in Input, warn func(string)) (map[string][]byte, error) {
	if !hasEdits(in.Kustomize) {
		return nil, nil
	}
	file, data, err := find(in.Files, in.Dir)
	if err != nil {
		return nil, err
	}
	k, err := parse(file, data, warn)
	if err != nil {
		return nil, err
	}
	e := editor{Input: in, file: file, k: k}
	for _, edit := range [...]func() error{e.names, e.images, e.replicas, e.labels, e.annotations, e.patches, e.components} {
		if err := edit(); err != nil {
			return nil, err
		}
	}
	out, err := yaml.Marshal(k)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "marshal %s", file)
	}
	return map[string][]byte{file: out}, nil
}

func hasEdits(o v1alpha1.ApplicationSourceKustomize) bool {
	return o.NamePrefix != "" || o.NameSuffix != "" || o.Namespace != "" || len(o.Images)+len(o.Replicas)+
		len(o.CommonLabels)+len(o.CommonAnnotations)+len(o.Patches)+len(o.Components) > 0
}

// find is the one kustomization file in dir.
func find(files *tree.Reader, dir string) (file string, data []byte, err error) {
	for _, name := range FileNames() {
		candidate := path.Join(dir, name)
		content, err := files.File(candidate)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if file != "" {
			return "", nil, fault.New(fault.Broken, "more than one kustomization: %s and %s", file, candidate)
		}
		file, data = candidate, content
	}
	if file == "" {
		return "", nil, fault.New(fault.Broken, "%s: kustomization file not found in the path", dir)
	}
	return file, data, nil
}

// editor does to k what the commands of `kustomize edit` do to a file.
type editor struct {
	Input
	file string
	k    *types.Kustomization
}

func (e *editor) names() error {
	e.k.NamePrefix = cmp.Or(e.Kustomize.NamePrefix, e.k.NamePrefix)
	e.k.NameSuffix = cmp.Or(e.Kustomize.NameSuffix, e.k.NameSuffix)
	e.k.Namespace = cmp.Or(e.Kustomize.Namespace, e.k.Namespace)
	return nil
}

// keep in the place of a new name, tag or digest keeps what the file says.
const keep = "*"

// images is `kustomize edit set image`: an override replaces the file's entry of
// the same name whole, and the list gets sorted.
func (e *editor) images() error {
	if len(e.Kustomize.Images) == 0 {
		return nil
	}
	byName := map[string]types.Image{}
	for _, written := range e.Kustomize.Images {
		img, err := parseImage(e.Env.Expand(string(written)))
		if err != nil {
			return err
		}
		byName[img.Name] = img
	}
	for _, old := range e.k.Images {
		img, overridden := byName[old.Name]
		if !overridden {
			byName[old.Name] = old
			continue
		}
		img.NewName = kept(img.NewName, old.NewName)
		img.NewTag = kept(img.NewTag, old.NewTag)
		img.Digest = kept(img.Digest, old.Digest)
		byName[old.Name] = img
	}
	e.k.Images = nil
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		img := byName[name]
		img.NewName, img.NewTag, img.Digest = kept(img.NewName, ""), kept(img.NewTag, ""), kept(img.Digest, "")
		e.k.Images = append(e.k.Images, img)
	}
	return nil
}

func kept(value, old string) string {
	if value == keep {
		return old
	}
	return value
}

// parseImage reads [name=]newName[:tag][@digest].
func parseImage(s string) (types.Image, error) {
	name, value, renamed := strings.Cut(s, "=")
	if !renamed {
		value = s
	}
	newName, tag, digest := util.SplitImageName(value)
	if newName == s {
		return types.Image{}, fault.New(fault.Invalid, "kustomize.images: %q is not [NAME=]NEWNAME[:TAG][@DIGEST]", s)
	}
	img := types.Image{Name: newName, NewTag: tag, Digest: digest}
	if renamed && name != "" {
		img.Name, img.NewName = name, newName
	}
	return img, nil
}

// replicas is `kustomize edit set replicas`.
func (e *editor) replicas() error {
	if len(e.Kustomize.Replicas) == 0 {
		return nil
	}
	byName := map[string]types.Replica{}
	for _, old := range e.k.Replicas {
		byName[old.Name] = old
	}
	for _, r := range e.Kustomize.Replicas {
		count := int64(r.Count.IntVal)
		if r.Count.Type == intstr.String {
			n, err := strconv.ParseInt(r.Count.StrVal, 10, 64)
			if err != nil {
				return fault.New(fault.Invalid, "kustomize.replicas: %s: expected integer value for count, received %q", r.Name, r.Count.StrVal)
			}
			count = n
		}
		byName[r.Name] = types.Replica{Name: r.Name, Count: count}
	}
	e.k.Replicas = nil
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		e.k.Replicas = append(e.k.Replicas, byName[name])
	}
	return nil
}

// labels is `kustomize edit add label`.
func (e *editor) labels() error {
	o := e.Kustomize
	if len(o.CommonLabels) == 0 {
		return nil
	}
	if o.LabelIncludeTemplates && !o.LabelWithoutSelector {
		return fault.New(fault.Invalid, "kustomize.labelIncludeTemplates needs kustomize.labelWithoutSelector")
	}
	expanded := map[string]string{}
	for name, value := range o.CommonLabels {
		expanded[name] = e.Env.Expand(value)
	}
	if !o.LabelWithoutSelector {
		if e.k.CommonLabels == nil {
			e.k.CommonLabels = map[string]string{}
		}
		return e.add("label", e.k.CommonLabels, expanded, o.ForceCommonLabels)
	}
	i := slices.IndexFunc(e.k.Labels, func(l types.Label) bool {
		return !l.IncludeSelectors && l.IncludeTemplates == o.LabelIncludeTemplates
	})
	if i < 0 {
		i = len(e.k.Labels)
		e.k.Labels = append(e.k.Labels, types.Label{IncludeTemplates: o.LabelIncludeTemplates})
	}
	if e.k.Labels[i].Pairs == nil {
		e.k.Labels[i].Pairs = map[string]string{}
	}
	return e.add("label", e.k.Labels[i].Pairs, expanded, o.ForceCommonLabels)
}

// annotations is `kustomize edit add annotation`.
func (e *editor) annotations() error {
	o := e.Kustomize
	if len(o.CommonAnnotations) == 0 {
		return nil
	}
	expanded := o.CommonAnnotations
	if o.CommonAnnotationsEnvsubst {
		expanded = map[string]string{}
		for name, value := range o.CommonAnnotations {
			expanded[name] = e.Env.Expand(value)
		}
	}
	if e.k.CommonAnnotations == nil {
		e.k.CommonAnnotations = map[string]string{}
	}
	return e.add("annotation", e.k.CommonAnnotations, expanded, o.ForceCommonAnnotations)
}

func (e *editor) add(what string, to, more map[string]string, force bool) error {
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if _, exists := to[name]; exists && !force {
			return fault.New(fault.Broken, "%s: %s %s already in kustomization file; force it to override", e.file, what, name)
		}
		to[name] = unquoted(more[name])
	}
	return nil
}

// unquoted drops one pair of double quotes, as the command line does.
func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// patches appends to the file's patches, which no command does; Argo CD edits
// the file itself.
func (e *editor) patches() error {
	for i, p := range e.Kustomize.Patches {
		if p.Path != "" && !isRemote(p.Path) {
			if _, err := tree.Resolve("kustomize.patches["+strconv.Itoa(i)+"].path", e.Dir, p.Path); err != nil {
				return err
			}
		}
		patch := types.Patch{Path: p.Path, Patch: p.Patch}
		if len(p.Options) > 0 {
			patch.Options = &types.PatchArgs{AllowNameChange: p.Options["allowNameChange"], AllowKindChange: p.Options["allowKindChange"]}
		}
		if t := p.Target; t != nil {
			patch.Target = &types.Selector{
				ResId: resid.ResId{
					Gvk:       resid.Gvk{Group: t.Group, Version: t.Version, Kind: t.Kind},
					Name:      t.Name,
					Namespace: t.Namespace,
				},
				AnnotationSelector: t.AnnotationSelector,
				LabelSelector:      t.LabelSelector,
			}
		}
		e.k.Patches = append(e.k.Patches, patch)
	}
	return nil
}

// kindOf is the kind of a failed glob: the pattern's fault, or the tree's.
func kindOf(err error) fault.Kind {
	if errors.Is(err, path.ErrBadPattern) {
		return fault.Invalid
	}
	return fault.Broken
}

// components is `kustomize edit add component`: globs are expanded, doubles left
// out, and what does not exist is an error unless the Application says otherwise.
func (e *editor) components() error {
	for _, written := range e.Kustomize.Components {
		if isRemote(written) { // the inspector has it fetched
			if !slices.Contains(e.k.Components, written) {
				e.k.Components = append(e.k.Components, written)
			}
			continue
		}
		pattern, err := tree.Resolve("kustomize.components", e.Dir, written)
		if err != nil {
			return err
		}
		found, err := e.Files.Glob(pattern)
		if err != nil {
			return fault.Keep(kindOf(err), err, "kustomize.components: %q", written)
		}
		if len(found) == 0 && !e.Kustomize.IgnoreMissingComponents {
			return fault.New(fault.Broken, "kustomize.components: %q has no match (%s)", written, pattern)
		}
		for _, name := range found {
			relative, err := filepath.Rel(rooted(e.Dir), rooted(name))
			if err != nil {
				return fault.Wrap(fault.Internal, err, "kustomize.components: %q", written)
			}
			if relative = filepath.ToSlash(relative); !slices.Contains(e.k.Components, relative) {
				e.k.Components = append(e.k.Components, relative)
			}
		}
	}
	return nil
}
