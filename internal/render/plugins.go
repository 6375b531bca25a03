package render

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/plugin"
)

// findPlugin is the plugin that the source names or that finds the source, or empty.
func (r rendering) findPlugin(ctx context.Context) (string, error) {
	explicit, err := explicitType(r.source)
	if err != nil || explicit != "" && explicit != v1alpha1.SourceTypePlugin || explicit == "" && len(r.Options.Plugins) == 0 {
		return "", err
	}
	in, err := r.pluginInput()
	if err != nil {
		return "", err
	}
	if explicit == v1alpha1.SourceTypePlugin {
		return plugin.Named(ctx, in, r.source.Plugin.Name)
	}
	return plugin.Discover(ctx, in)
}

func (r rendering) pluginInput() (plugin.Input, error) {
	env, err := plugin.Env(r.env(), r.source.Plugin)
	return plugin.Input{
		FS: r.FS, Files: r.files, Dir: r.dir, Root: plugin.Root(r.dir, r.GeneratePaths),
		Declared: r.Options.Plugins, Env: env, Runner: r.Runner,
	}, err
}

func (r rendering) generate(ctx context.Context) (Result, error) {
	in, err := r.pluginInput()
	if err != nil {
		return Result{}, err
	}
	// Both are among its variables. Who gives it a part of the tree says that no other
	// commit matters, as in Argo CD.
	r.uses.apis = true
	r.uses.revision = r.uses.revision || r.GeneratePaths == ""
	out, err := plugin.Manifests(ctx, in, r.plugin)
	if err != nil {
		return Result{}, err
	}
	objects, err := manifest.Decoder{}.Decode("what plugin "+r.plugin+" writes", out)
	if err == nil && len(objects) == 0 {
		return Result{Warnings: []string{"plugin " + r.plugin + " writes no objects"}}, nil
	}
	return Result{Objects: objects}, err
}
