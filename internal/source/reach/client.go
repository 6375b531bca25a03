package reach

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
)

// Client trusts, presents and takes the proxy of what repo says, sends no password or
// token, and follows nothing. If within is set, the URL of a repository, it connects to
// what may be reached in the name of that URL only.
func (g Guard) Client(repo source.Repository, within string) (*http.Client, error) {
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
	proxy := repo.Proxy.Reveal()
	choose := (&httpproxy.Config{HTTPProxy: proxy, HTTPSProxy: proxy, NoProxy: repo.NoProxy}).ProxyFunc()
	transport := &http.Transport{
		TLSClientConfig: conf, ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second,
		Proxy: func(r *http.Request) (*url.URL, error) { return choose(r.URL) },
	}
	if within != "" {
		transport.DialContext = g.dialBehind(source.Host(within), proxy)
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport,
	}, nil
}

// dialBehind is Dial that lets connections to the proxy pass, which the operator has named.
func (g Guard) dialBehind(from, proxy string) func(ctx context.Context, network, address string) (net.Conn, error) {
	through := ""
	if u, err := url.Parse(proxy); err == nil && u.Hostname() != "" {
		port := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
		through = net.JoinHostPort(strings.ToLower(u.Hostname()), cmp.Or(u.Port(), port, "80"))
	}
	guarded, plain := g.Dial(from), &net.Dialer{Timeout: dialTimeout}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.ToLower(address) == through {
			return plain.DialContext(ctx, network, address)
		}
		return guarded(ctx, network, address)
	}
}
