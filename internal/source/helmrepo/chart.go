package helmrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/archive"
	"evenkeel.dev/internal/source/transport"
)

// Pull says which chart is wanted.
type Pull struct {
	Chart string
	// Version is one of the index: what Resolve gives.
	Version string
	// PassCredentials sends the repository's user and password also to other hosts
	// that the index names.
	PassCredentials bool
}

// proof is that a repository's credentials give access to a chart that is on disk.
type proof struct {
	repo source.Repository
	name string
	pass bool
}

// Chart is a chart as it was read.
type Chart struct {
	// Tree is immutable; its root holds Chart.yaml.
	Tree *archive.Tree
	// Digest is the SHA-256 of the chart as it is packed, in hexadecimal.
	Digest string
}

// Chart is a chart of an index.
func (s *Store) Chart(ctx context.Context, index *Index, p Pull) (Chart, error) {
	r, err := index.release(p.Chart, p.Version)
	if err != nil {
		return Chart{}, err
	}
	location, err := index.location(p.Chart, r)
	if err != nil {
		return Chart{}, err
	}
	if err := allowed(index.repo, p, r, location); err != nil {
		return Chart{}, err
	}
	at := place{repo: index.repo, url: location, pass: p.PassCredentials}
	if !r.hasDigest {
		got, err := share(ctx, s, &s.trees.at(at).group, "", func(ctx context.Context) (content, error) {
			return s.unverified(ctx, at)
		})
		return Chart{got.tree, hex.EncodeToString(got.packed[:])}, err
	}
	// The index belongs to one repository with one set of credentials.
	key := fmt.Sprintf("%p %v %x %s", index, p.PassCredentials, r.digest, location)
	tree, err := share(ctx, s, &s.charts, key, func(ctx context.Context) (*archive.Tree, error) {
		return s.verified(ctx, at, r)
	})
	return Chart{tree, hex.EncodeToString(r.digest[:])}, err
}

// Kept is the chart of a digest, if it is on disk and undamaged. Nobody is asked: the
// caller knows that a server has shown that chart to whoever describes the repository so.
func (s *Store) Kept(ctx context.Context, repo source.Repository, digest string) (*archive.Tree, bool) {
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != sha256.Size {
		return nil, false
	}
	r := release{digest: [32]byte(sum)}
	end, ok := s.begin()
	if !ok {
		return nil, false
	}
	defer end()
	tree, ok := s.cached(ctx, nameOf(repo, r), r)
	if ok {
		s.count.chartHits.Add(1)
	}
	return tree, ok
}

// allowed says whether a chart may be read from where the index says that it is.
func allowed(repo source.Repository, p Pull, r release, location string) error {
	u, err := url.Parse(location)
	what := fmt.Sprintf("%s: chart %.200q %.200q", repo, p.Chart, p.Version)
	switch {
	case err != nil:
		return fault.New(fault.Broken, "%s: its URL is none", what)
	case u.Scheme == "oci":
		return fault.New(fault.Unsupported, "%s is in an OCI registry, %s; name that as the repository", what, source.RedactURL(location))
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return fault.New(fault.Broken, "%s: its URL is not of http or https: %s", what, source.RedactURL(location))
	case u.Scheme == "http" && !r.hasDigest && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(repo.URL)), "http:"):
		return fault.New(fault.Broken, "%s is read over http, without a digest to know it by, though the repository is of https", what)
	}
	return nil
}

func (s *Store) chartClient(at place) (*http.Client, error) {
	return s.client(at.repo, transport.Options{PassCredentials: at.pass})
}

// packed asks for a chart as it is: some servers call a chart a gzipped tar, which
// Go would unpack by itself.
func packed() http.Header { return http.Header{"Accept-Encoding": {"identity"}} }

// unverified reads a chart of which the index does not say the digest. It is kept on disk
// for Kept alone: whoever has an index asks for it again.
func (s *Store) unverified(ctx context.Context, at place) (content, error) {
	client, err := s.chartClient(at)
	if err != nil {
		return content{}, err
	}
	defer client.CloseIdleConnections()
	s.count.chartRequests.Add(1)
	return s.tree(ctx, at, request{client, at.url, packed(), s.opts.MaxChartBytes}, func(body io.Reader) (content, error) {
		f, err := s.cache.temporary()
		if err != nil {
			return content{}, err
		}
		defer f.Close()           //nolint:errcheck // it is read again before it is believed
		defer os.Remove(f.Name()) //nolint:errcheck // renamed if all went well
		h := sha256.New()
		tree, err := s.unpack(ctx, io.TeeReader(body, io.MultiWriter(f, h)))
		if err != nil {
			return content{}, err
		}
		got := content{tree: tree, packed: [32]byte(h.Sum(nil))}
		return got, s.cache.keep(f.Name(), nameOf(at.repo, release{digest: got.packed}), s.opts.Now())
	})
}

