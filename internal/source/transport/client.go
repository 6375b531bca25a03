package transport

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// Options of NewClient.
type Options struct {
	// Timeout bounds one exchange, from the dialing to the last byte of the answer,
	// redirects included; 0 means 5 minutes.
	Timeout time.Duration
	// Proxy and NoProxy are for repositories that name no proxy of their own.
	Proxy   source.Secret
	NoProxy string
	// Anonymous leaves user, password and token out: the caller authorizes its
	// requests by itself. What it sets as Authorization is kept from other hosts
	// just so when there is a redirect.
	Anonymous bool
	// PassCredentials gives user, password or token to every host that a request is
	// made to, as Helm does with --pass-credentials, but not to where one is
	// redirected, and not in the clear if the repository's own URL is of https.
	PassCredentials bool
	// RefuseLoopback refuses this machine's own addresses also if the repository is
	// named by one.
	RefuseLoopback bool
}

const (
	maxRedirects      = 10
	dialTimeout       = 30 * time.Second
	handshakeTimeout  = 15 * time.Second
	headerTimeout     = time.Minute
	maxHeaderBytes    = 256 << 10
	idleTimeout       = 30 * time.Second
	idleConnections   = 4
	minimumTLSVersion = tls.VersionTLS12
)

// UserAgent is what clients call themselves. It has no version, which would be an
// invitation to those who look for old ones.
const UserAgent = "evenkeel"

// NewClient is a client for what is at repo.URL.
func NewClient(repo source.Repository, opts Options) (*http.Client, error) {
	home, err := originOf(repo)
	if err != nil {
		return nil, err
	}
	t := &roundTripper{home: home, pass: opts.PassCredentials}
	if !opts.Anonymous {
		if t.authorization, err = Authorization(repo); err != nil {
			return nil, err
		}
	}
	proxy, err := proxyOf(repo, opts)
	if err != nil {
		return nil, err
	}
	own, others, err := tlsConfigs(repo)
	if err != nil {
		return nil, err
	}
	loopback := isLoopback(home.host) && !opts.RefuseLoopback
	t.guard = guard{loopback: loopback, proxy: proxy.address, within: source.Host(repo.Within)}
	t.own, t.others = newTransport(t.guard, proxy, own), newTransport(t.guard, proxy, others)
	return &http.Client{Transport: t, CheckRedirect: checkRedirect, Timeout: cmp.Or(opts.Timeout, 5*time.Minute)}, nil
}

func newTransport(g guard, p proxy, conf *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                  p.choose,
		DialContext:            g.dial,
		TLSClientConfig:        conf,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        idleTimeout,
	}
}

// Authorization is the value of the header of that name for repo: the bearer token,
// else user and password of the repository, else those inside its URL; empty if there
// are none.
func Authorization(repo source.Repository) (string, error) {
	user, password := repo.Username, repo.Password.Reveal()
	if user == "" && password == "" {
		if u, err := url.Parse(repo.URL); err == nil && u.User != nil {
			user = u.User.Username()
			password, _ = u.User.Password()
		}
	}
	token := repo.BearerToken.Reveal()
	for _, v := range []*string{&user, &password, &token} {
		// Secrets made with "echo" end in a newline that nobody means.
		*v = strings.TrimRight(*v, "\r\n")
		if strings.ContainsAny(*v, "\r\n\x00") {
			return "", fault.New(fault.Invalid, "%s: user, password or token holds a line break", repo)
		}
	}
	switch {
	case token != "":
		return "Bearer " + token, nil
	case user != "" || password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), nil
	}
	return "", nil
}

