package lfs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"evenkeel.dev/internal/fault"
)

const (
	canary  = "c4n4ry-p4ssw0rd"
	content = "kind: ConfigMap\n"
)

// world is a server of large files, and one of somebody else, that remember who told
// them a secret.
type world struct {
	own, other *httptest.Server
	// answer is what the batch is answered with; ANSWER stands for the own server, OTHER for the other.
	answer string
	status int
	leaked []string
}

func newWorld(t *testing.T) *world {
	w := &world{status: http.StatusOK}
	w.own = httptest.NewServer(http.HandlerFunc(w.serveOwn))
	t.Cleanup(w.own.Close)
	w.other = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(fmt.Sprint(r.Header, r.URL), canary) {
			w.leaked = append(w.leaked, r.URL.Path)
		}
		if r.URL.Path == "/given" && r.Header.Get("X-Given") != "yes" {
			http.Error(rw, "no", http.StatusForbidden)
			return
		}
		fmt.Fprint(rw, content)
	}))
	t.Cleanup(w.other.Close)
	return w
}

func (w *world) expand(s string) string {
	return strings.NewReplacer("OWN", w.own.URL, "OTHER", w.other.URL).Replace(s)
}

func (w *world) serveOwn(rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/away/objects/batch":
		http.Redirect(rw, r, w.other.URL+"/batch", http.StatusTemporaryRedirect)
	case r.URL.Path == "/near/objects/batch":
		http.Redirect(rw, r, "/lfs/objects/batch", http.StatusPermanentRedirect)
	case r.URL.Path == "/loop/objects/batch":
		http.Redirect(rw, r, r.URL.Path, http.StatusPermanentRedirect)
	case r.Header.Get("Authorization") != "Bearer "+canary && r.URL.Path != "/signed":
		http.Error(rw, `{"message": "who are you?"}`, http.StatusUnauthorized)
	case strings.HasSuffix(r.URL.Path, "/objects/batch"):
		rw.WriteHeader(w.status)
		fmt.Fprint(rw, w.expand(w.answer))
	case r.URL.Path == "/to-other":
		http.Redirect(rw, r, w.other.URL+"/plain", http.StatusFound)
	case r.URL.Path == "/circle":
		http.Redirect(rw, r, "/circle", http.StatusFound)
	case r.URL.Path == "/to-file":
		http.Redirect(rw, r, "file:///etc/passwd", http.StatusFound)
	case r.URL.Path == "/long":
		fmt.Fprint(rw, content+"more")
	case r.URL.Path == "/short":
		fmt.Fprint(rw, content[1:])
	case r.URL.Path == "/wrong":
		fmt.Fprint(rw, strings.ToUpper(content))
	case r.URL.Path == "/gone":
		http.Error(rw, "", http.StatusNotFound)
	case r.URL.Path == "/busy":
		http.Error(rw, "", http.StatusServiceUnavailable)
	default:
		fmt.Fprint(rw, content)
	}
}

