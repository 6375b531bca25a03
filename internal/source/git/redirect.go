package git

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

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
	proxy, noProxy := s.proxy(repo)
	repo.Proxy, repo.NoProxy = source.NewSecret(proxy), noProxy
	return s.guard.Client(repo, within)
}