// tlsConfigs are for the repository's own host and for others. The own one is
// trusted by the certificate given for it alone, if there is one; others, which may
// be as internal, by that or by the system's. Who does not check the own host's
// certificate checks nobody's: an index that anybody may have written names them.
func tlsConfigs(repo source.Repository) (own, others *tls.Config, err error) {
	own = &tls.Config{MinVersion: minimumTLSVersion, InsecureSkipVerify: repo.Insecure}
	others = own.Clone()
	if repo.CAData != "" {
		own.RootCAs = x509.NewCertPool()
		if !own.RootCAs.AppendCertsFromPEM([]byte(repo.CAData)) {
			return nil, nil, fault.New(fault.Invalid, "%s: the certificate in argocd-tls-certs-cm is not PEM", repo)
		}
		if others.RootCAs, err = x509.SystemCertPool(); err != nil {
			others.RootCAs = x509.NewCertPool()
		}
		others.RootCAs.AppendCertsFromPEM([]byte(repo.CAData))
	}
	if repo.TLSClientCertData != "" {
		pair, err := tls.X509KeyPair([]byte(repo.TLSClientCertData), []byte(repo.TLSClientCertKey.Reveal()))
		if err != nil {
			return nil, nil, fault.New(fault.Invalid, "%s: the client certificate and its key are not a pair", repo)
		}
		own.Certificates = []tls.Certificate{pair}
	}
	return own, others, nil
}

type proxy struct {
	choose func(*http.Request) (*url.URL, error)
	// address is where the proxy itself is; empty without one.
	address string
}

// proxyOf is the repository's proxy. One that cannot be understood is an error: to
// go without it would show requests to who is not to see them.
func proxyOf(repo source.Repository, opts Options) (proxy, error) {
	text, except := repo.Proxy.Reveal(), repo.NoProxy
	if text == "" {
		text, except = opts.Proxy.Reveal(), opts.NoProxy
	}
	if text == "" {
		return proxy{}, nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	ports := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || ports[u.Scheme] == "" {
		return proxy{}, fault.New(fault.Invalid, "%s: its proxy is not an address of http, https or socks5", repo)
	}
	choose := (&httpproxy.Config{HTTPProxy: text, HTTPSProxy: text, NoProxy: except}).ProxyFunc()
	return proxy{
		choose:  func(r *http.Request) (*url.URL, error) { return choose(r.URL) },
		address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ports[u.Scheme])),
	}, nil
}

// roundTripper adds credentials on the way out, where no redirect copies them.
type roundTripper struct {
	home          origin
	authorization string
	pass          bool
	guard         guard
	own, others   *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.guard.literal(req.Context(), req.URL.Hostname()); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", UserAgent)
	first, stayed := start(req)
	here := t.home.includes(first.URL) && stayed
	passed := t.pass && stayed && (req.URL.Scheme == "https" || t.home.scheme == "http")
	if t.authorization != "" && (here || passed) && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", t.authorization)
	}
	if here {
		return t.own.RoundTrip(req)
	}
	return t.others.RoundTrip(req)
}

// CloseIdleConnections is called by http.Client's.
func (t *roundTripper) CloseIdleConnections() {
	t.own.CloseIdleConnections()
	t.others.CloseIdleConnections()
}

// start is the request that req comes from by redirects, and whether all of these
// stayed with its host.
func start(req *http.Request) (first *http.Request, stayed bool) {
	chain := []*http.Request{req}
	for at := req; at.Response != nil && at.Response.Request != nil; {
		at = at.Response.Request
		chain = append(chain, at)
	}
	first = chain[len(chain)-1]
	home := originAt(first.URL)
	for _, r := range chain {
		if !home.includes(r.URL) {
			return first, false
		}
	}
	return first, true
}

var errRedirect = errors.New("redirect")

// checkRedirect is http.Client's. What the caller, or Go, put in the header of the
// first request goes along to the same host only; Go itself would send it to its
// subdomains and to its other ports.
func checkRedirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	switch {
	case len(via) >= maxRedirects:
		return fault.Wrap(fault.Broken, errRedirect, "more than %d of them", maxRedirects)
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return fault.Wrap(fault.Broken, errRedirect, "to %s, which is not HTTP", source.RedactURL(req.URL.String()))
	case last.URL.Scheme == "https" && req.URL.Scheme == "http":
		return fault.Wrap(fault.Broken, errRedirect, "from https to %s", source.RedactURL(req.URL.String()))
	}
	// It would tell the next host the query, which may be a signature.
	req.Header.Del("Referer")
	home := originAt(via[0].URL)
	stayed := home.includes(req.URL)
	for _, r := range via {
		stayed = stayed && home.includes(r.URL)
	}
	if !stayed {
		req.Header.Del("Authorization")
		req.Header.Del("Cookie")
	}
	return nil
}
