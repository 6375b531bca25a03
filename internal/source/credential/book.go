package credential

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// The values of the label argocd.argoproj.io/secret-type that are read here.
const (
	TypeRepository = "repository"
	TypeTemplate   = "repo-creds"
)

// Secret is a decoded Secret.
type Secret struct {
	Name   string
	Labels map[string]string
	Data   map[string][]byte
}

// Input is everything that a Book is made from.
type Input struct {
	// Secrets may hold Secrets of other types, which are passed over.
	Secrets []Secret
	// TLSCerts is argocd-tls-certs-cm: PEM by host name.
	TLSCerts map[string]string
	// KnownHosts is ssh_known_hosts of argocd-ssh-known-hosts-cm.
	KnownHosts string
}

// Book knows the credentials of repositories.
type Book struct {
	repositories []entry
	templates    []entry
	tlsCerts     map[string]string
	knownHosts   string
}

// entry is one Secret. When err is set it cannot be used, and whoever needs it
// gets the error; others are not concerned.
type entry struct {
	secret string
	// normal is the URL as source.NormalizeURL has it.
	normal string
	repo   source.Repository
	err    error
}

// New makes a Book. The errors say which Secrets cannot be used and why; the
// Book is good for everything else.
func New(in Input) (*Book, []error) {
	b := &Book{tlsCerts: make(map[string]string, len(in.TLSCerts)), knownHosts: in.KnownHosts}
	for host, pem := range in.TLSCerts {
		b.tlsCerts[strings.ToLower(host)] = pem
	}
	var problems []error
	for _, s := range in.Secrets {
		kind := s.Labels[v1alpha1.LabelSecretType]
		if kind != TypeRepository && kind != TypeTemplate {
			continue
		}
		e := decode(s)
		if e.err != nil {
			problems = append(problems, e.err)
		}
		if e.repo.URL == "" {
			continue
		}
		if kind == TypeRepository {
			b.repositories = append(b.repositories, e)
		} else {
			b.templates = append(b.templates, e)
		}
	}
	// Which of several equal Secrets wins must not depend on the order of a list.
	byName := func(x, y entry) int { return cmp.Compare(x.secret, y.secret) }
	slices.SortStableFunc(b.repositories, byName)
	slices.SortStableFunc(b.templates, byName)
	return b, problems
}

// Find is the repository of that URL as an Application of the project may use
// it. The exact repository of the project comes before the one of all
// projects; a repository without credentials of its own, or one that no Secret
// names, gets those of the longest template that its URL begins with. A URL
// that nothing is known about is a repository that needs no credentials.
func (b *Book) Find(repoURL, project string) (source.Repository, error) {
	normal := source.NormalizeURL(repoURL)
	found, err := b.exact(normal, project)
	if err != nil {
		return source.Repository{}, err
	}
	if !found.HasCredentials() {
		t, ok := b.template(normal, repoURL)
		if ok && t.err != nil {
			return source.Repository{}, t.err
		}
		if ok {
			inherit(&found, t.repo)
		}
	}
	// As the Application spells it: the Secret's spelling may differ in case.
	found.URL = repoURL
	found.CAData = b.tlsCerts[source.Host(repoURL)]
	found.KnownHosts = b.knownHosts
	found.Token.CAData = b.tlsCerts[source.Host(tokenEndpoint(found.Token))]
	return found, nil
}

// Named is the URL of the repository of that name which a project may have, as charts
// refer to it: "@NAME" and "alias:NAME" as in Helm.
func (b *Book) Named(name, project string) (string, error) {
	for _, e := range b.repositories {
		if e.repo.Name == name && (e.repo.Project == "" || e.repo.Project == project) {
			return e.repo.URL, e.err
		}
	}
	return "", fault.New(fault.NotFound, "no repository has the name %q", name)
}

func (b *Book) exact(normal, project string) (source.Repository, error) {
	var global *entry
	for i, e := range b.repositories {
		if e.normal != normal {
			continue
		}
		if e.repo.Project == project {
			return e.repo, e.err
		}
		if e.repo.Project == "" && global == nil {
			global = &b.repositories[i]
		}
	}
	if global != nil {
		return global.repo, global.err
	}
	return source.Repository{}, nil
}

func (b *Book) template(normal, repoURL string) (entry, bool) {
	var best entry
	for _, e := range b.templates {
		if len(e.normal) > len(best.normal) && strings.HasPrefix(normal, e.normal) && sameHost(e.repo.URL, repoURL) {
			best = e
		}
	}
	return best, best.normal != ""
}

// sameHost says whether a template, whose URL is a prefix of a repository's, is
// for the repository's host. The prefix may end within a path, as in Argo CD,
// but, unlike there, not within a host: https://github.com must not hand its
// password to https://github.com.evil.example or https://github.com@evil.example.
func sameHost(template, repo string) bool {
	if source.Host(template) != source.Host(repo) {
		return false
	}
	t, err := url.Parse(template)
	if err != nil || t.Port() == "" {
		return true
	}
	r, err := url.Parse(repo)
	return err == nil && t.Port() == r.Port()
}

// inherit fills what repo lacks from a template, as Argo CD does.
func inherit(repo *source.Repository, t source.Repository) {
	repo.Username = cmp.Or(repo.Username, t.Username)
	repo.Password = cmp.Or(repo.Password, t.Password)
	repo.BearerToken = cmp.Or(repo.BearerToken, t.BearerToken)
	repo.SSHPrivateKey = cmp.Or(repo.SSHPrivateKey, t.SSHPrivateKey)
	repo.TLSClientCertData = cmp.Or(repo.TLSClientCertData, t.TLSClientCertData)
	repo.TLSClientCertKey = cmp.Or(repo.TLSClientCertKey, t.TLSClientCertKey)
	inheritToken(&repo.Token, t.Token)
	repo.Proxy = cmp.Or(repo.Proxy, t.Proxy)
	repo.NoProxy = cmp.Or(repo.NoProxy, t.NoProxy)
	repo.Type = cmp.Or(repo.Type, t.Type)
	repo.EnableOCI = t.EnableOCI
	repo.InsecureOCIForceHTTP = t.InsecureOCIForceHTTP
	repo.ForceHTTPBasicAuth = t.ForceHTTPBasicAuth
}

// inheritToken fills field by field, as Argo CD does: an App's id may be the
// repository's and its key the template's.
func inheritToken(token *source.Token, t source.Token) {
	token.GitHubAppID = cmp.Or(token.GitHubAppID, t.GitHubAppID)
	token.GitHubPrivateKey = cmp.Or(token.GitHubPrivateKey, t.GitHubPrivateKey)
	token.GitHubInstallationID = cmp.Or(token.GitHubInstallationID, t.GitHubInstallationID)
	token.GitHubAPI = cmp.Or(token.GitHubAPI, t.GitHubAPI)
	token.GoogleKey = cmp.Or(token.GoogleKey, t.GoogleKey)
	token.AzureWorkloadIdentity = t.AzureWorkloadIdentity
	token.AzureTenantID = cmp.Or(token.AzureTenantID, t.AzureTenantID)
	token.AzureClientID = cmp.Or(token.AzureClientID, t.AzureClientID)
	token.AzureClientSecret = cmp.Or(token.AzureClientSecret, t.AzureClientSecret)
	token.AzureAuthority = cmp.Or(token.AzureAuthority, t.AzureAuthority)
}
