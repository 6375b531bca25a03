package spec

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

func source(app *v1alpha1.Application) *v1alpha1.ApplicationSource {
	if app.Spec.Source == nil {
		app.Spec.Source = &v1alpha1.ApplicationSource{}
	}
	return app.Spec.Source
}

func helm(app *v1alpha1.Application) *v1alpha1.ApplicationSourceHelm {
	src := source(app)
	if src.Helm == nil {
		src.Helm = &v1alpha1.ApplicationSourceHelm{}
	}
	return src.Helm
}

func kustomize(app *v1alpha1.Application) *v1alpha1.ApplicationSourceKustomize {
	src := source(app)
	if src.Kustomize == nil {
		src.Kustomize = &v1alpha1.ApplicationSourceKustomize{}
	}
	return src.Kustomize
}

func directory(app *v1alpha1.Application) *v1alpha1.ApplicationSourceDirectory {
	src := source(app)
	if src.Directory == nil {
		src.Directory = &v1alpha1.ApplicationSourceDirectory{}
	}
	return src.Directory
}

func plugin(app *v1alpha1.Application) *v1alpha1.ApplicationSourcePlugin {
	src := source(app)
	if src.Plugin == nil {
		src.Plugin = &v1alpha1.ApplicationSourcePlugin{}
	}
	return src.Plugin
}

func (o *Options) sourceFlags() {
	o.word("repo", "Repository URL, ignored if a file is set", func(app *v1alpha1.Application) *string { return &source(app).RepoURL })
	o.word("path", "Path in repository to the app directory, ignored if a file is set", func(app *v1alpha1.Application) *string { return &source(app).Path })
	o.word("helm-chart", "Helm Chart name", func(app *v1alpha1.Application) *string { return &source(app).Chart })
	o.word("revision", "The tracking source branch, tag, commit or Helm chart version the application will sync to", func(app *v1alpha1.Application) *string { return &source(app).TargetRevision })
	o.word("tag-prefix", "Filter git tags by this prefix before evaluating targetRevision as a semver constraint", func(app *v1alpha1.Application) *string { return &source(app).TagPrefix })
	o.word("ref", "Ref is reference to another source within sources field", func(app *v1alpha1.Application) *string { return &source(app).Ref })
	o.word("source-name", "Name of the source from the list of sources of the app.", func(app *v1alpha1.Application) *string { return &source(app).Name })
}

func (o *Options) helmFlags() {
	o.list("values", "Helm values file(s) to use", func(app *v1alpha1.Application) *[]string { return &helm(app).ValueFiles })
	o.truth("ignore-missing-value-files", "Ignore locally missing valueFiles when setting helm template --values", func(app *v1alpha1.Application) *bool { return &helm(app).IgnoreMissingValueFiles })
	o.text("values-literal-file", "Filename to import as a literal Helm values block", o.setValues)
	o.word("release-name", "Helm release-name", func(app *v1alpha1.Application) *string { return &helm(app).ReleaseName })
	o.word("helm-version", "Helm version", func(app *v1alpha1.Application) *string { return &helm(app).Version })
	o.word("helm-namespace", "Helm namespace to use when running helm template. If not set, use app.spec.destination.namespace", func(app *v1alpha1.Application) *string { return &helm(app).Namespace })
	o.word("helm-kube-version", "Helm kube-version to use when running helm template. If not set, use the kube version from the destination cluster", func(app *v1alpha1.Application) *string { return &helm(app).KubeVersion })
	o.list("helm-api-versions", "Helm api-versions (in format [group/]version/kind) to use when running helm template (can be repeated). If not set, use the api-versions from the destination cluster", func(app *v1alpha1.Application) *[]string { return &helm(app).APIVersions })
	o.truth("helm-pass-credentials", "Pass credentials to all domain", func(app *v1alpha1.Application) *bool { return &helm(app).PassCredentials })
	o.truth("helm-skip-crds", "Skip helm crd installation step", func(app *v1alpha1.Application) *bool { return &helm(app).SkipCrds })
	o.truth("helm-skip-schema-validation", "Skip helm schema validation step", func(app *v1alpha1.Application) *bool { return &helm(app).SkipSchemaValidation })
	o.truth("helm-skip-tests", "Skip helm test manifests installation step", func(app *v1alpha1.Application) *bool { return &helm(app).SkipTests })
	o.each("helm-set", "Helm set values on the command line (can be repeated to set several values: --helm-set key1=val1 --helm-set key2=val2)", setHelmParameter("helm-set", false))
	o.each("helm-set-string", "Helm set STRING values on the command line (can be repeated to set several values: --helm-set-string key1=val1 --helm-set-string key2=val2)", setHelmParameter("helm-set-string", true))
	o.each("helm-set-file", "Helm set values from respective files specified via the command line (can be repeated to set several values: --helm-set-file key1=path1 --helm-set-file key2=path2)", setHelmFile)
}

