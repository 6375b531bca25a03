package git

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// discovery is where git's smart protocol starts, relative to the repository's URL.
const discovery = "/info/refs"

const maxRedirects = 5

// whereMoved follows the redirects of a repository for which there are
// credentials, which git would take along to any host, and is the address that
// they lead to. They must stay with the host (https://gitlab.com/a/b sends to
// .../b.git) or lead from its http to its https.
func (s *Store) whereMoved(ctx context.Context, repo source.Repository, a *access) (remote, error) {
	client, err := s.httpClient(repo)
	if err != nil {
		return remote{}, err
	}
	defer client.CloseIdleConnections()
	at := a.remote
	for range maxRedirects {
		next, err := redirect(ctx, client, at.url, a.authorization)
		if err != nil {
			return remote{}, err
		}
		if next == "" {
			return at, nil
		}
		to, err := parseRemote(next)
		if err != nil {
			return remote{}, err
		}
		if !sameOrigin(at.url, to.url) {
			return remote{}, fault.New(fault.Broken,
				"%s redirects to %s; credentials are not sent to another host: name that URL in the Application and in its Secret", at.url, to.url)
		}
		to.user, to.password = at.user, at.password
		at = to
	}
	return remote{}, fault.New(fault.Broken, "%s: redirected more than %d times", a.remote.url, maxRedirects)
}

// redirect is the repository that the one at base redirects to, or empty.
func redirect(ctx context.Context, client *http.Client, base, authorization string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+discovery+"?service=git-upload-pack", nil)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "%s", base)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := client.Do(req)
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "%s: redirect", base)
	}
	defer res.Body.Close()
	if res.StatusCode < 300 || res.StatusCode > 399 {
		return "", nil
	}
	to, err := res.Location()
	if err != nil {
		return "", fault.New(fault.Broken, "%s: redirect without a usable location", base)
	}
	path, ok := strings.CutSuffix(to.Path, discovery)
	if !ok {
		return "", fault.New(fault.Broken, "%s: redirects to something else than a repository", base)
	}
	return (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: path}).String(), nil
}

func sameOrigin(from, to string) bool {
	a, errA := url.Parse(from)
	b, errB := url.Parse(to)
	if errA != nil || errB != nil || a.Hostname() != b.Hostname() {
		return false
	}
	if a.Scheme == b.Scheme {
		return a.Port() == b.Port()
	}
	return a.Scheme == "http" && b.Scheme == "https"
}

// httpClient trusts and presents what git would for repo, and follows nothing.
func (s *Store) httpClient(repo source.Repository) (*http.Client, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: repo.Insecure}
	if repo.CAData != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(repo.CAData)) {
			return nil, fault.New(fault.Invalid, "%s: the certificate in argocd-tls-certs-cm is not PEM", repo)
		}
	}
	if repo.TLSClientCertData != "" {
		pair, err := tls.X509KeyPair([]byte(repo.TLSClientCertData), []byte(repo.TLSClientCertKey.Reveal()))
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s: the client certificate and its key are not a pair", repo)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	proxy, noProxy := s.proxy(repo)
	choose := (&httpproxy.Config{HTTPProxy: proxy, HTTPSProxy: proxy, NoProxy: noProxy}).ProxyFunc()
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: conf,
			Proxy:           func(r *http.Request) (*url.URL, error) { return choose(r.URL) },
		},
	}, nil
}
