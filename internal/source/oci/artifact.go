package oci

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/archive"
	"evenkeel.dev/internal/source/blobs"
)

// Revision is what a target stands for.
type Revision struct {
	// Version is the tag as people write it, with the "+" of a version; a digest if
	// that was the target.
	Version string
	// Digest is the manifest's. Argo CD calls this the revision of an artifact, and
	// Version that of a chart.
	Digest string
}

// Artifact is the content of an artifact or chart.
type Artifact struct {
	Revision
	// Tree is the content of its one layer. That of a chart has Chart.yaml in its root.
	Tree *archive.Tree
	// Annotations are the manifest's: org.opencontainers.image.created and the like.
	Annotations map[string]string
}

// Resolve is what target stands for now: a digest or tag without listing tags, a
// range by the rules of Tags.Resolve. No target at all is a chart's newest version.
func (s *Store) Resolve(ctx context.Context, repo source.Repository, chart, target string) (Revision, error) {
	r, err := s.remote(repo, chart)
	if err != nil {
		return Revision{}, err
	}
	if target == "" && chart != "" {
		target = "*"
	}
	ranged := isRange(target)
	if chart == "" || !ranged {
		rev, err := s.exactly(ctx, r, target)
		// A range such as 1.x may be the name of a tag, and is none otherwise.
		if err == nil || !ranged || fault.KindOf(err) != fault.NotFound {
			return rev, err
		}
	}
	tags, err := s.Tags(ctx, repo, chart)
	if err != nil {
		return Revision{}, err
	}
	version, err := tags.Resolve(target)
	if err != nil {
		return Revision{}, err
	}
	return s.exactly(ctx, r, version)
}

// Artifact is the content of a version, tag or digest; never of a range.
func (s *Store) Artifact(ctx context.Context, repo source.Repository, chart, version string) (Artifact, error) {
	r, err := s.remote(repo, chart)
	if err != nil {
		return Artifact{}, err
	}
	rev, err := s.exactly(ctx, r, version)
	if err != nil {
		return Artifact{}, err
	}
	got, err := share(ctx, s, r, "artifact "+rev.Digest, func(ctx context.Context) (Artifact, error) {
		got, err := s.load(ctx, r, rev.Digest, chart != "")
		if err != nil {
			return Artifact{}, s.failure(r, rev.Version, err)
		}
		return got, nil
	})
	got.Revision = rev
	return got, err
}

// Shown says that a registry has shown the manifest of a digest to whoever describes the
// repository so, before this process was: what is here of it needs no request then.
func (s *Store) Shown(repo source.Repository, chart, digest string) error {
	r, err := s.remote(repo, chart)
	if err != nil {
		return err
	}
	if !blobs.IsDigest(digest) {
		return fault.New(fault.Invalid, "%s: %.100q is no digest", r.name, digest)
	}
	r.proven.Add(digest, struct{}{})
	return nil
}

// exactly is the revision of a tag, version or digest. A digest that was shown
// before is asked for no more.
func (s *Store) exactly(ctx context.Context, r *remote, version string) (Revision, error) {
	reference := version
	if blobs.IsDigest(version) {
		if _, ok := r.proven.Get(version); ok {
			return Revision{Version: version, Digest: version}, nil
		}
	} else if reference = tagOf(version); !tagForm.MatchString(reference) {
		return Revision{}, fault.New(fault.NotFound, "%s: %.200q is neither a tag, a digest nor a range of versions", r.name, version)
	}
	digest, err := share(ctx, s, r, "resolve "+reference, func(ctx context.Context) (string, error) {
		desc, err := r.resolve(ctx, reference)
		if err == nil && !blobs.IsDigest(string(desc.Digest)) {
			err = fault.New(fault.Broken, "the registry names it by %.100q", desc.Digest)
		}
		if err != nil {
			return "", s.failure(r, version, err)
		}
		return string(desc.Digest), nil
	})
	if err != nil {
		return Revision{}, err
	}
	r.proven.Add(digest, struct{}{})
	return Revision{Version: version, Digest: digest}, nil
}

// resolve asks for a manifest's digest without the manifest, unless the registry
// cannot do that.
func (r *remote) resolve(ctx context.Context, reference string) (ocispec.Descriptor, error) {
	ctx = r.pulling(ctx)
	desc, err := r.oras.Resolve(ctx, reference)
	if err == nil {
		return desc, nil
	}
	refused, answered := errors.AsType[*errcode.ErrorResponse](err)
	incapable := answered && (refused.StatusCode == http.StatusMethodNotAllowed || refused.StatusCode == http.StatusNotImplemented)
	if !incapable && !strings.Contains(err.Error(), "missing required header") {
		return desc, err
	}
	desc, body, err := r.oras.FetchReference(ctx, reference)
	if err != nil {
		return desc, err
	}
	return desc, body.Close()
}

