package kustomize

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
)

// Version is the release of Kustomize whose library this is: api v0.21.1 is what
// kustomize v5.8.1 is built of.
const Version = "v5.8.1"

// flags are the flags of kustomize build that mean something here.
type flags struct {
	krusty.Options
	helm            bool
	helmKubeVersion string
	helmAPIVersions []string
}

// valued are the flags that take a value, which may be the next word.
var valued = []string{
	"--load-restrictor", "--reorder", "--output", "-o", "--helm-command", "--helm-api-versions", "--helm-kube-version",
	"--mount", "--env", "-e", "--network-name",
}

// harmless are flags that change nothing: they are about programs that are not run,
// or about what is printed while they do.
var harmless = []string{"--as-current-user", "--network-name", "--helm-debug", "--stack-trace"}

// parseFlags reads the flags of kustomize build, and lists those without effect: what
// would run programs (--enable-alpha-plugins, --enable-exec, --enable-star), or give
// them the machine's files, environment and network (--mount, --env, --network),
// cannot be had, as a program of a repository is a stranger's.
func parseFlags(written string) (flags, []string) {
	f := flags{Options: *krusty.MakeDefaultOptions()}
	f.Reorder = krusty.ReorderOptionUnspecified
	var unsupported []string
	words := strings.Fields(written)
	for i := 0; i < len(words); i++ {
		name, value, joined := strings.Cut(words[i], "=")
		if slices.Contains(valued, name) && !joined && i+1 < len(words) {
			i++
			value = words[i]
		}
		if !f.set(name, value) {
			unsupported = append(unsupported, "kustomize.buildOptions "+name)
		}
	}
	return f, unsupported
}

// set says whether a flag has the effect that it has in Kustomize.
func (f *flags) set(name, value string) bool {
	off := slices.Contains([]string{"false", "0", "f", "F", "FALSE", "False"}, value)
	switch name {
	case "--load-restrictor":
		if value == types.LoadRestrictionsNone.String() {
			f.LoadRestrictions = types.LoadRestrictionsNone
			return true
		}
		return value == types.LoadRestrictionsRootOnly.String()
	case "--reorder":
		order := krusty.ReorderOption(value)
		if order != krusty.ReorderOptionNone && order != krusty.ReorderOptionLegacy {
			return false
		}
		f.Reorder = order
	case "--enable-managedby-label":
		f.AddManagedbyLabel = !off
	case "--enable-helm":
		f.helm = !off
	case "--helm-kube-version":
		f.helmKubeVersion = value
		return value != ""
	case "--helm-api-versions":
		f.helmAPIVersions = append(f.helmAPIVersions, value)
		return value != ""
	case "--enable-alpha-plugins", "--enable-exec", "--enable-star", "--network":
		return off
	default:
		return slices.Contains(harmless, name)
	}
	return true
}
