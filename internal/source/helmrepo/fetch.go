package helmrepo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/archive"
	"evenkeel.dev/internal/source/transport"
)

// FileName is the name of the one file in the tree of a File.
const FileName = "content"

// Index is the index of a repository as it is now: it is asked for, and decoded if it
// is not the one that is remembered.
func (s *Store) Index(ctx context.Context, repo source.Repository) (*Index, error) {
	return s.IndexWithin(ctx, repo, 0)
}

// IndexWithin is Index, but one that was asked for no longer ago than that will do.
// Age is a matter of what it is wanted for: a version that is named in full needs no
// newer index than one that has it.
func (s *Store) IndexWithin(ctx context.Context, repo source.Repository, age time.Duration) (*Index, error) {
	if repo.EnableOCI {
		return nil, fault.New(fault.Invalid, "%s is an OCI registry, which has no index", repo)
	}
	if k, ok := s.indexes.get(repo); ok && age > 0 && s.opts.Now().Sub(k.checked) <= age {
		return k.value, nil
	}
	return share(ctx, s, &s.indexes.at(repo).group, "", func(ctx context.Context) (*Index, error) {
		base, err := baseURL(repo)
		if err != nil {
			return nil, err
		}
		base = base.JoinPath("index.yaml")
		client, err := s.client(repo, transport.Options{})
		if err != nil {
			return nil, err
		}
		defer client.CloseIdleConnections()
		old, has := s.indexes.get(repo)
		s.count.indexRequests.Add(1)
		now, err := again(ctx, request{client, base.String(), http.Header{}, s.opts.MaxIndexBytes}, old, has, func(body io.Reader) (*Index, error) {
			c, err := decodeIndex(body, s.opts.MaxReleases)
			if err != nil {
				return nil, err
			}
			return &Index{repo: repo, charts: c.charts, size: c.size}, nil
		})
		if err != nil {
			return nil, err
		}
		if has && now.value == old.value {
			s.count.indexNotModified.Add(1)
		}
		now.checked = s.opts.Now()
		s.indexes.put(repo, now)
		return now.value, nil
	})
}

// File is what is at a URL, that of repo, as a tree of one file: a file of values.
// Only URLs of these schemes are read; nil means https and http, as in Argo CD. A
// server that does not know the file is fault.NotFound. Redirects may go to https
// only, if that is the only scheme.
func (s *Store) File(ctx context.Context, repo source.Repository, schemes []string) (*archive.Tree, error) {
	if schemes == nil {
		schemes = []string{"https", "http"}
	}
	base, err := url.Parse(strings.TrimSpace(repo.URL))
	if err != nil || base.Hostname() == "" {
		return nil, fault.New(fault.Invalid, "%s is not a URL", repo)
	}
	if !slices.ContainsFunc(schemes, func(s string) bool { return strings.EqualFold(s, base.Scheme) }) {
		return nil, fault.New(fault.Denied, "%s: files are not read from %.20q; helm.valuesFileSchemes allows %s", repo, base.Scheme, strings.Join(schemes, ", "))
	}
	if base.Scheme != "https" && base.Scheme != "http" {
		return nil, fault.New(fault.Unsupported, "%s: files are read over https and http only", repo)
	}
	base.User, base.Fragment, base.RawFragment = nil, "", ""
	at := place{repo: repo}
	got, err := share(ctx, s, &s.trees.at(at).group, "", func(ctx context.Context) (content, error) {
		// What this machine serves is nothing for whoever writes an Application, unless the
		// Application's own repository is there.
		home := repo.Within != "" && source.Host(repo.Within) == source.Host(repo.URL)
		client, err := s.client(repo, transport.Options{RefuseLoopback: !s.opts.AllowLoopback && !home})
		if err != nil {
			return content{}, err
		}
		defer client.CloseIdleConnections()
		s.count.fileRequests.Add(1)
		return s.tree(ctx, at, request{client, base.String(), http.Header{}, s.opts.MaxFileBytes}, func(body io.Reader) (content, error) {
			data, err := io.ReadAll(body)
			if err != nil {
				return content{}, err
			}
			tree, err := archive.Single(FileName, data)
			return content{tree: tree}, err
		})
	})
	return got.tree, err
}

// tree is a tree that is remembered, or read if it is another now.
func (s *Store) tree(ctx context.Context, at place, r request, read func(io.Reader) (content, error)) (content, error) {
	old, has := s.trees.get(at)
	now, err := again(ctx, r, old, has, read)
	if err != nil {
		return content{}, err
	}
	now.checked = s.opts.Now()
	s.trees.put(at, now)
	return now.value, nil
}

// request is a GET.
type request struct {
	client *http.Client
	url    string
	header http.Header
	// max bounds the answer.
	max int64
}

// again gets what was known, old, or what there is now if the server says that it is
// something else.
func again[V any](ctx context.Context, r request, old known[V], has bool, read func(io.Reader) (V, error)) (known[V], error) {
	if has && old.etag != "" {
		r.header.Set("If-None-Match", old.etag)
	}
	if has && old.modified != "" {
		r.header.Set("If-Modified-Since", old.modified)
	}
	asked := len(r.header["If-None-Match"])+len(r.header["If-Modified-Since"]) > 0
	res, err := r.send(ctx)
	if err != nil {
		return known[V]{}, err
	}
	defer res.Body.Close()
	if asked && res.StatusCode == http.StatusNotModified {
		return old, nil
	}
	if err := transport.Refusal(res.StatusCode, r.url); err != nil {
		return known[V]{}, err
	}
	body := &body{from: res.Body, left: r.max}
	value, err := read(body)
	if err := body.explain(err, r); err != nil {
		return known[V]{}, err
	}
	return known[V]{value: value, etag: res.Header.Get("ETag"), modified: modified(res.Header)}, nil
}

// modified is when what was answered was modified, if nothing can come after it at the
// same time: times have seconds, and an index that was written twice within the one in
// which it was read would stay unknown for good (RFC 9110, section 8.8.2.2).
func modified(h http.Header) string {
	last, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return ""
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil || now.Sub(last) < time.Second {
		return ""
	}
	return h.Get("Last-Modified")
}

func (r request) send(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s is not a URL", source.RedactURL(r.url))
	}
	req.Header = r.header
	res, err := r.client.Do(req)
	if err != nil {
		return nil, transport.Failure(err, r.url)
	}
	return res, nil
}

var errTooLong = errors.New("too long")

// body is an answer that may be read up to a bound.
type body struct {
	from io.Reader
	left int64
	// failed is an error of from: not of what was read, but of reading it.
	failed error
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLong
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLong
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

// explain makes an error of what went wrong with the answer to r, if anything did.
func (b *body) explain(err error, r request) error {
	switch {
	case err == nil:
		return nil
	case b.failed != nil:
		return transport.Failure(b.failed, r.url)
	case b.left < 0:
		return fault.New(fault.Broken, "%s: more than %d bytes", source.RedactURL(r.url), r.max)
	}
	return fault.Keep(fault.Broken, err, "%s", source.RedactURL(r.url))
}
