package render

import (
	"encoding/json"
	"path"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// withOverrides is source with .argocd-source.yaml and .argocd-source-<app>.yaml
// of dir merged over it (argo-cd.md §1.1). They set options of tools only: what
// is rendered from where stays as the Application says.
func withOverrides(files *tree.Reader, dir, appName string, source *v1alpha1.ApplicationSource) (*v1alpha1.ApplicationSource, error) {
	names := []string{".argocd-source.yaml"}
	if appName != "" {
		names = append(names, ".argocd-source-"+appName+".yaml")
	}
	merged := source
	for _, name := range names {
		file, err := tree.Resolve("application name", dir, name)
		if err != nil {
			return nil, err
		}
		if path.Dir(file) != dir {
			return nil, fault.New(fault.Invalid, "application name %q is not a file name", appName)
		}
		found, err := isFile(files, file)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if merged, err = mergeOverride(files, file, merged); err != nil {
			return nil, err
		}
	}
	if merged == source {
		return source, nil
	}
	merged.Chart, merged.Path = source.Chart, source.Path
	merged.RepoURL, merged.TargetRevision = source.RepoURL, source.TargetRevision
	return merged, nil
}

func mergeOverride(files *tree.Reader, file string, source *v1alpha1.ApplicationSource) (*v1alpha1.ApplicationSource, error) {
	data, err := files.File(file)
	if err != nil {
		return nil, err
	}
	patch, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, fault.Wrap(fault.Broken, err, "%s", file)
	}
	if string(patch) == "null" { // empty, or comments only: as a patch it would delete everything
		return source, nil
	}
	original, err := json.Marshal(source)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "marshal source")
	}
	result, err := jsonpatch.MergePatch(original, patch)
	if err != nil {
		return nil, fault.Wrap(fault.Broken, err, "%s", file)
	}
	var merged v1alpha1.ApplicationSource
	if err := json.Unmarshal(result, &merged); err != nil {
		return nil, fault.Wrap(fault.Broken, err, "%s", file)
	}
	return &merged, nil
}
