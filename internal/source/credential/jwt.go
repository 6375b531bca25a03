package credential

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"evenkeel.dev/internal/fault"
)

// jwt is a JSON web token (RFC 7519) signed with RS256, which is what GitHub and
// Google take. keyID may be empty.
func jwt(key *rsa.PrivateKey, keyID string, claims map[string]any) (string, error) {
	header := map[string]string{"alg": "RS256", "typ": "JWT"}
	if keyID != "" {
		header["kid"] = keyID
	}
	var parts []string
	for _, part := range []any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", fault.Wrap(fault.Internal, err, "JSON web token")
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	text := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fault.New(fault.Invalid, "the private key cannot sign")
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// rsaKey reads PKCS #1, which GitHub hands out, PKCS #8, which Google does, and
// OpenSSH's own form, which Argo CD's documentation shows.
func rsaKey(pem string) (*rsa.PrivateKey, error) {
	key, err := ssh.ParseRawPrivateKey([]byte(pem))
	if err != nil {
		// The parser's error may quote the key.
		return nil, fault.New(fault.Invalid, "the private key is not PEM, or is encrypted")
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fault.New(fault.Invalid, "the private key is not an RSA key")
	}
	return rsaKey, nil
}

// endOf is when a JSON web token that was just received says it ends; zero when it does not.
func endOf(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		End int64 `json:"exp"`
	}
	if json.Unmarshal(text, &claims) != nil || claims.End <= 0 {
		return time.Time{}
	}
	return time.Unix(claims.End, 0)
}
