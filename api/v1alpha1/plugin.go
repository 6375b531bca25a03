package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KindConfigManagementPlugin is the kind that declarations of plugins have. It is no
// resource of the API server: Argo CD reads it from a file of a sidecar, Evenkeel from
// a config map.
const KindConfigManagementPlugin = "ConfigManagementPlugin"

// ConfigManagementPlugin declares commands that render a source, field for field as
// in a plugin.yaml of Argo CD.
type ConfigManagementPlugin struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta          `json:"metadata"`
	Spec            ConfigManagementPluginSpec `json:"spec"`
}

// FullName is what Applications call the plugin: its name, and its version if it has one.
func (p *ConfigManagementPlugin) FullName() string {
	if p.Spec.Version == "" {
		return p.Metadata.Name
	}
	return p.Metadata.Name + "-" + p.Spec.Version
}

// ConfigManagementPluginSpec is what a plugin does.
type ConfigManagementPluginSpec struct {
	Version string `json:"version,omitempty"`
	// Init runs before Generate, in the same copy of the source.
	Init PluginCommand `json:"init,omitempty"`
	// Generate writes manifests to its standard output.
	Generate   PluginCommand    `json:"generate"`
	Discover   PluginDiscover   `json:"discover,omitempty"`
	Parameters PluginParameters `json:"parameters,omitempty"`
	// PreserveFileMode keeps the bits by which files of the source can be executed.
	PreserveFileMode bool `json:"preserveFileMode,omitempty"`
	ProvideGitCreds  bool `json:"provideGitCreds,omitempty"`
	// LockRepo and AllowConcurrency are of Argo CD's first plugins; each run has a copy
	// of its own, so that they have nothing to say.
	LockRepo         bool  `json:"lockRepo,omitempty"`
	AllowConcurrency *bool `json:"allowConcurrency,omitempty"`
}

// PluginCommand is a program with its first arguments, and more arguments.
type PluginCommand struct {
	Command []string `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
}

// PluginDiscover says for which sources a plugin is meant; the first field that is
// set counts.
type PluginDiscover struct {
	FileName string     `json:"fileName,omitempty"`
	Find     PluginFind `json:"find,omitempty"`
}

// Defined says whether there is a rule at all.
func (d *PluginDiscover) Defined() bool {
	return d.FileName != "" || d.Find.Glob != "" || len(d.Find.Command) > 0
}

// PluginFind is a glob, or a command that prints something for a source that it likes.
type PluginFind struct {
	PluginCommand `json:",inline"`
	Glob          string `json:"glob,omitempty"`
}

// PluginParameters announces the parameters of a plugin.
type PluginParameters struct {
	Static []PluginParameter `json:"static,omitempty"`
	// Dynamic prints more of them for a source, as JSON.
	Dynamic PluginCommand `json:"dynamic,omitempty"`
}

// PluginParameter is the announcement of one parameter.
type PluginParameter struct {
	Name           string            `json:"name,omitempty"`
	Title          string            `json:"title,omitempty"`
	Tooltip        string            `json:"tooltip,omitempty"`
	Required       bool              `json:"required,omitempty"`
	ItemType       string            `json:"itemType,omitempty"`
	CollectionType string            `json:"collectionType,omitempty"`
	String         string            `json:"string,omitempty"`
	Array          []string          `json:"array,omitempty"`
	Map            map[string]string `json:"map,omitempty"`
}
