package credential

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

func secret(kind, name string, fields ...string) Secret {
	s := Secret{Name: name, Labels: map[string]string{v1alpha1.LabelSecretType: kind}, Data: map[string][]byte{}}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		s.Data[k] = []byte(v)
	}
	return s
}

func TestFind(t *testing.T) {
	book, problems := New(Input{
		Secrets: []Secret{
			secret("repository", "own", "url=https://git.example.com/own.git", "username=u-own", "password=p-own"),
			secret("repository", "global", "url=https://git.example.com/both", "username=u-global", "password=p"),
			secret("repository", "mine", "url=https://git.example.com/both", "project=mine", "username=u-mine", "password=p"),
			secret("repository", "theirs", "url=https://git.example.com/theirs", "project=theirs", "username=u-theirs", "password=p"),
			secret("repository", "bare", "url=https://git.example.com/team/bare", "proxy=http://own-proxy", "insecure=true", "depth=3"),
			secret("repo-creds", "host", "url=https://git.example.com", "username=u-host", "password=p-host", "proxy=http://host-proxy"),
			secret("repo-creds", "team", "url=https://git.example.com/team", "username=u-team", "password=p-team", "forceHttpBasicAuth=true"),
			secret("repo-creds", "port", "url=https://ported.example.com:8443/", "username=u-port"),
			secret("repo-creds", "ssh", "url=git@github.com:org", "sshPrivateKey=KEY"),
			secret("repo-creds", "app", "url=https://ghe.example.com/org", "githubAppID=1", "githubAppInstallationID=7", "githubAppPrivateKey=K"),
			secret("repository", "app-own", "url=https://ghe.example.com/org/own", "githubAppInstallationID=8"),
			secret("repo-creds", "registry", "url=registry.example.com", "username=u-registry"),
			secret("cluster", "cluster", "url=https://git.example.com/own.git", "username=not-for-git"),
		},
		TLSCerts:   map[string]string{"Git.example.com": "PEM"},
		KnownHosts: "github.com ssh-ed25519 AAAA",
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, tc := range []struct {
		reason, url, project string
		want                 string
	}{
		{"exact, with the template left alone", "https://git.example.com/own", "p", "u-own proxy="},
		{"the project's own before the global", "https://git.example.com/both", "mine", "u-mine proxy="},
		{"another project gets the global", "https://git.example.com/both", "other", "u-global proxy="},
		{"another project's is nobody else's: the template", "https://git.example.com/theirs", "mine", "u-host proxy=http://host-proxy"},
		{"missing credentials from the longest template", "https://GIT.example.com/Team/bare.git", "p", "u-team proxy=http://own-proxy force insecure"},
		{"no Secret at all: the longest template", "https://git.example.com/team/new", "p", "u-team proxy= force"},
		{"a template may end within a path, as in Argo CD", "https://git.example.com/teamwork/x", "p", "u-team proxy= force"},
		{"a host that begins like the template's", "https://git.example.com.evil.example/x", "p", " proxy="},
		{"the template's host as a user name", "https://git.example.com@evil.example/x", "p", " proxy="},
		{"the template's host as user and password", "https://git.example.com:x@evil.example/x", "p", " proxy="},
		{"another port under a template without one", "https://git.example.com:8443/x", "p", "u-host proxy=http://host-proxy"},
		{"the template's port", "https://ported.example.com:8443/x", "p", "u-port proxy="},
		{"another scheme", "http://git.example.com/x", "p", " proxy="},
		{"scp-like", "git@github.com:org/app.git", "p", " proxy= key"},
		{"ssh under an scp-like template", "ssh://git@github.com/org/app", "p", " proxy= key"},
		{"an App of the template's", "https://ghe.example.com/org/app", "p", " proxy= GitHub App 7"},
		{"an installation of the repository's own", "https://ghe.example.com/org/own", "p", " proxy= GitHub App 8"},
		{"a registry, which has no scheme", "registry.example.com/team/app", "p", "u-registry proxy="},
		{"a registry that begins like the template's", "registry.example.com.evil.example/app", "p", " proxy="},
		{"unknown", "https://elsewhere.example.com/x", "p", " proxy="},
	} {
		got, err := book.Find(tc.url, tc.project)
		if err != nil {
			t.Errorf("%s: %v", tc.reason, err)
			continue
		}
		if diff := cmp.Diff(tc.want, summary(got)); diff != "" || got.URL != tc.url {
			t.Errorf("%s: %s (-want +got):\n%s", tc.reason, got.URL, diff)
		}
		wantCA := map[bool]string{true: "PEM"}[source.Host(tc.url) == "git.example.com"]
		if got.CAData != wantCA || got.KnownHosts == "" {
			t.Errorf("%s: CA %q, known hosts %q", tc.reason, got.CAData, got.KnownHosts)
		}
	}
}

func summary(r source.Repository) string {
	out := r.Username + " proxy=" + r.Proxy.Reveal()
	for word, on := range map[string]bool{" force": r.ForceHTTPBasicAuth, " key": r.SSHPrivateKey.Reveal() == "KEY"} {
		if on {
			out += word
		}
	}
	if r.Insecure {
		out += " insecure"
	}
	if r.NeedsToken() {
		out += fmt.Sprint(" ", r.Token.Service(), " ", r.Token.GitHubInstallationID)
	}
	return out
}

func TestSecretsThatCannotBeUsed(t *testing.T) {
	for _, tc := range []struct {
		reason string
		fields []string
		want   string
		kind   fault.Kind
	}{
		{"an App's key without its id", []string{"githubAppPrivateKey=c4n4ry"}, "secret s: githubAppPrivateKey is of no use without githubAppID", fault.Invalid},
		{"an App's id that is none", []string{"githubAppID=c4n4ry"}, "secret s: githubAppID is not a number", fault.Invalid},
		{"an installation that is none", []string{"githubAppInstallationID=-1"}, "secret s: githubAppInstallationID is not a number", fault.Invalid},
		{
			"a principal's secret alone",
			[]string{"azureServicePrincipalClientSecret=c4n4ry"},
			"secret s: azureServicePrincipalClientSecret is of no use without azureServicePrincipalClientId and azureServicePrincipalTenantId", fault.Invalid,
		},
		{"workload identity", []string{"useAzureWorkloadIdentity=c4n4ry"}, "secret s: useAzureWorkloadIdentity is neither true nor false", fault.Invalid},
		{
			"an App for Helm",
			[]string{"type=helm", "githubAppID=1", "githubAppPrivateKey=c4n4ry"},
			"secret s: a repository of type helm cannot be reached with a token of a GitHub App", fault.Unsupported,
		},
		{"a flag of LFS that is none", []string{"enableLfs=c4n4ry"}, "secret s: enableLfs is neither true nor false", fault.Invalid},
		{"what is switched off is not used", []string{"enableLfs=false", "githubAppID=0", "useAzureWorkloadIdentity=false", "gcpServiceAccountKey="}, "", 0},
		{"a flag that is none", []string{"insecure=c4n4ry"}, "secret s: insecure is neither true nor false", fault.Invalid},
		{"negative depth", []string{"depth=-1"}, "secret s: depth is not a number of commits", fault.Invalid},
		{"unknown type", []string{"type=svn"}, "secret s: type is none of git, helm and oci", fault.Invalid},
	} {
		for _, kind := range []string{TypeRepository, TypeTemplate} {
			fields := append([]string{"url=https://git.example.com/a"}, tc.fields...)
			book, problems := New(Input{Secrets: []Secret{secret(kind, "s", fields...)}})
			_, err := book.Find("https://git.example.com/a", "")
			if tc.want == "" {
				if err != nil || len(problems) > 0 {
					t.Errorf("%s in %s: %v, %v", tc.reason, kind, err, problems)
				}
				continue
			}
			if err == nil || err.Error() != tc.want || fault.KindOf(err) != tc.kind || len(problems) != 1 {
				t.Errorf("%s in %s: error %v of kind %v, problems %v", tc.reason, kind, err, fault.KindOf(err), problems)
			}
			if _, err := book.Find("https://other.example.com/a", ""); err != nil {
				t.Errorf("%s in %s: another repository is hit: %v", tc.reason, kind, err)
			}
		}
	}
	_, problems := New(Input{Secrets: []Secret{secret(TypeRepository, "empty"), secret(TypeRepository, "empty2", "url= ")}})
	if got := fmt.Sprint(problems); got != "[secret empty: url is missing secret empty2: url is missing]" {
		t.Error(got)
	}
}

// Which Secret wins does not depend on the order in which the cluster lists them.
func TestFindIsIndependentOfOrder(t *testing.T) {
	urls := []string{"https://h/a", "https://h/a/b", "https://h", "https://H/a.git"}
	rapid.Check(t, func(t *rapid.T) {
		var secrets []Secret
		for i := range rapid.IntRange(0, 6).Draw(t, "n") {
			kind := rapid.SampledFrom([]string{TypeRepository, TypeTemplate}).Draw(t, "kind")
			user := ""
			if rapid.Bool().Draw(t, "has user") {
				user = fmt.Sprint("u", i)
			}
			secrets = append(secrets, secret(kind, fmt.Sprint("s", i), "url="+rapid.SampledFrom(urls).Draw(t, "url"),
				"project="+rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "project"), "username="+user))
		}
		one, _ := New(Input{Secrets: secrets})
		two, _ := New(Input{Secrets: rapid.Permutation(secrets).Draw(t, "order")})
		for _, u := range urls {
			a, errA := one.Find(u, "p")
			b, errB := two.Find(u, "p")
			if a != b || (errA == nil) != (errB == nil) {
				t.Fatalf("%s: %q or %q", u, a.Username, b.Username)
			}
			if a.Project == "q" {
				t.Fatalf("%s: another project's repository", u)
			}
		}
	})
}

func TestLargeFilesAreOfTheRepositoryAndNotOfATemplate(t *testing.T) {
	book, problems := New(Input{Secrets: []Secret{
		secret(TypeRepository, "a", "url=https://h/a", "enableLfs=true"), secret(TypeTemplate, "t", "url=https://h", "username=u", "enableLfs=true"),
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for url, want := range map[string]bool{"https://h/a": true, "https://h/b": false} {
		// As Argo CD, whose templates have no such field.
		if got, err := book.Find(url, ""); err != nil || got.EnableLFS != want || got.Username != "u" {
			t.Errorf("%s: %v, %v", url, got.EnableLFS, err)
		}
	}
}
