// Package kustomize builds kustomizations with Kustomize's own library over a
// read-only view of the tree, with the options that an Application adds.
//
// Argo CD runs `kustomize edit` in its checkout; here the same edits are made to
// the parsed file in memory and Kustomize reads the result in the file's place.
//
// Kustomize's library would fetch URLs and run git by itself and has no switch
// for that. So each kustomization is inspected, in the form in which Kustomize
// will see it, before Kustomize gets to read it: whatever names something
// remote, something outside the tree, a chart or a plugin that is not built in
// ends the build. See inspect.go.
//
// What cannot be stopped from within the process: replacements that copy a field
// into itself double it each time, and forty of them are a terabyte. The process
// around the rendering has to bound that.
//
// The library keeps the OpenAPI schema, which a kustomization may replace, in
// global variables, and has a bound for JSON patches in another. Builds of one process therefore run one after the other.
package kustomize
