package main

import (
	"runtime"
	"runtime/debug"

	"evenkeel.dev/internal/cli"
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