func TestGet(t *testing.T) {
	sum := sha256.Sum256([]byte(content))
	p := Pointer{hex.EncodeToString(sum[:]), int64(len(content))}
	at := func(href, headers string) string {
		return fmt.Sprintf(`{"transfer": "basic", "objects": [{"oid": %q, "size": 16, "actions": {"download": {"href": %q, "header": {%s}}}}]}`, p.OID, href, headers)
	}
	for _, tc := range []struct {
		reason, endpoint, answer string
		status                   int
		want                     string
		kind                     fault.Kind
	}{
		{"on the server itself", "", at("OWN/x", ""), 0, "", 0},
		{"with a header of its own", "", at("OWN/signed?sig=1", `"authorization": "RemoteAuth x"`), 0, "", 0},
		{"on another server", "", at("OTHER/plain", ""), 0, "", 0},
		{"on another server with what is given for it", "", at("OTHER/given", `"X-Given": "yes", "Host": "evil"`), 0, "", 0},
		{"redirected to another server", "", at("OWN/to-other", ""), 0, "", 0},
		{"the batch is redirected on the server", "OWN/near", at("OWN/x", ""), 0, "", 0},
		{"the batch is redirected to another server", "OWN/away", "", 0, "redirects to another server", fault.Broken},
		{"the batch is redirected in a circle", "OWN/loop", "", 0, "redirected more than", fault.Broken},
		{"redirected in a circle", "", at("OWN/circle", ""), 0, "redirected more than", fault.Broken},
		{"redirected to a file", "", at("OWN/to-file", ""), 0, "which is not followed", fault.Broken},
		{"a file", "", at("file:///etc/passwd", ""), 0, "which is not followed", fault.Broken},
		{"relative", "", at("/x", ""), 0, "which is not followed", fault.Broken},
		{"a header that is two", "", at("OWN/x", `"X-A": "b\r\nX-C: d"`), 0, "invalid header", fault.Unavailable},
		{"longer than the pointer says", "", at("OWN/long", ""), 0, "has not the 16 bytes", fault.Broken},
		{"shorter than the pointer says", "", at("OWN/short", ""), 0, "has not the 16 bytes", fault.Broken},
		{"another content", "", at("OWN/wrong", ""), 0, "not the one that the pointer says", fault.Broken},
		{"not there", "", at("OWN/gone?sig="+canary, ""), 0, "does not have it", fault.NotFound},
		{"not now", "", at("OWN/busy", ""), 0, "Service Unavailable", fault.Unavailable},
		{"unknown", "", `{"objects": [{"oid": "` + p.OID + `", "error": {"code": 404, "message": "nope` + canary + ` \u001b[31m"}}]}`, 0, "nope", fault.NotFound},
		{"another object", "", strings.Replace(at("OWN/x", ""), p.OID, strings.Repeat("1", 64), 1), 0, "does not answer as", fault.Broken},
		{"no object", "", `{"objects": []}`, 0, "does not answer as", fault.Broken},
		{"no action", "", `{"objects": [{"oid": "` + p.OID + `"}]}`, 0, "does not say where", fault.Broken},
		{"another transfer", "", strings.Replace(at("OWN/x", ""), "basic", "tus", 1), 0, "transfers as", fault.Broken},
		{"a page", "", "<html>", 0, "does not answer as", fault.Broken},
		{"an endless answer", "", strings.Repeat(" ", maxAnswer+1), 0, "does not answer as", fault.Broken},
		{"overload", "", `{"message": "later"}`, http.StatusTooManyRequests, "later", fault.Unavailable},
		{"no server of large files", "", "", http.StatusNotFound, "does not have it", fault.NotFound},
	} {
		w := newWorld(t)
		w.answer = tc.answer
		if tc.status != 0 {
			w.status = tc.status
		}
		if tc.endpoint == "" {
			tc.endpoint = "OWN/lfs"
		}
		follow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		c := &Client{
			Endpoint: w.expand(tc.endpoint), Header: map[string]string{"Authorization": "Bearer " + canary},
			HTTP: func(string) *http.Client { return follow },
		}
		var got bytes.Buffer
		err := c.Get(t.Context(), p, &got)
		if tc.want == "" && (err != nil || got.String() != content) {
			t.Errorf("%s: %q, %v", tc.reason, got.String(), err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || fault.KindOf(err) != tc.kind) {
			t.Errorf("%s: %v of kind %v", tc.reason, err, fault.KindOf(err))
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: the error shows too much: %v", tc.reason, err)
		}
		if len(w.leaked) > 0 {
			t.Errorf("%s: the other server was given the credentials at %v", tc.reason, w.leaked)
		}
	}
}

// Whatever a server answers: no panic, and nothing but http.
func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"transfer": "basic", "objects": [{"oid": "x", "actions": {"download": {"href": "http://h/x"}}}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
				t.Errorf("asks %s", r.URL)
			}
			rec := httptest.NewRecorder()
			rec.Write(answer)
			return rec.Result(), nil
		})
		c := &Client{Endpoint: "https://h/lfs", HTTP: func(string) *http.Client { return &http.Client{Transport: transport} }}
		var b batch
		oid := strings.Repeat("1", 64)
		if json.Unmarshal(answer, &b) == nil && len(b.Objects) == 1 {
			oid = b.Objects[0].OID
		}
		if err := c.Get(t.Context(), Pointer{oid, 5}, &bytes.Buffer{}); err == nil {
			t.Error("a content that cannot be right")
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }
