// Package kustomize builds kustomizations with Kustomize's own library over a
// read-only view of the tree, with the options that an Application adds.
//
// Argo CD runs `kustomize edit` in its checkout; here the same edits are made to
// the parsed file in memory and Kustomize reads the result in the file's place.
//
// Kustomize's library would fetch URLs and run git and helm by itself and has no
// switch for that. So each kustomization is inspected, in the form in which Kustomize
// will see it, before Kustomize gets to read it (inspect.go, plugin.go). What names
// something of elsewhere is asked of the Fetcher, mounted in the view (mount.go), and
// written as a path into the mount. A chart is rendered by the caller's ChartRenderer
// and becomes a component of its objects (chart.go). What leads out of the tree that it
// is written in, or names a plugin that is not built in, ends the build.
//
// Bounded are the kustomizations of a build, what it fetches, how deep what was fetched
// leads to more, and its charts.
//
// What cannot be stopped from within the process: replacements that copy a field
// into itself double it each time, and forty of them are a terabyte. The process
// around the rendering has to bound that.
//
// The library keeps the OpenAPI schema, which a kustomization may replace, in
// global variables, and has a bound for JSON patches in another. Builds of one process
// therefore run one after the other, and what one waits for to be fetched, all do.
package kustomize
