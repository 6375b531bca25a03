package credential

import (
	"context"
	"net/url"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// googleScope is what Argo CD asks for.
const googleScope = "https://www.googleapis.com/auth/cloud-platform"

// googleToken asks for a service account's token (RFC 7523, and
// https://developers.google.com/identity/protocols/oauth2/service-account).
func (m *Minter) googleToken(ctx context.Context, r request) (grant, error) {
	account, err := parseGoogleKey(r.token.GoogleKey)
	if err != nil {
		return grant{}, err
	}
	key, err := rsaKey(account.PrivateKey)
	if err != nil {
		return grant{}, fault.Keep(fault.Invalid, err, "gcpServiceAccountKey")
	}
	s, err := m.service(r, account.TokenURI)
	if err != nil {
		return grant{}, err
	}
	defer s.close()
	now := m.opts.Now()
	assertion, err := jwt(key, account.PrivateKeyID, map[string]any{
		"iss": account.ClientEmail, "scope": googleScope, "aud": account.TokenURI,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return grant{}, err
	}
	var answer oauth
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {s.keep(assertion)}}
	if err := s.post(ctx, nil, form, &answer); err != nil {
		return grant{}, err
	}
	return granted(s.base.Host, grant{user: account.ClientEmail, token: source.NewSecret(answer.AccessToken), end: answer.end(m.opts.Now())})
}
