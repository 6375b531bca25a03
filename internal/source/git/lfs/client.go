package lfs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/remote"
)

const (
	mediaType    = "application/vnd.git-lfs+json"
	maxAnswer    = 1 << 20
	maxHeaders   = 64
	maxRedirects = 5
)

// Client gets the large files of one repository.
type Client struct {
	// Endpoint is the server's URL, such as https://host/team/app.git/info/lfs.
	Endpoint string
	// Header is sent to the server of Endpoint and to no other.
	Header map[string]string
	// HTTP is the client for a host. It must follow no redirect by itself.
	HTTP func(host string) *http.Client
}

// Configured is the server that a .lfsconfig names, as git config --null --list prints
// it; empty if it names none.
func Configured(list []byte) string {
	named := ""
	for item := range strings.SplitSeq(string(list), "\x00") {
		if value, ok := strings.CutPrefix(item, "lfs.url\n"); ok {
			named = value
		}
	}
	return named
}

// Authenticated takes what git-lfs-authenticate wrote, over SSH: the server, and what is
// to be sent there.
func (c *Client) Authenticated(out []byte) error {
	var a action
	if err := json.Unmarshal(out, &a); err != nil || a.Href == "" {
		return errors.New("git-lfs-authenticate does not say where large files are")
	}
	c.Endpoint, c.Header = a.Href, a.Header
	return nil
}

// action is where a file is and what is to be sent to get it.
type action struct {
	Href   string            `json:"href"`
	Header map[string]string `json:"header"`
}

type object struct {
	OID     string             `json:"oid"`
	Size    int64              `json:"size"`
	Actions map[string]*action `json:"actions,omitempty"`
	Error   *problem           `json:"error,omitempty"`
}

type problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type batch struct {
	Operation string   `json:"operation,omitempty"`
	Transfer  string   `json:"transfer,omitempty"`
	Transfers []string `json:"transfers,omitempty"`
	HashAlgo  string   `json:"hash_algo,omitempty"`
	Objects   []object `json:"objects"`
}

// Get writes the content of p to w. After an error what was written is nothing.
func (c *Client) Get(ctx context.Context, p Pointer, w io.Writer) error {
	at, err := c.locate(ctx, p)
	if err != nil {
		return err
	}
	res, err := c.follow(ctx, at)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(res.Body, p.Size+1))
	switch {
	case err != nil:
		return c.failed(at.Href, err)
	case n != p.Size:
		return fault.New(fault.Broken, "%s: the file has not the %d bytes that its pointer says", source.RedactURL(at.Href), p.Size)
	case hex.EncodeToString(sum.Sum(nil)) != p.OID:
		return fault.New(fault.Broken, "%s: the content is not the one that the pointer says", source.RedactURL(at.Href))
	}
	return nil
}

// locate asks the server where a file is.
func (c *Client) locate(ctx context.Context, p Pointer) (*action, error) {
	body, err := json.Marshal(batch{
		Operation: "download", Transfers: []string{"basic"}, HashAlgo: "sha256", Objects: []object{{OID: p.OID, Size: p.Size}},
	})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "large files")
	}
	answer, err := c.post(ctx, strings.TrimRight(c.Endpoint, "/")+"/objects/batch", body)
	if err != nil {
		return nil, err
	}
	var b batch
	where := source.RedactURL(c.Endpoint)
	if err := json.Unmarshal(answer, &b); err != nil || len(b.Objects) != 1 || b.Objects[0].OID != p.OID {
		return nil, fault.New(fault.Broken, "%s: does not answer as a server of large files", where)
	}
	if b.Transfer != "" && b.Transfer != "basic" {
		return nil, fault.New(fault.Broken, "%s: transfers as %.64q, which nobody asked for", where, b.Transfer)
	}
	o := b.Objects[0]
	if o.Error != nil {
		return nil, c.refused(where, o.Error.Code, o.Error.Message)
	}
	at := o.Actions["download"]
	if at == nil || at.Href == "" || len(at.Header) > maxHeaders {
		return nil, fault.New(fault.Broken, "%s: does not say where the file is", where)
	}
	return at, nil
}

