package credential

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// githubUser is who an App's token belongs to, to git.
const githubUser = "x-access-token"

// githubToken asks for an installation's token, as
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app has it.
func (m *Minter) githubToken(ctx context.Context, r request) (grant, error) {
	key, err := rsaKey(r.token.GitHubPrivateKey.Reveal())
	if err != nil {
		return grant{}, fault.Keep(fault.Invalid, err, "githubAppPrivateKey")
	}
	s, err := m.service(r, cmp.Or(r.token.GitHubAPI, githubAPI))
	if err != nil {
		return grant{}, err
	}
	defer s.close()
	now := m.opts.Now()
	// Clocks differ: GitHub refuses what begins later than now, and more than ten minutes.
	app, err := jwt(key, "", map[string]any{
		"iss": strconv.FormatInt(r.token.GitHubAppID, 10), "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	})
	if err != nil {
		return grant{}, err
	}
	g := github{s, s.keep(app)}
	installation := r.token.GitHubInstallationID
	if installation == 0 {
		if installation, err = g.installation(ctx, r.account); err != nil {
			return grant{}, err
		}
	}
	var answer struct {
		Token string    `json:"token"`
		End   time.Time `json:"expires_at"`
	}
	if _, err := g.ask(ctx, http.MethodPost, &answer, "app", "installations", strconv.FormatInt(installation, 10), "access_tokens"); err != nil {
		return grant{}, err
	}
	return granted(s.base.Host, grant{user: githubUser, token: source.NewSecret(answer.Token), end: answer.End})
}

// github is GitHub's API as an App sees it.
type github struct {
	*service
	app string
}

func (g github) ask(ctx context.Context, method string, to any, path ...string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.base.JoinPath(path...).String(), nil)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%s: no request can be made of it", g.base.Host)
	}
	req.Header.Set("Authorization", "Bearer "+g.app)
	req.Header.Set("Accept", "application/vnd.github+json")
	return g.do(req, to)
}

// installation is the App's at an organisation or a user. Argo CD reads the list
// of all installations for that, which has pages without end for a public App.
func (g github) installation(ctx context.Context, account string) (int64, error) {
	var answer struct {
		ID int64 `json:"id"`
	}
	for _, kind := range [...]string{"orgs", "users"} {
		status, err := g.ask(ctx, http.MethodGet, &answer, kind, account, "installation")
		if err == nil && answer.ID > 0 {
			return answer.ID, nil
		}
		if err != nil && status != http.StatusNotFound {
			return 0, err
		}
	}
	return 0, fault.New(fault.NotFound, "%s: the App is not installed at %s; install it there, or set githubAppInstallationID", g.base.Host, account)
}

var account = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// owner is the first part of a repository's path.
func owner(repo string) (string, error) {
	path := ""
	if u, err := url.Parse(strings.TrimSpace(repo)); err == nil {
		path = strings.Trim(u.Path, "/")
	}
	name, _, more := strings.Cut(path, "/")
	if !more || !account.MatchString(name) {
		return "", fault.New(fault.Invalid, "the URL names no owner at whom the App could be installed; set githubAppInstallationID")
	}
	return strings.ToLower(name), nil
}
