// Package plain renders a directory of manifests as Argo CD does
// (argo-cd.md §1.1): files by extension, include and exclude globs, and a marker
// that skips a file. Hidden files and directories are not special. A file that
// is YAML but no manifest at all, a values file for example, is left out with a
// warning.
package plain
