package credential

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpproxy"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

const (
	// maxAnswer is the longest answer of a service, in bytes.
	maxAnswer = 1 << 20
	// maxComplaint is how much of what a service complains about is shown, in bytes.
	maxComplaint = 300
)

// service is a host that tokens are asked of. It must be closed.
type service struct {
	client *http.Client
	base   *url.URL
	// secrets are what was sent and must not come back in an error.
	secrets []string
}

// service prepares for talking to the host of base, which must be a whole URL.
func (m *Minter) service(r request, base string) (*service, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fault.New(fault.Invalid, "%q is no http or https URL without a user", source.RedactURL(base))
	}
	host := ownHost{ca: r.token.CAData}
	if r.own.name == source.Host(base) {
		host = r.own
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: host.insecure}
	if host.ca != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(host.ca)) {
			return nil, fault.New(fault.Invalid, "the certificate for %s in argocd-tls-certs-cm is not PEM", u.Hostname())
		}
	}
	if host.cert != "" {
		pair, err := tls.X509KeyPair([]byte(host.cert), []byte(host.key.Reveal()))
		if err != nil {
			return nil, fault.New(fault.Invalid, "the client certificate and its key are not a pair")
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	choose := (&httpproxy.Config{HTTPProxy: r.proxy.Reveal(), HTTPSProxy: r.proxy.Reveal(), NoProxy: r.noProxy}).ProxyFunc()
	client := &http.Client{
		// What is sent is for this host only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig:   conf,
			ForceAttemptHTTP2: true,
			Proxy:             func(r *http.Request) (*url.URL, error) { return choose(r.URL) },
		},
	}
	return &service{client: client, base: u, secrets: []string{r.proxy.Reveal()}}, nil
}

func (s *service) close() { s.client.CloseIdleConnections() }

// keep notes what must not come back in an error.
func (s *service) keep(secret string) string {
	s.secrets = append(s.secrets, secret)
	return secret
}

// post sends a form, as OAuth has it (RFC 6749), and reads the answer into to.
func (s *service) post(ctx context.Context, path []string, form url.Values, to any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.JoinPath(path...).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return fault.New(fault.Invalid, "%s: no request can be made of it", s.base.Host)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	_, err = s.do(req, to)
	return err
}

// do sends a request, reads the answer into to, and is its status.
func (s *service) do(req *http.Request, to any) (status int, err error) {
	host := s.base.Host
	res, err := s.client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return 0, fault.New(fault.Unavailable, "%s: %s", host, s.clean(err.Error()))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return res.StatusCode, fault.New(fault.Unavailable, "%s: %s", host, s.clean(err.Error()))
	case len(body) > maxAnswer:
		return res.StatusCode, fault.New(fault.Broken, "%s: its answer is too long", host)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return res.StatusCode, s.refusal(res, body)
	case json.Unmarshal(body, to) != nil:
		return res.StatusCode, fault.New(fault.Broken, "%s: its answer is not understood", host)
	}
	return res.StatusCode, nil
}

// refusal is what an answer that is none of success means.
func (s *service) refusal(res *http.Response, body []byte) error {
	kind := fault.Broken
	limited := res.StatusCode == http.StatusTooManyRequests || res.Header.Get("Retry-After") != "" || res.Header.Get("X-RateLimit-Remaining") == "0"
	if limited || res.StatusCode > 499 {
		kind = fault.Unavailable
	}
	if res.StatusCode < 400 {
		return fault.New(kind, "%s: sends elsewhere, which credentials do not follow", s.base.Host)
	}
	// GitHub has a message, OAuth (RFC 6749, 5.2) an error and its description.
	var said struct {
		Message     string          `json:"message"`
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	var code string
	if json.Unmarshal(body, &said) == nil && json.Unmarshal(said.Error, &code) != nil {
		code = ""
	}
	var words []string
	for _, w := range []string{said.Message, code, said.Description} {
		if w != "" {
			words = append(words, s.clean(w))
		}
	}
	return fault.New(kind, "%s", strings.Join(append([]string{s.base.Host, res.Status}, words...), ": "))
}

// clean is text of others in one line, without what was sent.
func (s *service) clean(text string) string {
	for _, secret := range s.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	text, _, _ = strings.Cut(strings.TrimSpace(source.RedactText(text)), "\n")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	if len(text) > maxComplaint {
		text = strings.ToValidUTF8(text[:maxComplaint], "") + "…"
	}
	return text
}

// oauth is the answer with a token (RFC 6749, 5.1). Azure has written numbers as text.
type oauth struct {
	AccessToken  string      `json:"access_token"`
	RefreshToken string      `json:"refresh_token"`
	ExpiresIn    json.Number `json:"expires_in"`
}

// end is when the token that was got just now ends; zero when nothing is said.
func (o oauth) end(now time.Time) time.Time {
	seconds, err := o.ExpiresIn.Int64()
	if err != nil || seconds <= 0 || seconds > int64(24*time.Hour/time.Second) {
		return time.Time{}
	}
	return now.Add(time.Duration(seconds) * time.Second)
}

// granted makes a grant of a token that may come from anybody.
func granted(host string, g grant) (grant, error) {
	token := g.token.Reveal()
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return grant{}, fault.New(fault.Broken, "%s: gave no usable token", host)
	}
	return g, nil
}
