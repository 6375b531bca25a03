package oci

import (
	"encoding/json"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source/blobs"
)

const (
	chartConfig = "application/vnd.cncf.helm.config.v1+json"
	chartLayer  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	// legacyChartLayer is what Helm wrote before version 3.7 and still reads.
	legacyChartLayer = "application/tar+gzip"

	maxManifestBytes = 4 << 20
	// maxLayers is Argo CD's.
	maxLayers = 10
)

// parseManifest reads the manifest of one artifact. What is or might be an index of
// several is refused, as in Argo CD, which finds no layer in it.
func parseManifest(content []byte) (ocispec.Manifest, error) {
	var m struct {
		ocispec.Manifest
		Manifests []json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return ocispec.Manifest{}, fault.New(fault.Broken, "its manifest cannot be read: %v", err)
	}
	switch {
	case len(m.Manifests) > 0 && len(m.Layers) > 0:
		// Two programs could read two things out of it: CVE-2021-41190.
		return ocispec.Manifest{}, fault.New(fault.Broken, "its manifest has both layers and manifests")
	case m.Manifests != nil || strings.HasSuffix(m.MediaType, "index.v1+json") || strings.HasSuffix(m.MediaType, "manifest.list.v2+json"):
		return ocispec.Manifest{}, fault.New(fault.Broken,
			"it is an index of %d manifests, not an artifact; name the digest of one of them", len(m.Manifests))
	}
	return m.Manifest, nil
}

// contentLayer is the one layer that holds the content. Others, such as a chart's
// provenance, are left alone.
func contentLayer(m ocispec.Manifest, wantChart bool, allowed []string) (layer ocispec.Descriptor, isChart bool, err error) {
	if len(m.Layers) > maxLayers {
		return layer, false, fault.New(fault.Broken, "it has %d layers; no more than %d are accepted", len(m.Layers), maxLayers)
	}
	isChart = m.Config.MediaType == chartConfig
	if wantChart && !isChart {
		return layer, false, fault.New(fault.Broken, "it is no Helm chart: its configuration is of type %.100q", m.Config.MediaType)
	}
	found := 0
	for _, l := range m.Layers {
		switch {
		case wantChart && (l.MediaType == chartLayer || l.MediaType == legacyChartLayer):
		case wantChart, isChart && l.MediaType != chartLayer, !isTar(l.MediaType):
			continue
		case !slices.Contains(allowed, l.MediaType):
			return layer, false, fault.New(fault.Broken,
				"its layer is of type %.100q, which reposerver.oci.layer.media.types does not allow", l.MediaType)
		}
		layer = l
		found++
	}
	switch {
	case found != 1:
		return ocispec.Descriptor{}, false, fault.New(fault.Broken, "it has %d layers with content; exactly one is accepted", found)
	case !blobs.IsDigest(string(layer.Digest)):
		return ocispec.Descriptor{}, false, fault.New(fault.Broken, "its layer has %.100q for a digest", layer.Digest)
	case layer.Size < 0:
		return ocispec.Descriptor{}, false, fault.New(fault.Broken, "its layer has a size of %d", layer.Size)
	}
	return layer, isChart, nil
}

// isTar says whether a layer is content, as Argo CD tells it.
func isTar(mediaType string) bool {
	return strings.HasSuffix(mediaType, "tar") || strings.HasSuffix(mediaType, "tar+gzip") || strings.HasSuffix(mediaType, "tar.gzip")
}
