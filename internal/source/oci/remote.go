package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/sync/singleflight"
	"oras.land/oras-go/v2/registry"
	orasremote "oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/lru"
	"evenkeel.dev/internal/source/transport"
)

// remote is a repository of a registry as one set of credentials sees it.
type remote struct {
	key remoteKey
	// name is what errors call it: its address, without a scheme.
	name string
	oras *orasremote.Repository
	// space is where its content is kept.
	space string
	// secrets are what must not appear in an error.
	secrets []string
	// proven are the digests of the manifests that it was shown.
	proven  *lru.Cache[string, struct{}]
	flights singleflight.Group
}

type remoteKey struct {
	repo    source.Repository
	address string
}

// remote is the remote of a repository, made when it is new.
func (s *Store) remote(repo source.Repository, chart string) (*remote, error) {
	at, err := address(repo, chart)
	if err != nil {
		return nil, err
	}
	// What does not decide who one is to the registry makes no other remote.
	repo.Name, repo.Project, repo.Depth = "", "", 0
	key := remoteKey{repo, at.String()}
	if r, ok := s.remotes.Get(key); ok {
		return r, nil
	}
	r, err := s.connect(key, at)
	if err != nil {
		return nil, err
	}
	return s.remotes.GetOrAdd(key, r), nil
}

// address is where a chart or artifact lies. Argo CD takes oci://HOST/PATH for
// artifacts, and for charts HOST/PATH with or without https:// before it.
func address(repo source.Repository, chart string) (registry.Reference, error) {
	text := strings.TrimSpace(repo.URL)
	for _, scheme := range []string{"oci://", "https://", "http://"} {
		rest, ok := strings.CutPrefix(text, scheme)
		if !ok {
			continue
		}
		if chart == "" && scheme != "oci://" {
			return registry.Reference{}, fault.New(fault.Invalid, "%s is no OCI repository: its URL begins with oci://", repo)
		}
		text = rest
		break
	}
	text = strings.TrimRight(text, "/")
	if chart != "" {
		text += "/" + strings.Trim(chart, "/")
	}
	host, path, _ := strings.Cut(text, "/")
	switch {
	case strings.Contains(host, "@"):
		return registry.Reference{}, fault.New(fault.Invalid, "%s: user and password belong into the repository's Secret, not into its URL", repo)
	case strings.ContainsAny(path, ":@"):
		return registry.Reference{}, fault.New(fault.Invalid, "%s: the tag or digest belongs into targetRevision", repo)
	}
	at, err := registry.ParseReference(text)
	if err != nil {
		return registry.Reference{}, fault.New(fault.Invalid, "%s: %q is not the address of a repository in a registry", repo, host+"/"+path)
	}
	return at, nil
}

func (s *Store) connect(key remoteKey, at registry.Reference) (*remote, error) {
	repo := key.repo
	client, err := transport.NewClient(repo, transport.Options{
		Timeout: s.opts.Timeout, Proxy: s.opts.Proxy, NoProxy: s.opts.NoProxy, Anonymous: true,
	})
	if err != nil {
		return nil, err
	}
	r := &remote{
		key: key, name: key.address, space: space(s.withProxy(repo), at),
		proven: lru.New[string, struct{}](maxProven, nil),
	}
	credential, err := r.credential(repo)
	if err != nil {
		return nil, err
	}
	authorizing := &auth.Client{Client: client, Cache: auth.NewCache(), Credential: auth.StaticCredential(at.Registry, credential)}
	authorizing.SetUserAgent(transport.UserAgent)
	r.oras = &orasremote.Repository{
		Client: authorizing, Reference: at, PlainHTTP: repo.InsecureOCIForceHTTP,
		TagListPageSize: tagPage, TagListMaxPages: maxTagPages, MaxMetadataBytes: maxTagPageBytes,
	}
	r.oras.HandleWarning = func(w orasremote.Warning) {
		s.opts.Log.Warn("registry", "repository", r.name, "warning", r.scrub(w.Text))
	}
	return r, nil
}

// withProxy is repo with the proxy that it is reached by.
func (s *Store) withProxy(repo source.Repository) source.Repository {
	if repo.Proxy.Reveal() == "" {
		repo.Proxy, repo.NoProxy = s.opts.Proxy, s.opts.NoProxy
	}
	return repo
}

// space names all that decides who it is that answers, but no credential: what one
// server gave must not be had by somebody who makes another server claim it.
func space(repo source.Repository, at registry.Reference) string {
	proxy := repo.Proxy.Reveal()
	if u, err := url.Parse(proxy); err == nil {
		u.User = nil
		proxy = u.String()
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %v %v %q %q %q",
		at.String(), repo.InsecureOCIForceHTTP, repo.Insecure, repo.CAData, source.RedactText(proxy), repo.NoProxy))
	return hex.EncodeToString(sum[:16])
}

// credential is the repository's, with a token before a password.
func (r *remote) credential(repo source.Repository) (auth.Credential, error) {
	user, password, token := repo.Username, repo.Password.Reveal(), repo.BearerToken.Reveal()
	for _, v := range []*string{&user, &password, &token} {
		// Secrets made with "echo" end in a newline that nobody means.
		*v = strings.TrimRight(*v, "\r\n")
		if strings.ContainsAny(*v, "\r\n\x00") {
			return auth.EmptyCredential, fault.New(fault.Invalid, "%s: user, password or token holds a line break", repo)
		}
	}
	for _, v := range []string{password, token} {
		if v != "" {
			r.secrets = append(r.secrets, v, url.QueryEscape(v))
		}
	}
	if token != "" {
		return auth.Credential{AccessToken: token}, nil
	}
	return auth.Credential{Username: user, Password: password}, nil
}

// pulling says what is going to be done, so that one token is asked for it all.
func (r *remote) pulling(ctx context.Context) context.Context {
	return auth.AppendRepositoryScope(ctx, r.oras.Reference, auth.ActionPull)
}
