package settings

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

const (
	// maxPlugins bounds how many plugins may be asked whether a source is theirs.
	maxPlugins = 50
	// maxPluginName bounds name and version together; they are part of messages.
	maxPluginName = 100
)

var pluginName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// plugins reads one declaration from each key; the keys' names say nothing.
func (c section) plugins(s *Snapshot) {
	keys := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(c.data)) {
		p, ok := c.plugin(key)
		if !ok {
			continue
		}
		name := p.FullName()
		switch {
		case keys[name] != "":
			c.problem(key, "declares plugin %s, as %s does; it is not used", name, keys[name])
		case len(keys) == maxPlugins:
			c.problem(key, "there are more than %d plugins; it is not used", maxPlugins)
		default:
			keys[name] = key
			s.Plugins = append(s.Plugins, p)
		}
	}
	// Argo CD asks them in the order of their sockets' names.
	slices.SortFunc(s.Plugins, func(a, b v1alpha1.ConfigManagementPlugin) int { return cmp.Compare(a.FullName(), b.FullName()) })
}

func (c section) plugin(key string) (v1alpha1.ConfigManagementPlugin, bool) {
	var p, strict v1alpha1.ConfigManagementPlugin
	if err := yaml.Unmarshal([]byte(c.data[key]), &p); err != nil {
		c.problem(key, "is no %s: %s; it is not used", v1alpha1.KindConfigManagementPlugin, plain(err))
		return p, false
	}
	reason := ""
	switch {
	case p.Kind != v1alpha1.KindConfigManagementPlugin:
		reason = "kind is not " + v1alpha1.KindConfigManagementPlugin
	case p.Metadata.Name == "":
		reason = "metadata.name is empty"
	case !pluginName.MatchString(p.FullName()) || len(p.FullName()) > maxPluginName:
		reason = "metadata.name or spec.version has other characters than letters, digits, dots, dashes and underscores, or is too long"
	case len(p.Spec.Generate.Command) == 0:
		reason = "spec.generate.command is empty"
	case climbs(p.Spec.Discover.FileName) || climbs(p.Spec.Discover.Find.Glob):
		reason = "a pattern of spec.discover leads out of the source's path"
	}
	if reason != "" {
		c.problem(key, "%s; the plugin is not used", reason)
		return p, false
	}
	if err := yaml.UnmarshalStrict([]byte(c.data[key]), &strict); err != nil {
		c.problem(key, "%s; what is unknown is passed over", plain(err))
	}
	if p.Spec.ProvideGitCreds {
		c.problem(key, "spec.provideGitCreds has no effect: plugins are rendered without credentials and without a network")
	}
	return p, true
}

func climbs(pattern string) bool {
	return strings.HasPrefix(pattern, "/") || slices.Contains(strings.Split(pattern, "/"), "..")
}
