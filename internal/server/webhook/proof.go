package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

// proof is how the sender of one event shows that it knows the secret.
type proof struct {
	// needed: a secret is configured for the provider.
	needed bool
	// header is whether what is in the headers is right so far, so that the body of
	// others is not even read.
	header bool
	// body says whether the body is as it was signed; nil where the header is all.
	body func(body []byte) bool
}

// refused says that the headers alone show that nothing is proven.
func (p proof) refused() bool { return p.needed && !p.header }

// fits says whether a body is as it was signed, where the headers were right.
func (p proof) fits(body []byte) bool { return p.body == nil || p.body(body) }

// signature is a proof by an HMAC of the body with SHA-256, as hexadecimal digits
// after a prefix. SHA-1 proves nothing here, as in Argo CD.
func signature(secret, given, prefix string) proof {
	if secret == "" {
		return proof{}
	}
	digest, found := strings.CutPrefix(given, prefix)
	want, err := hex.DecodeString(digest)
	return proof{needed: true, header: found && err == nil && len(want) == sha256.Size, body: func(body []byte) bool {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		return hmac.Equal(mac.Sum(nil), want)
	}}
}

// token is a proof by a header that has the secret itself.
func token(secret, given string) proof {
	return proof{needed: secret != "", header: same(secret, given)}
}

// password is a proof by basic authentication.
func password(user, secret string, h http.Header) proof {
	givenUser, givenSecret, ok := (&http.Request{Header: h}).BasicAuth()
	right := same(user, givenUser) && same(secret, givenSecret)
	return proof{needed: user != "" || secret != "", header: ok && right}
}

// same compares in a time that says nothing of the secret, not even its length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