func (s *Store) unpack(ctx context.Context, r io.Reader) (*archive.Tree, error) {
	// Helm as well takes off the top directory, whatever its name is.
	tree, err := archive.Read(ctx, r, archive.Options{MaxBytes: s.opts.MaxUnpackedBytes, MaxFiles: s.opts.MaxFiles, StripComponents: 1})
	if err != nil {
		return nil, err
	}
	if i, err := tree.Lstat("Chart.yaml"); err != nil || !i.Mode().IsRegular() {
		return nil, fault.New(fault.Broken, "that is no chart: it has no file Chart.yaml in its top directory")
	}
	return tree, nil
}

// verified reads a chart of which the index says the digest, from disk if it is there.
func (s *Store) verified(ctx context.Context, at place, r release) (*archive.Tree, error) {
	name := nameOf(at.repo, r)
	client, err := s.chartClient(at)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	if tree, ok := s.cached(ctx, name, r); ok {
		if err := s.prove(ctx, client, at, name); err != nil {
			return nil, err
		}
		s.count.chartHits.Add(1)
		return tree, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s", source.RedactURL(at.url))
	}
	return s.download(ctx, client, at, r, name)
}

// nameOf names a chart on disk by all that decides who it is that gives it: that a
// proxy of somebody's own says that he may read it proves nothing to others.
func nameOf(repo source.Repository, r release) string {
	// Users and passwords do not belong even into a hash: it could be guessed from.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%x\x00%q %q %v %q", source.RedactText(repo.URL), r.digest,
		source.RedactText(repo.Proxy.Reveal()), repo.NoProxy, repo.Insecure, repo.CAData))
	return hex.EncodeToString(sum[:])
}

// cached is a chart that is on disk and is what it should be.
func (s *Store) cached(ctx context.Context, name string, r release) (*archive.Tree, bool) {
	f, ok := s.cache.open(name, s.opts.Now())
	if !ok {
		return nil, false
	}
	defer f.Close() //nolint:errcheck // it was only read
	tree, err := s.check(ctx, f, r)
	if err != nil {
		if ctx.Err() == nil {
			s.opts.Log.WarnContext(ctx, "a chart on disk is damaged and is read anew", "file", f.Name(), "error", err)
			s.cache.drop(name)
		}
		return nil, false
	}
	return tree, true
}

// check unpacks a file if it has the digest of r.
func (s *Store) check(ctx context.Context, f *os.File, r release) (*archive.Tree, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	if got := h.Sum(nil); [32]byte(got) != r.digest {
		return nil, fault.New(fault.Broken, "it has the digest sha256:%x, the index says sha256:%x: it was changed under its version, or somebody else answers", got, r.digest)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return s.unpack(ctx, f)
}

// prove sees to it that these credentials give access to a chart: it may be on disk
// because others had it.
func (s *Store) prove(ctx context.Context, client *http.Client, at place, name string) error {
	p := proof{at.repo, name, at.pass}
	if _, ok := s.proven.get(p); ok {
		return nil
	}
	s.count.chartProofs.Add(1)
	header := packed()
	// Not HEAD: a server may redirect to a URL that is signed for GET.
	header.Set("Range", "bytes=0-0")
	res, err := request{client: client, url: at.url, header: header}.send(ctx)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusPartialContent {
		if err := transport.Refusal(res.StatusCode, at.url); err != nil {
			return err
		}
	}
	s.proven.put(p, known[struct{}]{})
	return nil
}

// download reads a chart into a file, and keeps it if it is what the index says.
func (s *Store) download(ctx context.Context, client *http.Client, at place, r release, name string) (*archive.Tree, error) {
	q := request{client, at.url, packed(), s.opts.MaxChartBytes}
	s.count.chartRequests.Add(1)
	res, err := q.send(ctx)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if err := transport.Refusal(res.StatusCode, at.url); err != nil {
		return nil, err
	}
	f, err := s.cache.temporary()
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // closed below if all went well
	kept := false
	defer func() {
		if !kept {
			_ = os.Remove(f.Name()) // it costs room if it stays
		}
	}()
	body := &body{from: res.Body, left: q.max}
	if _, err := io.Copy(f, body); err != nil {
		if e := body.explain(err, q); body.failed != nil || body.left < 0 {
			return nil, e
		}
		return nil, fault.Wrap(fault.Internal, err, "chart store %s", s.opts.Dir)
	}
	tree, err := s.check(ctx, f, r)
	if err != nil {
		return nil, fault.Keep(fault.Broken, err, "%s", source.RedactURL(at.url))
	}
	if err := s.cache.keep(f.Name(), name, s.opts.Now()); err != nil {
		return nil, err
	}
	kept = true
	s.proven.put(proof{at.repo, name, at.pass}, known[struct{}]{})
	return tree, nil
}
