package credential

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

const (
	// azureDevOps is the id that Azure DevOps has in every tenant.
	azureDevOps = "499b84ac-1321-427f-aa17-267ca6975798"
	// nobody is the user to whom registries' tokens belong.
	nobody = "00000000-0000-0000-0000-000000000000"
	// maxAssertion is the longest token that Kubernetes may have given us, in bytes.
	maxAssertion = 64 << 10
)

// principalToken asks for a token of the service principal that the Secret names.
func (m *Minter) principalToken(ctx context.Context, r request) (grant, error) {
	return m.entraToken(ctx, r, entra{
		authority: cmp.Or(r.token.AzureAuthority, azureAuthority), tenant: r.token.AzureTenantID, client: r.token.AzureClientID,
		secret: r.token.AzureClientSecret, resource: azureDevOps,
	})
}

// workloadToken exchanges the token that Kubernetes gave to this process.
func (m *Minter) workloadToken(ctx context.Context, r request, resource string) (grant, error) {
	w := m.opts.Workload
	if w.ClientID == "" || w.TenantID == "" || w.TokenFile == "" {
		return grant{}, fault.New(fault.Invalid,
			"this process has none: AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE are not all set; label the pod azure.workload.identity/use")
	}
	// Kubernetes replaces the file's content before the token in it ends.
	f, err := os.Open(w.TokenFile)
	if err != nil {
		return grant{}, fault.Wrap(fault.Unavailable, err, "the token of this process")
	}
	defer f.Close() //nolint:errcheck // it was only read
	assertion, err := io.ReadAll(io.LimitReader(f, maxAssertion))
	if err != nil {
		return grant{}, fault.Wrap(fault.Unavailable, err, "the token of this process")
	}
	return m.entraToken(ctx, r, entra{
		authority: w.Authority, tenant: w.TenantID, client: w.ClientID,
		assertion: source.NewSecret(strings.TrimSpace(string(assertion))), resource: resource,
	})
}

// entra is a request for a token of an application's own, with a secret or with
// another issuer's token instead.
type entra struct {
	authority, tenant, client string
	secret, assertion         source.Secret
	resource                  string
}

var tenant = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

// entraToken speaks OAuth's client credentials with Entra
// (https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
func (m *Minter) entraToken(ctx context.Context, r request, e entra) (grant, error) {
	if !tenant.MatchString(e.tenant) {
		return grant{}, fault.New(fault.Invalid, "the tenant is neither an id nor a domain")
	}
	s, err := m.service(r, e.authority)
	if err != nil {
		return grant{}, err
	}
	defer s.close()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {e.client}, "scope": {e.resource + "/.default"}}
	if e.assertion != (source.Secret{}) {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", s.keep(e.assertion.Reveal()))
	} else {
		form.Set("client_secret", s.keep(e.secret.Reveal()))
	}
	var answer oauth
	if err := s.post(ctx, []string{e.tenant, "oauth2", "v2.0", "token"}, form, &answer); err != nil {
		return grant{}, err
	}
	return granted(s.base.Host, grant{token: source.NewSecret(answer.AccessToken), bearer: true, end: answer.end(m.opts.Now())})
}

// registryToken exchanges a token for Azure's resources for one of a registry
// (https://learn.microsoft.com/en-us/azure/container-registry/container-registry-authentication).
// Argo CD asks the registry first where that is done, and would post the token,
// which is good for far more than the registry, to wherever it says.
func (m *Minter) registryToken(ctx context.Context, r request) (grant, error) {
	resources, err := m.workloadToken(ctx, r, m.opts.Workload.ResourceManager)
	if err != nil {
		return grant{}, err
	}
	s, err := m.service(r, "https://"+r.account)
	if err != nil {
		return grant{}, err
	}
	defer s.close()
	var answer oauth
	form := url.Values{"grant_type": {"access_token"}, "service": {r.account}, "access_token": {s.keep(resources.token.Reveal())}}
	if err := s.post(ctx, []string{"oauth2", "exchange"}, form, &answer); err != nil {
		return grant{}, err
	}
	return granted(r.account, grant{user: nobody, token: source.NewSecret(answer.RefreshToken), end: endOf(answer.RefreshToken)})
}

// registry is the host, with its port, of a registry that a token may be given to.
func (m *Minter) registry(repo source.Repository) (string, error) {
	if err := m.mayGiveTo(repo, ".azurecr.io", ".azurecr.cn", ".azurecr.us"); err != nil {
		return "", err
	}
	_, address, ok := strings.Cut(strings.TrimSpace(repo.URL), "://")
	if !ok {
		address = strings.TrimSpace(repo.URL)
	}
	host, _, _ := strings.Cut(address, "/")
	return strings.ToLower(host), nil
}

// mayGiveTo refuses to give a token of this process to a host that is not
// Azure's, or that is not made sure of: unlike all others it does not come from the
// Secret, so that whoever may write one for a project could have it sent to
// himself, with a URL or with a proxy of his own.
func (m *Minter) mayGiveTo(repo source.Repository, suffixes ...string) error {
	host := source.Host(repo.URL)
	if slices.Contains(m.opts.Workload.Hosts, host) {
		return nil
	}
	if !slices.ContainsFunc(suffixes, func(s string) bool {
		return host == s || strings.HasPrefix(s, ".") && strings.HasSuffix(host, s)
	}) {
		return fault.New(fault.Denied, "%q is none of Azure's hosts, which alone are given the identity of this process", host)
	}
	if repo.Insecure || repo.InsecureOCIForceHTTP || strings.HasPrefix(strings.ToLower(strings.TrimSpace(repo.URL)), "http:") {
		return fault.New(fault.Denied, "the identity of this process is not given to a host that is reached insecurely")
	}
	return nil
}
