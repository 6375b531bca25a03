package main

import (
	"runtime"
	"runtime/debug"

	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/render/kustomize"
	"evenkeel.dev/internal/server"
)

// version is set by the linker for releases.
var version = "dev"

// build says what this binary was built from, as far as Go recorded it.
func build() cli.Build {
	b := cli.Build{
		Version:   version,
		GoVersion: runtime.Version(),
		Compiler:  runtime.Compiler,
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.GitCommit = s.Value
		case "vcs.time":
			b.BuildDate = s.Value
		case "vcs.modified":
			b.GitTreeState = map[string]string{"true": "dirty", "false": "clean"}[s.Value]
		}
	}
	return b
}

// serverVersion is what the API says of this binary and of the tools that render in it.
func serverVersion() server.Version {
	b := build()
	v := server.Version{
		Version: b.Version, GitCommit: b.GitCommit, BuildDate: b.BuildDate, GitTreeState: b.GitTreeState,
		KustomizeVersion: kustomize.Version,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "helm.sh/helm/v4":
			v.HelmVersion = m.Version
		case "github.com/google/go-jsonnet":
			v.JsonnetVersion = m.Version
		}
	}
	return v
}
