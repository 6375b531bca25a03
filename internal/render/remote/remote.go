package remote

import (
	"cmp"
	"context"
	"io/fs"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Kind is what a Want is of.
type Kind string

// The kinds.
const (
	// Git is a repository at a revision; its tree is the repository's root.
	Git Kind = "git"
	// Chart is a chart of a Helm repository, or of an OCI registry if the URL begins
	// with oci://; Chart.yaml lies in the root of its tree.
	Chart Kind = "chart"
	// File is what a URL answers; its tree holds one file, named FileName.
	File Kind = "file"
)

// FileName is the name of the one file in the tree of a File.
const FileName = "content"

// Want names one thing outside the tree.
type Want struct {
	Kind Kind `json:"kind"`
	// URL is that of the Git or Helm repository, of the registry, or of the file.
	URL string `json:"url"`
	// Name is a chart's.
	Name string `json:"name,omitempty"`
	// Version is a revision of a Git repository, or the version of a chart or a range
	// of them (Masterminds/semver); empty for the default branch or the newest.
	Version string `json:"version,omitempty"`
}

// Got is what a Want was answered with.
type Got struct {
	// FS is immutable. Equal digests are equal trees.
	FS     fs.FS
	Digest string
	// Version is the commit or the chart's version that Want.Version stands for.
	Version string
}

// Fetcher gets what is wanted. Its errors have a kind and name the URL without what
// is secret in it: fault.Denied if the Application's project has no right to it,
// fault.NotFound if it does not exist, fault.Unavailable if trying again may help.
type Fetcher interface {
	Fetch(ctx context.Context, w Want) (Got, error)
}

// Nothing is the Fetcher of a place without a network.
type Nothing struct{}

// Fetch refuses.
func (Nothing) Fetch(_ context.Context, w Want) (Got, error) {
	return Got{}, fault.New(fault.Unsupported, "%s %q lies outside the repository and cannot be fetched here", w.Kind, cmp.Or(w.Name, resource.WithoutCredentials(w.URL)))
}
