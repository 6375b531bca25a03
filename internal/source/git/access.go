package git

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// remoteName is what the repository is called in git's arguments; its URL is
// given by configuration, where nothing can be taken for an option.
const remoteName = "evenkeel"

// access is everything that git processes need to reach one repository, valid
// until close.
type access struct {
	remote remote
	env    []string
	// dir is a private directory with keys and certificates; empty when there are none.
	dir string
	// authorization is the value of the HTTP header, or empty.
	authorization string
	// credentials says that there are any, so that redirects must be watched.
	credentials bool
	// secrets are what must not appear in an error.
	secrets []string
}

// config collects git configuration for GIT_CONFIG_COUNT and its siblings.
type config struct {
	keys, values []string
}

func (c *config) set(key, value string) {
	c.keys, c.values = append(c.keys, key), append(c.values, value)
}

func (c *config) environ() []string {
	env := []string{fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(c.keys))}
	for i := range c.keys {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, c.keys[i]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, c.values[i]))
	}
	return env
}

// localConfig is configuration for processes that talk to nobody.
func localConfig() *config {
	c := &config{}
	c.set("protocol.allow", "never")
	c.set("core.hooksPath", os.DevNull)
	c.set("gc.auto", "0")
	c.set("maintenance.auto", "false")
	return c
}

// signIn is repo with the token that its description leads to, for one process or
// request. What is remembered of a repository is remembered by the description.
func (s *Store) signIn(ctx context.Context, repo source.Repository, r remote) (source.Repository, error) {
	if r.scheme != "https" && r.scheme != "http" {
		return repo, nil
	}
	return s.opts.Minter.SignIn(ctx, repo)
}

// refused passes err on, and has a token replaced with which the server did not let us in.
func (s *Store) refused(described source.Repository, err error) error {
	if k := fault.KindOf(err); k == fault.Broken || k == fault.NotFound {
		s.opts.Minter.Refused(described)
	}
	return err
}

// open prepares access to the repository at r, which is repo's own address or
// the one that it has moved to.
func (s *Store) open(repo source.Repository, r remote) (*access, error) {
	a := &access{remote: r}
	c := localConfig()
	c.set("protocol."+r.scheme+".allow", "always")
	c.set("remote."+remoteName+".url", r.url)
	c.set("credential.helper", "")
	// Every fetch becomes a pack that appears whole or not at all; loose objects
	// would appear one by one, a commit before its trees.
	c.set("transfer.unpackLimit", "1")
	var err error
	switch r.scheme {
	case "https", "http":
		err = s.openHTTP(a, c, repo)
	case "ssh":
		err = s.openSSH(a, repo)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	a.env = append(a.env, c.environ()...)
	return a, nil
}

func (a *access) close() {
	if a.dir != "" {
		os.RemoveAll(a.dir)
	}
}

func (s *Store) openHTTP(a *access, c *config, repo source.Repository) error {
	header, err := a.authorize(repo)
	if err != nil {
		return err
	}
	if header != "" {
		a.authorization = header
		c.set("http."+a.remote.url+".extraHeader", "Authorization: "+header)
	}
	a.credentials = header != "" || repo.TLSClientCertData != ""
	// Git would send the header to wherever it is redirected; see moved.
	c.set("http.followRedirects", map[bool]string{true: "false", false: "initial"}[a.credentials])
	if repo.Insecure {
		c.set("http.sslVerify", "false")
	}
	for key, pem := range map[string]string{
		"http.sslCAInfo": repo.CAData,
		"http.sslCert":   repo.TLSClientCertData,
		"http.sslKey":    repo.TLSClientCertKey.Reveal(),
	} {
		if pem == "" {
			continue
		}
		path, err := s.keep(a, strings.TrimPrefix(key, "http."), pem)
		if err != nil {
			return err
		}
		c.set(key, path)
	}
	proxy, noProxy := s.proxy(repo)
	if proxy != "" {
		c.set("http.proxy", proxy)
		a.env = append(a.env, "NO_PROXY="+noProxy)
		a.secrets = append(a.secrets, proxy)
	}
	return nil
}

func (s *Store) proxy(repo source.Repository) (proxy, noProxy string) {
	if p := repo.Proxy.Reveal(); p != "" {
		return p, repo.NoProxy
	}
	return s.opts.Proxy.Reveal(), s.opts.NoProxy
}

// authorize is the value of the Authorization header: the bearer token, else
// user and password of the repository, else those inside its URL.
func (a *access) authorize(repo source.Repository) (string, error) {
	user, password := repo.Username, repo.Password.Reveal()
	if user == "" && password == "" {
		user, password = a.remote.user, a.remote.password
	}
	token := repo.BearerToken.Reveal()
	for _, v := range []*string{&user, &password, &token} {
		// Secrets made with "echo" end in a newline that nobody means.
		*v = strings.TrimRight(*v, "\r\n")
		if strings.ContainsAny(*v, "\r\n\x00") {
			return "", fault.New(fault.Invalid, "%s: user, password or token holds a line break", repo)
		}
	}
	a.secrets = append(a.secrets, password, token)
	switch {
	case token != "":
		return "Bearer " + token, nil
	case user != "" || password != "":
		basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		a.secrets = append(a.secrets, basic)
		return "Basic " + basic, nil
	}
	return "", nil
}

func (s *Store) openSSH(a *access, repo source.Repository) error {
	if repo.Proxy.Reveal() != "" {
		return fault.New(fault.Unsupported, "%s: a proxy for ssh is not supported yet", repo)
	}
	// ssh runs in the private directory, so that its options, which have a
	// quoting of their own, name files without any path.
	command := []string{
		quote(s.opts.SSHBinary), "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no",
	}
	key := repo.SSHPrivateKey.Reveal()
	if key == "" {
		command = append(command, "-o", "IdentityFile=none")
	} else {
		// OpenSSH wants Unix line ends and a last one.
		key = strings.TrimRight(strings.ReplaceAll(key, "\r\n", "\n"), "\n") + "\n"
		if _, err := s.keep(a, "key", key); err != nil {
			return err
		}
		command = append(command, "-i", "key")
	}
	if repo.Insecure || repo.InsecureIgnoreHostKey {
		command = append(command, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
	} else {
		if _, err := s.keep(a, "known_hosts", strings.TrimRight(repo.KnownHosts, "\n")+"\n"); err != nil {
			return err
		}
		command = append(command, "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=known_hosts")
	}
	a.credentials = key != ""
	a.env = append(a.env, "GIT_SSH_VARIANT=ssh", "GIT_SSH_COMMAND="+strings.Join(command, " "))
	return nil
}

// keep writes a file that only we can read into a's private directory.
func (s *Store) keep(a *access, name, content string) (string, error) {
	if a.dir == "" {
		dir, err := os.MkdirTemp(s.tmp, "access-")
		if err != nil {
			return "", fault.Wrap(fault.Internal, err, "git store: keys of a repository")
		}
		a.dir = dir
	}
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", fault.Wrap(fault.Internal, err, "git store: keys of a repository")
	}
	return path, nil
}

// quote makes one word of s for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