// load makes the tree of a manifest.
func (s *Store) load(ctx context.Context, r *remote, digest string, wantChart bool) (Artifact, error) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return Artifact{}, context.Cause(ctx)
	}
	data, err := s.manifest(ctx, r, digest)
	if err != nil {
		return Artifact{}, err
	}
	manifest, err := parseManifest(data)
	if err != nil {
		return Artifact{}, err
	}
	layer, isChart, err := contentLayer(manifest, wantChart, s.opts.MediaTypes)
	if err != nil {
		return Artifact{}, err
	}
	tree, err := s.tree(ctx, r, layer, isChart)
	if err != nil {
		return Artifact{}, err
	}
	return Artifact{Tree: tree, Annotations: manifest.Annotations}, nil
}

// tree is the tree of a layer, of memory if it is there.
func (s *Store) tree(ctx context.Context, r *remote, layer ocispec.Descriptor, isChart bool) (*archive.Tree, error) {
	key := treeKey{r.space, string(layer.Digest), isChart}
	if known, ok := s.trees.Get(key); ok {
		return known.tree, nil
	}
	tree, err := s.unpack(ctx, r, layer, isChart)
	if err != nil {
		return nil, err
	}
	if u := weigh(tree); u.weight <= s.opts.MaxTreeBytes {
		tree = s.trees.GetOrAdd(key, u).tree
	}
	return tree, nil
}

// manifest is the content of a manifest, of disk or of the registry.
func (s *Store) manifest(ctx context.Context, r *remote, digest string) ([]byte, error) {
	if data, ok := s.blobs.Read(r.space, digest); ok {
		return data, nil
	}
	desc, body, err := r.oras.FetchReference(r.pulling(ctx), digest)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if desc.Size > maxManifestBytes {
		return nil, fault.New(fault.Broken, "its manifest has %d bytes; no more than %d are accepted", desc.Size, maxManifestBytes)
	}
	data, err := content.ReadAll(body, desc)
	switch {
	case errors.Is(err, content.ErrMismatchedDigest), errors.Is(err, content.ErrTrailingData):
		return nil, fault.New(fault.Broken, "its manifest does not have the digest %s", digest)
	case err != nil:
		return nil, err
	}
	return data, s.blobs.Add(r.space, digest, desc.Size, strings.NewReader(string(data)))
}

// unpack is the tree of a layer, which is downloaded when it is not on disk.
func (s *Store) unpack(ctx context.Context, r *remote, layer ocispec.Descriptor, isChart bool) (*archive.Tree, error) {
	// Checked before it is downloaded: what is larger when packed is no archive.
	if layer.Size > s.opts.MaxUnpackedBytes {
		return nil, fault.New(fault.Broken, "its layer has %d bytes; no more than %d are accepted", layer.Size, s.opts.MaxUnpackedBytes)
	}
	file, err := s.layer(ctx, r, layer)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	opts := archive.Options{MaxBytes: s.opts.MaxUnpackedBytes, MaxFiles: s.opts.MaxFiles}
	if isChart {
		// A chart is packed as one directory of its name.
		opts.StripComponents = 1
	}
	tree, err := archive.Read(ctx, file, opts)
	if err != nil || !isChart {
		return tree, err
	}
	if _, _, ok, err := tree.Lookup("Chart.yaml"); err != nil || !ok {
		return nil, fault.New(fault.Broken, "it is no Helm chart: there is no Chart.yaml in the directory that it is packed as")
	}
	return tree, nil
}

func (s *Store) layer(ctx context.Context, r *remote, layer ocispec.Descriptor) (io.ReadCloser, error) {
	digest := string(layer.Digest)
	if file, ok := s.blobs.Open(r.space, digest); ok {
		return file, nil
	}
	if err := s.download(ctx, r, layer); err != nil {
		return nil, err
	}
	if file, ok := s.blobs.Open(r.space, digest); ok {
		return file, nil
	}
	return nil, fault.New(fault.Unavailable, "what was downloaded is gone; is %s deleted, or its disk full?", s.opts.Dir)
}

func (s *Store) download(ctx context.Context, r *remote, layer ocispec.Descriptor) error {
	body, err := r.oras.Blobs().Fetch(r.pulling(ctx), layer)
	if err != nil {
		return err
	}
	defer body.Close()
	return s.blobs.Add(r.space, string(layer.Digest), layer.Size, body)
}
