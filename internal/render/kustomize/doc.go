// Package kustomize renders kustomizations.
package kustomize
