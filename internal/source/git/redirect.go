package git

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/remote"
)

// discovery is where git's smart protocol starts, relative to the repository's URL.
const discovery = "/info/refs"

const maxRedirects = 5

// whereMoved follows the redirects of a repository, which git would do without
// looking, and is the address that they lead to. With credentials they must stay with
// the host (https://gitlab.com/a/b sends to .../b.git) or lead from its http to its
// https. Without, they may lead to another host, if that is no further inside.
func (s *Store) whereMoved(ctx context.Context, repo source.Repository, a *access) (remote.Remote, error) {
	client, err := s.httpClient(repo, repo.Within)
	if err != nil {
		return remote.Remote{}, err
	}
	defer client.CloseIdleConnections()
	at := a.remote
	for range maxRedirects {
		next, err := redirect(ctx, client, at.URL, a.authorization)
		if err != nil {
			return remote.Remote{}, err
		}
		if next == "" {
			return at, nil
		}
		to, err := remote.Parse(next)
		if err != nil {
			return remote.Remote{}, err
		}
		if err := s.mayMove(ctx, repo, a, to, at); err != nil {
			return remote.Remote{}, err
		}
		to.User, to.Password = at.User, at.Password
		at = to
	}
	return remote.Remote{}, fault.New(fault.Broken, "%s: redirected more than %d times", a.remote.URL, maxRedirects)
}

func (s *Store) mayMove(ctx context.Context, repo source.Repository, a *access, to, from remote.Remote) error {
	if from.Leads(to) {
		return nil
	}
	switch {
	case a.credentials:
		return fault.New(fault.Broken,
			"%s redirects to %s; credentials are not sent to another host: name that URL in the Application and in its Secret", from.URL, to.URL)
	case !to.OverHTTP() || from.Scheme == "https" && to.Scheme == "http":
		return fault.New(fault.Broken, "%s redirects to %s, by %s, which is not followed", from.URL, to.URL, to.Scheme)
	}
	guarded := repo
	guarded.Within = cmp.Or(repo.Within, from.URL)
	if _, err := s.admit(ctx, guarded, to); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "%s redirects", from.URL)
	}
	return nil
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

// httpClient trusts and presents what git would for repo, and follows nothing. If
// within is set, it connects to what may be reached in the name of that URL only.
func (s *Store) httpClient(repo source.Repository, within string) (*http.Client, error) {
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
	transport := &http.Transport{
		TLSClientConfig: conf, ForceAttemptHTTP2: true,
		Proxy: func(r *http.Request) (*url.URL, error) { return choose(r.URL) },
	}
	if within != "" {
		transport.DialContext = s.guardedDial(within, proxy)
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport,
	}, nil
}

// guardedDial lets connections to the proxy pass, which the operator has named.
func (s *Store) guardedDial(within, proxy string) func(ctx context.Context, network, address string) (net.Conn, error) {
	proxyHost, proxyPort := "", ""
	if u, err := url.Parse(proxy); err == nil {
		proxyHost, proxyPort = u.Hostname(), remote.Port(proxy, u.Scheme)
	}
	guarded := s.guard.Dial(source.Host(within))
	plain := &net.Dialer{Timeout: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err == nil && proxyHost != "" && strings.EqualFold(host, proxyHost) && port == proxyPort {
			return plain.DialContext(ctx, network, address)
		}
		return guarded(ctx, network, address)
	}
}
