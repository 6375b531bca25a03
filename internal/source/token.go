package source

// Token says where a token comes from that a repository is reached with, in the
// fields of Argo CD's repository Secrets (argo-cd.md §1.17). It is not the token:
// it stays the same when that is renewed, so that Repositories stay comparable.
// The zero Token is none.
type Token struct {
	// GitHubAppID and GitHubPrivateKey, which is PEM, are a GitHub App's.
	GitHubAppID      int64
	GitHubPrivateKey Secret
	// GitHubInstallationID 0 means the installation at the repository's owner.
	GitHubInstallationID int64
	// GitHubAPI is the base of GitHub's API; empty means https://api.github.com.
	GitHubAPI string

	// GoogleKey is a service account's key in Google's JSON.
	GoogleKey Secret

	// AzureWorkloadIdentity asks with the identity of the process.
	AzureWorkloadIdentity bool

	// These are an Azure service principal's.
	AzureTenantID     string
	AzureClientID     string
	AzureClientSecret Secret
	// AzureAuthority gives Azure's tokens; empty means https://login.microsoftonline.com.
	AzureAuthority string

	// CAData is PEM: the only authorities that are trusted for the host which gives
	// the token; empty means the system's.
	CAData string
}

// TokenService is who gives a token.
type TokenService string

// The services.
const (
	NoTokenService        TokenService = ""
	GitHubApp             TokenService = "GitHub App"
	GoogleServiceAccount  TokenService = "Google service account"
	AzureWorkloadIdentity TokenService = "Azure workload identity"
	AzureServicePrincipal TokenService = "Azure service principal"
)

// Service is who is asked for the token: the first, in Argo CD's order, for which
// everything is there that is needed.
func (t Token) Service() TokenService {
	none := Secret{}
	switch {
	case t.GitHubPrivateKey != none && t.GitHubAppID != 0:
		return GitHubApp
	case t.GoogleKey != none:
		return GoogleServiceAccount
	case t.AzureWorkloadIdentity:
		return AzureWorkloadIdentity
	case t.AzureClientID != "" && t.AzureClientSecret != none && t.AzureTenantID != "":
		return AzureServicePrincipal
	}
	return NoTokenService
}

func (t Token) hasCredentials() bool {
	none := Secret{}
	return t.GitHubPrivateKey != none || t.GoogleKey != none || t.AzureWorkloadIdentity || t.AzureClientSecret != none
}

// NeedsToken says whether the repository is reached with a token that has to be
// asked for first. As in Argo CD, a password, a bearer token and an SSH key come
// before it, and Helm and OCI repositories know workload identity only, which
// comes before their password.
func (r Repository) NeedsToken() bool {
	if r.Type == Helm || r.Type == OCI {
		return r.Token.AzureWorkloadIdentity
	}
	none := Secret{}
	return r.Token.Service() != NoTokenService && r.Password == none && r.BearerToken == none && r.SSHPrivateKey == none
}