// bareComma is a comma that "helm --set" would take for the end of a value.
var bareComma = regexp.MustCompile(`([^\\]),`)

func setHelmParameter(flag string, forceString bool) func(*v1alpha1.Application, string) error {
	return func(app *v1alpha1.Application, text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return fault.New(fault.Invalid, "--%s: want PARAM=VALUE, there is no = in what was given", flag)
		}
		p := v1alpha1.HelmParameter{Name: name, Value: bareComma.ReplaceAllString(value, `$1\,`), ForceString: forceString}
		h := helm(app)
		same := func(old v1alpha1.HelmParameter) bool { return old.Name == name }
		if i := slices.IndexFunc(h.Parameters, same); i >= 0 {
			h.Parameters[i] = p
			return nil
		}
		h.Parameters = append(h.Parameters, p)
		return nil
	}
}

func setHelmFile(app *v1alpha1.Application, text string) error {
	name, path, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fault.New(fault.Invalid, "--helm-set-file %q: want PARAM=PATH", text)
	}
	f := v1alpha1.HelmFileParameter{Name: name, Path: bareComma.ReplaceAllString(path, `$1\,`)}
	h := helm(app)
	same := func(old v1alpha1.HelmFileParameter) bool { return old.Name == name }
	if i := slices.IndexFunc(h.FileParameters, same); i >= 0 {
		h.FileParameters[i] = f
		return nil
	}
	h.FileParameters = append(h.FileParameters, f)
	return nil
}

func setParameter(app *v1alpha1.Application, text string) error {
	src := source(app)
	if src.Helm == nil && (src.Kustomize != nil || src.Directory != nil || src.Plugin != nil) {
		return fault.New(fault.Invalid, "--parameter: parameters can only be set against Helm applications")
	}
	return setHelmParameter("parameter", false)(app, text)
}

func (o *Options) setValues(app *v1alpha1.Application, file string) error {
	data, err := o.Read(file)
	if err != nil {
		return err
	}
	raw, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "--values-literal-file %s", file)
	}
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		return fault.New(fault.Invalid, "--values-literal-file %s: want a mapping at its top", file)
	}
	if len(values) == 0 {
		return nil
	}
	helm(app).ValuesObject = &runtime.RawExtension{Raw: bytes.TrimSpace(raw)}
	return nil
}

func (o *Options) kustomizeFlags() {
	o.word("nameprefix", "Kustomize nameprefix", func(app *v1alpha1.Application) *string { return &kustomize(app).NamePrefix })
	o.word("namesuffix", "Kustomize namesuffix", func(app *v1alpha1.Application) *string { return &kustomize(app).NameSuffix })
	o.word("kustomize-version", "Kustomize version", func(app *v1alpha1.Application) *string { return &kustomize(app).Version })
	o.word("kustomize-namespace", "Kustomize namespace", func(app *v1alpha1.Application) *string { return &kustomize(app).Namespace })
	o.word("kustomize-kube-version", "kube-version to use when running helm template. If not set, use the kube version from the destination cluster. Only applicable when Helm is enabled for Kustomize builds", func(app *v1alpha1.Application) *string { return &kustomize(app).KubeVersion })
	o.list("kustomize-api-versions", "api-versions (in format [group/]version/kind) to use when running helm template. Only applicable when Helm is enabled for Kustomize builds", func(app *v1alpha1.Application) *[]string { return &kustomize(app).APIVersions })
	o.each("kustomize-image", "Kustomize images (e.g. --kustomize-image node:8.15.0 --kustomize-image mysql=mariadb,alpine@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d)", setImage)
	o.each("kustomize-replica", "Kustomize replicas (e.g. --kustomize-replica my-development=2 --kustomize-replica my-statefulset=4)", setReplica)
	o.pairs("kustomize-common-label", "Set common labels in Kustomize", func(app *v1alpha1.Application) *map[string]string { return &kustomize(app).CommonLabels })
	o.pairs("kustomize-common-annotation", "Set common annotations in Kustomize", func(app *v1alpha1.Application) *map[string]string { return &kustomize(app).CommonAnnotations })
	o.truth("kustomize-label-without-selector", "Do not apply common label to selectors. Also do not apply label to templates unless --kustomize-label-include-templates is set", func(app *v1alpha1.Application) *bool { return &kustomize(app).LabelWithoutSelector })
	o.truth("kustomize-label-include-templates", "Apply common label to resource templates", func(app *v1alpha1.Application) *bool { return &kustomize(app).LabelIncludeTemplates })
	o.truth("kustomize-force-common-label", "Force common labels in Kustomize", func(app *v1alpha1.Application) *bool { return &kustomize(app).ForceCommonLabels })
	o.truth("kustomize-force-common-annotation", "Force common annotations in Kustomize", func(app *v1alpha1.Application) *bool { return &kustomize(app).ForceCommonAnnotations })
	o.truth("ignore-missing-components", "Ignore locally missing component directories when setting Kustomize components", func(app *v1alpha1.Application) *bool { return &kustomize(app).IgnoreMissingComponents })
}

