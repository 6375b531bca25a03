// Package buildenv is Argo CD's build environment (argo-cd.md §1.1): the
// variables that parameters, value files and annotations of a source may name.
package buildenv
