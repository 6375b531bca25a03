package git

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/remote"
)

// remoteName is what the repository is called in git's arguments; its URL is
// given by configuration, where nothing can be taken for an option.
const remoteName = "evenkeel"

// access is everything that git processes need to reach one repository, valid
// until close.
type access struct {
	remote remote.Remote
	env    []string
	// dir is a private directory with keys and certificates; empty when there are none.
	dir string
	// authorization is the value of the HTTP header, or empty.
	authorization string
	// credentials says that there are any, which no redirect may lead elsewhere.
	credentials bool
	// ssh is the command that connects, without the destination.
	ssh []string
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
func (s *Store) signIn(ctx context.Context, repo source.Repository, r remote.Remote) (source.Repository, error) {
	if !r.OverHTTP() {
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
func (s *Store) open(ctx context.Context, repo source.Repository, r remote.Remote) (*access, error) {
	pin, err := s.admit(ctx, repo, r)
	if err != nil {
		return nil, err
	}
	a := &access{remote: r}
	c := localConfig()
	if pin != "" {
		c.set("http.curloptResolve", pin)
	}
	c.set("protocol."+r.Scheme+".allow", "always")
	c.set("remote."+remoteName+".url", r.URL)
	c.set("credential.helper", "")
	// Every fetch becomes a pack that appears whole or not at all; loose objects
	// would appear one by one, a commit before its trees.
	c.set("transfer.unpackLimit", "1")
	switch r.Scheme {
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

// admit says whether the host of r may be asked in the name of repo, and pins its
// name to the addresses that were judged (http.curloptResolve of git-config(1)). What
// a stranger wrote leads to no host that is further inside than the one it stands on.
func (s *Store) admit(ctx context.Context, repo source.Repository, r remote.Remote) (pin string, err error) {
	if repo.Within == "" {
		return "", nil
	}
	if r.Scheme == "file" {
		return "", fault.New(fault.Denied, "%s: %s names a file of this machine", source.RedactURL(r.URL), source.RedactURL(repo.Within))
	}
	host := source.Host(r.URL)
	addrs, err := s.guard.Check(ctx, source.Host(repo.Within), host)
	if proxy, _ := s.proxy(repo); proxy != "" && fault.KindOf(err) == fault.Unavailable {
		return "", nil // only the proxy knows that name
	}
	if err != nil {
		return "", fault.Wrap(fault.KindOf(err), err, "%s", source.RedactURL(r.URL))
	}
	if !r.OverHTTP() {
		return "", nil // the host key is what tells an SSH server
	}
	return pinned(r.URL, r.Scheme, host, addrs), nil
}

// pinned is host:port:address,address for curl; empty if there is nothing to pin.
func pinned(url, scheme, host string, addrs []netip.Addr) string {
	if _, err := netip.ParseAddr(host); err == nil || len(addrs) == 0 {
		return ""
	}
	list := make([]string, len(addrs))
	for i, a := range addrs {
		if list[i] = a.String(); a.Is6() {
			list[i] = "[" + list[i] + "]"
		}
	}
	return host + ":" + remote.Port(url, scheme) + ":" + strings.Join(list, ",")
}

func (a *access) close() {
	if a.dir != "" {
		_ = os.RemoveAll(a.dir) // a directory for temporary files
	}
}

func (s *Store) openHTTP(a *access, c *config, repo source.Repository) error {
	header, err := a.authorize(repo)
	if err != nil {
		return err
	}
	if header != "" {
		a.authorization = header
		c.set("http."+a.remote.URL+".extraHeader", "Authorization: "+header)
	}
	a.credentials = header != "" || repo.TLSClientCertData != ""
	// Git would go wherever it is sent, and take the header along; see whereMoved.
	c.set("http.followRedirects", "false")
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
		user, password = a.remote.User, a.remote.Password
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
		s.opts.SSHBinary, "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
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
	a.ssh = command
	line := quote(command[0]) + " " + strings.Join(command[1:], " ")
	a.env = append(a.env, "GIT_SSH_VARIANT=ssh", "GIT_SSH_COMMAND="+line)
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