// setImage replaces the override of the same image, or adds one.
func setImage(app *v1alpha1.Application, text string) error {
	if text == "" {
		return fault.New(fault.Invalid, "--kustomize-image: want [OLD=]NEW[:TAG|@DIGEST]")
	}
	k := kustomize(app)
	same := func(old v1alpha1.KustomizeImage) bool { return imageName(string(old)) == imageName(text) }
	if i := slices.IndexFunc(k.Images, same); i >= 0 {
		k.Images[i] = v1alpha1.KustomizeImage(text)
		return nil
	}
	k.Images = append(k.Images, v1alpha1.KustomizeImage(text))
	return nil
}

// imageName is what an override is for. The colon of a registry's port is not
// one of a tag.
func imageName(image string) string {
	if name, _, ok := strings.Cut(image, "="); ok {
		return name
	}
	name, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		return name[:i]
	}
	return name
}

func setReplica(app *v1alpha1.Application, text string) error {
	name, count, ok := strings.Cut(text, "=")
	n := intstr.Parse(count)
	if !ok || name == "" || n.Type != intstr.Int || n.IntVal < 0 {
		return fault.New(fault.Invalid, "--kustomize-replica %q: want NAME=COUNT", text)
	}
	r := v1alpha1.KustomizeReplica{Name: name, Count: n}
	k := kustomize(app)
	same := func(old v1alpha1.KustomizeReplica) bool { return old.Name == name }
	if i := slices.IndexFunc(k.Replicas, same); i >= 0 {
		k.Replicas[i] = r
		return nil
	}
	k.Replicas = append(k.Replicas, r)
	return nil
}

func (o *Options) directoryFlags() {
	o.truth("directory-recurse", "Recurse directory", func(app *v1alpha1.Application) *bool { return &directory(app).Recurse })
	o.truth("directory-disable-extension-filter", "Disable the built-in file-extension filter so that include/exclude patterns can match files with custom extensions (e.g. *.yaml.sealed). By default (false), only files with a .yaml, .yml, .json, or .jsonnet extension are considered manifests", func(app *v1alpha1.Application) *bool { return &directory(app).DisableExtensionFilter })
	o.word("directory-exclude", "Set glob expression used to exclude files from application source path", func(app *v1alpha1.Application) *string { return &directory(app).Exclude })
	o.word("directory-include", "Set glob expression used to include files from application source path", func(app *v1alpha1.Application) *string { return &directory(app).Include })
	for _, j := range [...]struct {
		flag, usage string
		code        bool
		vars        func(*v1alpha1.ApplicationSourceJsonnet) *[]v1alpha1.JsonnetVar
	}{
		{"jsonnet-tla-str", "Jsonnet top level string arguments", false, topLevel},
		{"jsonnet-tla-code", "Jsonnet top level code arguments", true, topLevel},
		{"jsonnet-ext-var-str", "Jsonnet string ext var", false, external},
		{"jsonnet-ext-var-code", "Jsonnet ext var", true, external},
	} {
		o.each(j.flag, j.usage, func(app *v1alpha1.Application, text string) error {
			name, value, _ := strings.Cut(text, "=")
			if name == "" {
				return fault.New(fault.Invalid, "--%s: want NAME=VALUE", j.flag)
			}
			vars := j.vars(&directory(app).Jsonnet)
			*vars = append(*vars, v1alpha1.JsonnetVar{Name: name, Value: value, Code: j.code})
			return nil
		})
	}
	o.each("jsonnet-libs", "Additional jsonnet libs (prefixed by repoRoot)", func(app *v1alpha1.Application, lib string) error {
		j := &directory(app).Jsonnet
		j.Libs = append(j.Libs, lib)
		return nil
	})
}

func topLevel(j *v1alpha1.ApplicationSourceJsonnet) *[]v1alpha1.JsonnetVar { return &j.TLAs }
func external(j *v1alpha1.ApplicationSourceJsonnet) *[]v1alpha1.JsonnetVar { return &j.ExtVars }

func (o *Options) pluginFlags() {
	o.word("config-management-plugin", "Config management plugin name", func(app *v1alpha1.Application) *string { return &plugin(app).Name })
	o.each("plugin-env", "Additional plugin envs", func(app *v1alpha1.Application, text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return fault.New(fault.Invalid, "--plugin-env: want NAME=VALUE")
		}
		p := plugin(app)
		p.Env = append(p.Env, &v1alpha1.EnvEntry{Name: name, Value: value})
		return nil
	})
}