// post asks the server of Endpoint, and follows redirects on it only.
func (c *Client) post(ctx context.Context, to string, body []byte) ([]byte, error) {
	server, err := remote.Parse(c.Endpoint)
	if err != nil || !server.OverHTTP() {
		return nil, fault.New(fault.Invalid, "%s: no address of a server of large files", source.RedactURL(c.Endpoint))
	}
	for range maxRedirects {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s: no address of a server of large files", source.RedactURL(to))
		}
		setHeaders(req, c.Header)
		req.Header.Set("Accept", mediaType)
		req.Header.Set("Content-Type", mediaType)
		res, err := c.HTTP(req.URL.Hostname()).Do(req)
		if err != nil {
			return nil, c.failed(to, err)
		}
		answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		res.Body.Close()
		if err != nil {
			return nil, c.failed(to, err)
		}
		if res.StatusCode == http.StatusOK {
			return answer, nil
		}
		next, err := res.Location()
		if err != nil || res.StatusCode/100 != 3 {
			var said problem
			_ = json.Unmarshal(answer, &said) // many answer with a page
			return nil, c.refused(source.RedactURL(c.Endpoint), res.StatusCode, said.Message)
		}
		if serverOf(next) != server.Server() {
			return nil, fault.New(fault.Broken, "%s: redirects to another server, %s", source.RedactURL(to), source.RedactURL(next.String()))
		}
		to = next.String()
	}
	return nil, fault.New(fault.Broken, "%s: redirected more than %d times", source.RedactURL(c.Endpoint), maxRedirects)
}

// follow asks for the file. What is sent to one server is not sent to the next.
func (c *Client) follow(ctx context.Context, at *action) (*http.Response, error) {
	from, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: no address of a server of large files", source.RedactURL(c.Endpoint))
	}
	to, headers := at.Href, at.Header
	if u, err := url.Parse(to); err == nil && serverOf(u) == serverOf(from) && !authorized(headers) {
		headers = map[string]string{}
		maps.Copy(headers, c.Header)
		maps.Copy(headers, at.Header)
	}
	for range maxRedirects {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
		if err != nil || req.URL.Host == "" || req.URL.Scheme != "https" && (req.URL.Scheme != "http" || from.Scheme == "https") {
			return nil, fault.New(fault.Broken, "%s: sends to %s, which is not followed", source.RedactURL(from.String()), source.RedactURL(to))
		}
		setHeaders(req, headers)
		req.Header.Set("Accept-Encoding", "identity")
		res, err := c.HTTP(req.URL.Hostname()).Do(req)
		if err != nil {
			return nil, c.failed(to, err)
		}
		if res.StatusCode == http.StatusOK {
			return res, nil
		}
		res.Body.Close()
		next, err := res.Location()
		if err != nil || res.StatusCode/100 != 3 {
			return nil, c.refused(source.RedactURL(to), res.StatusCode, "")
		}
		if serverOf(next) != serverOf(req.URL) {
			headers = nil
		}
		from, to = req.URL, next.String()
	}
	return nil, fault.New(fault.Broken, "%s: redirected more than %d times", source.RedactURL(at.Href), maxRedirects)
}

func serverOf(u *url.URL) string {
	return u.Scheme + " " + strings.ToLower(u.Hostname()) + " " + remote.Port(u.String(), u.Scheme)
}

func authorized(headers map[string]string) bool {
	for name := range headers {
		if strings.EqualFold(name, "Authorization") {
			return true
		}
	}
	return false
}

// setHeaders leaves out what is about the connection and not about the file.
func setHeaders(req *http.Request, headers map[string]string) {
	for name, value := range headers {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Connection", "Content-Length", "Transfer-Encoding", "Accept-Encoding", "Trailer", "Te", "Upgrade":
		default:
			req.Header.Set(name, value)
		}
	}
}

// failed says why nothing was answered. The errors of net/http hold the whole URL.
func (c *Client) failed(to string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	where := source.RedactURL(to)
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "%s: not done within the time limit", where)
	}
	return fault.Keep(fault.Unavailable, err, "%s", where)
}

// refused says what the server's answer means.
func (c *Client) refused(where string, code int, message string) error {
	kind, said := fault.Broken, "the server of large files answers "+http.StatusText(code)
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		said = "the server of large files refuses the credentials, or wants some"
	case code == http.StatusNotFound || code == http.StatusGone:
		kind, said = fault.NotFound, "the server of large files does not have it"
	case code == http.StatusTooManyRequests || code >= 500:
		kind = fault.Unavailable
	}
	if message = c.scrub(message); message != "" {
		said += ": " + message
	}
	return fault.New(kind, "%s: %s", where, said)
}

const maxMessage = 200

// scrub is a server's message in one line, without what it was told in confidence.
func (c *Client) scrub(message string) string {
	for _, value := range slices.Sorted(maps.Values(c.Header)) {
		for _, secret := range append(strings.Fields(value), value) {
			if len(secret) > len("Bearer") {
				message = strings.ReplaceAll(message, secret, "[redacted]")
			}
		}
	}
	message = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(source.RedactText(message), ""))
	message = strings.Join(strings.Fields(message), " ")
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return message
}
