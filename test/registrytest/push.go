package registrytest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// Media types.
const (
	ChartConfig = "application/vnd.cncf.helm.config.v1+json"
	ChartLayer  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	TarGzip     = ocispec.MediaTypeImageLayerGzip
)

// Artifact is what Push puts into a registry.
type Artifact struct {
	// Config is the media type of the configuration, which is empty; empty means the
	// one for artifacts without any.
	Config      string
	Layers      []Layer
	Annotations map[string]string
}

// Layer is one of its layers.
type Layer struct {
	MediaType string
	Content   []byte
}

// Push puts an artifact into a repository under a tag and is its manifest's digest.
func (r *Registry) Push(t testing.TB, repository, tag string, a Artifact) string {
	t.Helper()
	repo := r.repository(t, repository)
	manifest := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Annotations: a.Annotations,
		Config: ocispec.DescriptorEmptyJSON,
	}
	if a.Config != "" {
		manifest.Config.MediaType = a.Config
	}
	push := func(d ocispec.Descriptor, content []byte) {
		if err := repo.Push(t.Context(), d, bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	push(manifest.Config, []byte("{}"))
	for _, l := range a.Layers {
		d := descriptor(l.MediaType, l.Content)
		push(d, l.Content)
		manifest.Layers = append(manifest.Layers, d)
	}
	content, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	return r.PushManifest(t, repository, tag, Layer{ocispec.MediaTypeImageManifest, content})
}

// PushManifest puts a manifest as it is into a repository and is its digest.
func (r *Registry) PushManifest(t testing.TB, repository, tag string, manifest Layer) string {
	t.Helper()
	repo := r.repository(t, repository)
	d := descriptor(manifest.MediaType, manifest.Content)
	if err := repo.PushReference(t.Context(), d, bytes.NewReader(manifest.Content), tag); err != nil {
		t.Fatal(err)
	}
	return d.Digest.String()
}

// Chart is an artifact of a Helm chart's archive, as helm push makes it.
func Chart(archive []byte) Artifact {
	return Artifact{Config: ChartConfig, Layers: []Layer{{ChartLayer, archive}}}
}

// Archive is a tar.gz of files with their contents.
func Archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func descriptor(mediaType string, content []byte) ocispec.Descriptor {
	d := ocispec.Descriptor{MediaType: mediaType, Size: int64(len(content))}
	// The type of a digest is of a module that we need for nothing else.
	err := json.Unmarshal(fmt.Appendf(nil, `"sha256:%x"`, sha256.Sum256(content)), &d.Digest)
	if err != nil {
		panic(err)
	}
	return d
}

// Client is an HTTP client that trusts the registry and its server of tokens.
func (r *Registry) Client() *http.Client {
	if !r.options.TLS {
		return http.DefaultClient
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(r.CA))
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

func (r *Registry) repository(t testing.TB, path string) *remote.Repository {
	t.Helper()
	repo, err := remote.NewRepository(r.Host + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	repo.PlainHTTP = !r.options.TLS
	client := &auth.Client{Client: r.Client()}
	for user, password := range r.options.Users {
		client.Credential = auth.StaticCredential(r.Host, auth.Credential{Username: user, Password: password})
	}
	repo.Client = client
	return repo
}
