package render

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/kustomize"
	"evenkeel.dev/internal/render/tree"
)

// sourceDir is the tree path of a source's path, which must be a directory.
func sourceDir(files *tree.Reader, sourcePath string) (string, error) {
	dir, err := tree.Resolve("path", ".", sourcePath)
	if err != nil {
		return "", err
	}
	info, err := files.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.NotFound, "app path does not exist: %s", sourcePath)
	}
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fault.New(fault.Broken, "app path is not a directory: %s", sourcePath)
	}
	return dir, nil
}

// detect is the source's type as Argo CD finds it (argo-cd.md §1.1): what the
// source says, else what lies in dir. A directory with both a kustomization and
// a Chart.yaml is Kustomize's, since Argo CD's walk meets the kustomization last.
func detect(files *tree.Reader, dir string, source *v1alpha1.ApplicationSource, o Options) (string, error) {
	explicit, err := explicitType(source)
	if err != nil {
		return "", err
	}
	switch {
	case explicit == v1alpha1.SourceTypeHelm && o.HelmDisabled,
		explicit == v1alpha1.SourceTypeKustomize && o.KustomizeDisabled:
		return v1alpha1.SourceTypeDirectory, nil
	case explicit != "":
		return explicit, nil
	}
	if !o.KustomizeDisabled {
		for _, name := range kustomize.FileNames() {
			if found, err := isFile(files, path.Join(dir, name)); found || err != nil {
				return v1alpha1.SourceTypeKustomize, err
			}
		}
	}
	if !o.HelmDisabled {
		if found, err := isFile(files, path.Join(dir, "Chart.yaml")); found || err != nil {
			return v1alpha1.SourceTypeHelm, err
		}
	}
	return v1alpha1.SourceTypeDirectory, nil
}

func explicitType(source *v1alpha1.ApplicationSource) (string, error) {
	var found []string
	if source.Kustomize != nil {
		found = append(found, v1alpha1.SourceTypeKustomize)
	}
	if source.Helm != nil {
		found = append(found, v1alpha1.SourceTypeHelm)
	}
	if source.Directory != nil {
		found = append(found, v1alpha1.SourceTypeDirectory)
	}
	if source.Plugin != nil {
		found = append(found, v1alpha1.SourceTypePlugin)
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fault.New(fault.Invalid, "multiple application sources defined: %s", strings.Join(found, ","))
}

func isFile(files *tree.Reader, name string) (bool, error) {
	info, err := files.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !info.IsDir(), nil
}
