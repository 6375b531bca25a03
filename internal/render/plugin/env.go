package plugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
)

// The names by which values of an Application reach a plugin; they may be secret.
const (
	UserPrefix      = "ARGOCD_ENV_"
	ParameterPrefix = "PARAM_"
	AllParameters   = "ARGOCD_APP_PARAMETERS"
)

// maxVariable is the kernel's bound of one variable (MAX_ARG_STRLEN), less its end.
const maxVariable = 128<<10 - 1

// Env is the environment of a source's plugin, as Argo CD makes it: the build
// environment, variables of the source with a prefix, and its parameters, all as JSON
// and each by itself. Source may be nil.
func Env(build buildenv.Env, source *v1alpha1.ApplicationSourcePlugin) ([]string, error) {
	env := build.Environ()
	if source == nil {
		return env, nil
	}
	for _, e := range source.Env {
		if e == nil || e.Name == "" {
			continue
		}
		env = append(env, UserPrefix+e.Name+"="+build.Expand(e.Value))
	}
	asJSON, err := json.Marshal(source.Parameters) // null if there are none, as in Argo CD
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "plugin.parameters")
	}
	env = append(env, AllParameters+"="+string(asJSON))
	for _, p := range source.Parameters {
		env = append(env, parameter(p)...)
	}
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if len(v) > maxVariable || strings.ContainsRune(v, 0) {
			return nil, fault.New(fault.Invalid, "plugin: the value of %.100q has a NUL byte, or is longer than 128 KiB", name)
		}
	}
	return env, nil
}

func parameter(p v1alpha1.ApplicationSourcePluginParameter) []string {
	var env []string
	name := ParameterPrefix + escaped(p.Name)
	if p.String != nil {
		env = append(env, name+"="+*p.String)
	}
	for _, key := range slices.Sorted(maps.Keys(p.Map)) {
		env = append(env, name+"_"+escaped(key)+"="+p.Map[key])
	}
	for i, value := range p.Array {
		env = append(env, fmt.Sprintf("%s_%d=%s", name, i, value))
	}
	return env
}

// escaped is a name in the letters that names of variables have.
func escaped(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
