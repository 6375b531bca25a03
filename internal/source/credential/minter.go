package credential

import (
	"cmp"
	"context"
	"sync"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// MinterOptions are the options of a Minter; all may be left out.
type MinterOptions struct {
	// Workload is who this process is to Azure.
	Workload WorkloadIdentity
	// Proxy and NoProxy are for repositories that name no proxy of their own.
	Proxy   source.Secret
	NoProxy string
	// Timeout is the longest that a service may take for a token; 0 means 30 seconds.
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// WorkloadIdentity is what Azure's webhook puts into the environment of a pod.
type WorkloadIdentity struct {
	// ClientID, TenantID, TokenFile and Authority are AZURE_CLIENT_ID,
	// AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE and AZURE_AUTHORITY_HOST.
	ClientID, TenantID, TokenFile, Authority string
	// ResourceManager is AZURE_ARM_TOKEN_RESOURCE, for clouds other than the public one.
	ResourceManager string
	// Hosts are given tokens of this identity besides Azure's own.
	Hosts []string
}

const (
	// margin is how long before its end a token is replaced.
	margin = 5 * time.Minute
	// remembered is how long a failure stands for all who need the same token: a
	// thousand repositories of one template ask once. It is also the pause before
	// the next try while the old token is still good.
	remembered = 10 * time.Second
	// settled is how old a token must be for a refusal to drop it. The repository
	// that a new token cannot read cannot be read with the next one either.
	settled = time.Minute
	// unknownLife is the life of a token about which the service says nothing.
	unknownLife = 10 * time.Minute
)

// Minter exchanges what a repository says about its token for the token. Tokens
// are shared by all who describe them alike, and asked for once at a time. A nil
// Minter serves repositories that need none.
type Minter struct {
	opts MinterOptions

	mu   sync.Mutex
	held map[request]*held
}

// NewMinter makes a Minter, which knows no token yet.
func NewMinter(opts MinterOptions) *Minter {
	opts.Timeout = cmp.Or(opts.Timeout, 30*time.Second)
	opts.Workload.Authority = cmp.Or(opts.Workload.Authority, azureAuthority)
	opts.Workload.ResourceManager = cmp.Or(opts.Workload.ResourceManager, "https://management.core.windows.net")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Minter{opts: opts, held: map[request]*held{}}
}

// request is everything that decides which token is got, and how.
type request struct {
	token source.Token
	typ   source.Type
	// account is the owner for whom a GitHub App's installation is looked for, or
	// the registry that a token is for; else empty.
	account string
	proxy   source.Secret
	noProxy string
	// own is how the repository's host is talked to, if it is the one asked.
	own ownHost
}

// ownHost is what a repository says about its host. Nothing of it is for another.
type ownHost struct {
	name     string
	ca, cert string
	key      source.Secret
	insecure bool
}

// grant is a token.
type grant struct {
	user  string
	token source.Secret
	// bearer says that it is sent as such, not as a password.
	bearer bool
	end    time.Time
}

// held is a token that is there, or on its way until done is closed.
type held struct {
	done  chan struct{}
	grant grant
	err   error
	made  time.Time
	renew time.Time
}

func (h *held) finished() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// SignIn is the repository with its token as password or bearer token. One that
// needs no token is returned as it is. The token is good for five minutes at
// least, unless the service gives them for less.
func (m *Minter) SignIn(ctx context.Context, repo source.Repository) (source.Repository, error) {
	if !repo.NeedsToken() {
		return repo, nil
	}
	service := repo.Token.Service()
	if repo.Type == source.Helm || repo.Type == source.OCI {
		service = source.AzureWorkloadIdentity
	}
	if m == nil {
		return repo, fault.New(fault.Unsupported, "%s: the token of a %s cannot be asked for here", repo, service)
	}
	r, err := m.request(repo)
	if err == nil {
		var g grant
		if g, err = m.obtain(ctx, r); err == nil {
			return signedIn(repo, g), nil
		}
	}
	return repo, fault.Keep(fault.Broken, err, "%s: token of the %s", repo, service)
}

func signedIn(repo source.Repository, g grant) source.Repository {
	repo.Token = source.Token{}
	repo.Username, repo.Password, repo.BearerToken = g.user, g.token, source.Secret{}
	if g.bearer {
		repo.Username, repo.Password, repo.BearerToken = "", source.Secret{}, g.token
	}
	return repo
}

// Refused says that a server did not accept what SignIn gave for the repository,
// so that the next SignIn asks for a new token: an App may have been removed and
// installed again, a key replaced.
func (m *Minter) Refused(repo source.Repository) {
	if m == nil || !repo.NeedsToken() {
		return
	}
	r, err := m.request(repo)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.held[r]; h != nil && h.finished() && m.opts.Now().Sub(h.made) >= settled {
		delete(m.held, r)
	}
}

// request leaves out of repo whatever does not matter, so that tokens are shared.
func (m *Minter) request(repo source.Repository) (request, error) {
	r := request{token: repo.Token, typ: repo.Type, proxy: repo.Proxy, noProxy: repo.NoProxy}
	if r.proxy == (source.Secret{}) {
		r.proxy, r.noProxy = m.opts.Proxy, m.opts.NoProxy
	}
	host := source.Host(repo.URL)
	asked := source.Host(tokenEndpoint(repo.Token))
	var err error
	switch {
	case repo.Type == source.Helm || repo.Type == source.OCI:
		r.account, err = m.registry(repo)
		asked = host
	case repo.Token.Service() == source.GitHubApp && repo.Token.GitHubInstallationID == 0:
		r.account, err = owner(repo.URL)
	case repo.Token.Service() == source.AzureWorkloadIdentity:
		err = m.mayGiveTo(repo, "dev.azure.com", ".visualstudio.com")
	}
	if host == asked {
		r.own = ownHost{host, repo.CAData, repo.TLSClientCertData, repo.TLSClientCertKey, repo.Insecure}
	}
	return r, err
}

// obtain is the token that is held, or waits for a new one.
func (m *Minter) obtain(ctx context.Context, r request) (grant, error) {
	m.mu.Lock()
	now := m.opts.Now()
	h := m.held[r]
	if h == nil || h.finished() && !now.Before(h.renew) {
		m.sweep(now)
		old := h
		h = &held{done: make(chan struct{})}
		m.held[r] = h
		// Whoever asked first may leave; others wait for the same token.
		go m.fill(context.WithoutCancel(ctx), r, h, old)
	}
	m.mu.Unlock()
	select {
	case <-h.done:
		return h.grant, h.err
	case <-ctx.Done():
		return grant{}, fault.Wrap(fault.Unavailable, context.Cause(ctx), "not given yet")
	}
}

// fill asks for a token. While an old one is good, a failure is not one.
func (m *Minter) fill(ctx context.Context, r request, h, old *held) {
	ctx, cancel := context.WithTimeout(ctx, m.opts.Timeout)
	defer cancel()
	g, err := m.mint(ctx, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(h.done)
	now := m.opts.Now()
	h.grant, h.err, h.made = g, err, now
	switch {
	case err != nil && old != nil && old.err == nil && now.Before(old.grant.end):
		h.grant, h.err, h.made = old.grant, nil, old.made
		h.renew = now.Add(remembered)
	case err != nil:
		h.renew = now.Add(remembered)
	default:
		if g.end.IsZero() {
			h.grant.end = now.Add(unknownLife)
		}
		h.renew = h.grant.end.Add(-min(margin, h.grant.end.Sub(now)/2))
	}
}

// sweep forgets what is of no use to anybody, such as tokens of keys that were replaced.
func (m *Minter) sweep(now time.Time) {
	for r, h := range m.held {
		if h.finished() && !now.Before(h.renew) && !now.Before(h.grant.end) {
			delete(m.held, r)
		}
	}
}

func (m *Minter) mint(ctx context.Context, r request) (grant, error) {
	if r.typ == source.Helm || r.typ == source.OCI {
		return m.registryToken(ctx, r)
	}
	switch r.token.Service() {
	case source.GitHubApp:
		return m.githubToken(ctx, r)
	case source.GoogleServiceAccount:
		return m.googleToken(ctx, r)
	case source.AzureWorkloadIdentity:
		return m.workloadToken(ctx, r, azureDevOps)
	default:
		return m.principalToken(ctx, r)
	}
}
