package source

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// Type is the kind of a repository.
type Type string

// The types of repositories; the empty Type means Git.
const (
	Git  Type = "git"
	Helm Type = "helm"
	OCI  Type = "oci"
)

const redacted = "[redacted]"

// Secret is text that must not be seen. However it is printed, logged or
// marshalled, even inside an unexported field, where fmt asks no method, only
// whether it is empty can be told. Secrets of the same text are ==.
type Secret struct{ text unique.Handle[string] }

// NewSecret makes a secret of text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal is the text itself.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.text.Value()
}

// String is "" or "[redacted]".
func (s Secret) String() string {
	if s == (Secret{}) {
		return ""
	}
	return redacted
}

// Format implements fmt.Formatter, so that no verb prints the text.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Repository is a place that manifests come from and everything that is needed
// to reach it. Its fields are those of Argo CD's repository Secrets
// (argo-cd.md §1.17). Two Repositories are the same when == says so.
type Repository struct {
	URL  string
	Type Type
	Name string
	// Project is the project that the repository is reserved for; empty means all.
	Project string

	Username      string
	Password      Secret
	BearerToken   Secret
	SSHPrivateKey Secret
	// Token says how to get a token; see NeedsToken.
	Token Token
	// TLSClientCertData and TLSClientCertKey are PEM.
	TLSClientCertData string
	TLSClientCertKey  Secret
	// ForceHTTPBasicAuth sends the password before it is asked for.
	ForceHTTPBasicAuth bool

	// CAData is PEM: the only authorities that are trusted; empty means the system's.
	CAData string
	// KnownHosts is in the format of OpenSSH's known_hosts.
	KnownHosts string
	// Insecure trusts any TLS certificate and any SSH host key.
	Insecure bool
	// InsecureIgnoreHostKey trusts any SSH host key.
	InsecureIgnoreHostKey bool

	// Proxy is a proxy's URL, which may hold a password; NoProxy lists hosts that
	// are reached without it.
	Proxy   Secret
	NoProxy string

	// Within is the URL of the repository in whose content the URL of this one was
	// written, as a submodule's is. Such a URL leads to public hosts and to hosts on
	// the networks that Within is on, and nowhere else. Empty means that somebody with
	// the right to do so has named the URL.
	Within string

	// EnableLFS reads files of which Git holds a pointer (Git LFS) from the server
	// of large files.
	EnableLFS bool

	// Depth limits the history that is fetched to so many commits; 0 means all of it.
	Depth int64

	// EnableOCI says that a Helm repository is an OCI registry.
	EnableOCI bool
	// InsecureOCIForceHTTP speaks plain HTTP to an OCI registry.
	InsecureOCIForceHTTP bool
}

// For is the repository as a target of it has it: with the type that the target makes it
// have, whatever its Secret says. A chart of a URL without a scheme is in a registry, as
// in Argo CD.
func (r Repository) For(t Target) Repository {
	switch scheme, _, found := strings.Cut(r.URL, "://"); {
	case found && strings.EqualFold(scheme, string(OCI)), t.Chart != "" && (r.EnableOCI || !found):
		r.Type = OCI
	case t.Chart != "":
		r.Type = Helm
	default:
		r.Type = Git
	}
	return r
}

// HasCredentials says whether the repository has credentials of its own. A
// proxy's, and those inside the URL, do not count.
func (r Repository) HasCredentials() bool {
	none := Secret{}
	return r.Username != "" || r.Password != none || r.BearerToken != none || r.SSHPrivateKey != none || r.TLSClientCertData != "" ||
		r.Token.hasCredentials()
}

// String is the URL without credentials.
func (r Repository) String() string { return RedactURL(r.URL) }

// Format implements fmt.Formatter, so that no verb prints a credential.
func (r Repository) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }

// LogValue implements slog.LogValuer.
func (r Repository) LogValue() slog.Value {
	v := r.visible()
	attrs := []slog.Attr{slog.String("url", v.URL)}
	if v.Type != "" {
		attrs = append(attrs, slog.String("type", string(v.Type)))
	}
	if v.Project != "" {
		attrs = append(attrs, slog.String("project", v.Project))
	}
	return slog.GroupValue(attrs...)
}

// MarshalJSON writes what may be seen.
func (r Repository) MarshalJSON() ([]byte, error) { return json.Marshal(r.visible()) }

type visible struct {
	URL            string `json:"url"`
	Type           Type   `json:"type,omitempty"`
	Name           string `json:"name,omitempty"`
	Project        string `json:"project,omitempty"`
	HasCredentials bool   `json:"hasCredentials,omitempty"`
}

func (r Repository) visible() visible {
	return visible{r.String(), r.Type, r.Name, r.Project, r.HasCredentials()}
}
