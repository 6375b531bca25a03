package credential

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// The services' public addresses.
const (
	githubAPI      = "https://api.github.com"
	azureAuthority = "https://login.microsoftonline.com"
	googleToken    = "https://oauth2.googleapis.com/token"
)

// decodeToken reads how the repository's token is had.
func decodeToken(s Secret) (source.Token, error) {
	text := func(field string) string { return strings.TrimSpace(string(s.Data[field])) }
	secret := func(field string) source.Secret { return source.NewSecret(text(field)) }
	t := source.Token{
		GitHubPrivateKey: secret("githubAppPrivateKey"),
		GitHubAPI:        text("githubAppEnterpriseBaseUrl"),
		GoogleKey:        secret("gcpServiceAccountKey"),
		// Argo CD writes ...Id into repositories and ...ID into templates, and reads
		// each there only; both are read in both.
		AzureTenantID:     cmp.Or(text("azureServicePrincipalTenantId"), text("azureServicePrincipalTenantID")),
		AzureClientID:     cmp.Or(text("azureServicePrincipalClientId"), text("azureServicePrincipalClientID")),
		AzureClientSecret: secret("azureServicePrincipalClientSecret"),
		AzureAuthority:    text("azureActiveDirectoryEndpoint"),
	}
	for field, to := range map[string]*int64{"githubAppID": &t.GitHubAppID, "githubAppInstallationID": &t.GitHubInstallationID} {
		if text(field) == "" {
			continue
		}
		n, err := strconv.ParseInt(text(field), 10, 64)
		if err != nil || n < 0 {
			return source.Token{}, fault.New(fault.Invalid, "secret %s: %s is not a number", s.Name, field)
		}
		*to = n
	}
	if text("useAzureWorkloadIdentity") != "" {
		use, err := strconv.ParseBool(text("useAzureWorkloadIdentity"))
		if err != nil {
			return source.Token{}, fault.New(fault.Invalid, "secret %s: useAzureWorkloadIdentity is neither true nor false", s.Name)
		}
		t.AzureWorkloadIdentity = use
	}
	return t, nil
}

// checkToken refuses a key that nothing can be done with. What Argo CD passes
// over, and then reaches the repository without any credentials, is said here.
func checkToken(s Secret, r source.Repository) error {
	t, none := r.Token, source.Secret{}
	switch {
	case t.GitHubPrivateKey != none && t.GitHubAppID == 0:
		return fault.New(fault.Invalid, "secret %s: githubAppPrivateKey is of no use without githubAppID", s.Name)
	case t.AzureClientSecret != none && (t.AzureClientID == "" || t.AzureTenantID == ""):
		return fault.New(fault.Invalid, "secret %s: azureServicePrincipalClientSecret is of no use without azureServicePrincipalClientId and azureServicePrincipalTenantId", s.Name)
	}
	if r.Type != source.Helm && r.Type != source.OCI {
		return nil
	}
	if service := t.Service(); service != source.NoTokenService && service != source.AzureWorkloadIdentity {
		return fault.New(fault.Unsupported, "secret %s: a repository of type %s cannot be reached with a token of a %s", s.Name, r.Type, service)
	}
	return nil
}

// tokenEndpoint is where the token is asked for; empty when that cannot be told from t.
func tokenEndpoint(t source.Token) string {
	switch t.Service() {
	case source.GitHubApp:
		return cmp.Or(t.GitHubAPI, githubAPI)
	case source.GoogleServiceAccount:
		key, err := parseGoogleKey(t.GoogleKey)
		if err != nil {
			return ""
		}
		return key.TokenURI
	case source.AzureServicePrincipal:
		return cmp.Or(t.AzureAuthority, azureAuthority)
	case source.AzureWorkloadIdentity:
		return azureAuthority
	}
	return ""
}

// googleKey is what is used of a key in Google's JSON.
type googleKey struct {
	Type         string `json:"type"`
	ClientEmail  string `json:"client_email"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	TokenURI     string `json:"token_uri"`
}

func parseGoogleKey(secret source.Secret) (googleKey, error) {
	var key googleKey
	if err := json.Unmarshal([]byte(secret.Reveal()), &key); err != nil {
		// The decoder's error may quote the key.
		return key, fault.New(fault.Invalid, "gcpServiceAccountKey is not JSON")
	}
	if key.Type != "" && key.Type != "service_account" {
		return key, fault.New(fault.Unsupported, "gcpServiceAccountKey: a key of another type than service_account is not supported")
	}
	if key.ClientEmail == "" || key.PrivateKey == "" {
		return key, fault.New(fault.Invalid, "gcpServiceAccountKey has no client_email or no private_key")
	}
	key.TokenURI = cmp.Or(key.TokenURI, googleToken)
	return key, nil
}
