package gitserver

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Options say what is served and to whom. Only Dir is needed.
type Options struct {
	// Dir holds the bare repositories; it is made when it is missing.
	Dir string
	// Username and Password, when either is set, are demanded by basic authentication.
	Username string
	Password string
	// BearerToken, when set, is accepted too.
	BearerToken string
	// ReadOnly refuses pushes.
	ReadOnly bool
	// OnlyProtocolV0 ignores clients that ask for Git's protocol 2, so that
	// commits which no ref points at are refused, as by old servers.
	OnlyProtocolV0 bool
	// GitBinary is git's path; empty means the git in PATH.
	GitBinary string
	// Log receives what git complains about; nil drops it.
	Log io.Writer
}

// Server serves the repositories of one directory. It is an http.Handler; the
// repository NAME.git is at /NAME.git.
type Server struct {
	opts    Options
	backend string
}

// New makes a server of opts.Dir.
func New(ctx context.Context, opts Options) (*Server, error) {
	if opts.Dir == "" {
		return nil, fmt.Errorf("gitserver: Dir is empty")
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("gitserver: %w", err)
	}
	opts.Dir = dir
	if opts.GitBinary == "" {
		opts.GitBinary = "git"
	}
	if opts.GitBinary, err = exec.LookPath(opts.GitBinary); err != nil {
		return nil, fmt.Errorf("gitserver: %w", err)
	}
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("gitserver: %w", err)
	}
	execPath, err := run(ctx, command{git: opts.GitBinary, args: []string{"--exec-path"}})
	if err != nil {
		return nil, err
	}
	return &Server{opts: opts, backend: filepath.Join(execPath, "git-http-backend")}, nil
}

// ServeHTTP answers Git's smart protocol for fetch and push, and Git LFS's for downloads.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="gitserver"`)
		http.Error(w, "authentication required", http.StatusUnauthorized)
		return
	}
	if m := lfsPath.FindStringSubmatch(r.URL.Path); m != nil {
		s.serveLFS(w, r, m[1], m[2])
		return
	}
	if s.opts.OnlyProtocolV0 {
		r.Header.Del("Git-Protocol")
	}
	// CGI wants to know the length beforehand, and git sends large packs chunked.
	if len(r.TransferEncoding) > 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	receive := "true"
	if s.opts.ReadOnly {
		receive = "false"
	}
	handler := cgi.Handler{
		Path:   s.backend,
		Stderr: s.opts.Log,
		Env: append(environ(),
			"GIT_PROJECT_ROOT="+s.opts.Dir, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.receivepack", "GIT_CONFIG_VALUE_0="+receive),
	}
	handler.ServeHTTP(w, r)
}

func (s *Server) allowed(r *http.Request) bool {
	if s.opts.Username == "" && s.opts.Password == "" && s.opts.BearerToken == "" {
		return true
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.opts.BearerToken != "" && same(token, s.opts.BearerToken)
	}
	user, password, ok := r.BasicAuth()
	if !ok || s.opts.Username == "" && s.opts.Password == "" {
		return false
	}
	return same(user, s.opts.Username) && same(password, s.opts.Password)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// environ keeps git from reading anybody's configuration.
func environ() []string {
	return []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"HOME=/nonexistent", "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC",
	}
}

type command struct {
	git   string
	dir   string
	args  []string
	env   []string
	stdin io.Reader
}

// run is the trimmed output of a git command.
func run(ctx context.Context, c command) (string, error) {
	cmd := exec.CommandContext(ctx, c.git, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append(environ(), c.env...)
	cmd.Stdin = c.stdin
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("gitserver: git %s: %w: %s", strings.Join(c.args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
