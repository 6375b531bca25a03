package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"evenkeel.dev/test/gitserver"
)

const (
	repositoryName = "demo"
	branch         = "main"
	gitGrace       = 2 * time.Second
)

// gitServer is a Git server on a port of this machine, until it is closed.
type gitServer struct {
	url    string // of the one repository
	server *http.Server
	done   chan struct{}
}

func serveGit(ctx context.Context, dir string) (*gitServer, error) {
	handler, err := gitserver.New(ctx, gitserver.Options{Dir: dir})
	if err != nil {
		return nil, fmt.Errorf("%w; install git with its HTTP backend (on macOS and Debian: package git)", err)
	}
	if _, err := handler.Repo(ctx, repositoryName); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &gitServer{
		url:    "http://" + listener.Addr().String() + "/" + repositoryName + ".git",
		server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		done:   make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // http.ErrServerClosed: it ends when it is closed
	}()
	return s, nil
}

func (s *gitServer) close() {
	ctx, cancel := context.WithTimeout(context.Background(), gitGrace)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close() // the demo ends: whoever still fetches is cut off
	}
	<-s.done
}

// checkout is a clone, with which changes are made and pushed as a person would.
type checkout struct {
	dir string
	git string
}

// clone clones into a temporary directory, which discard removes.
func clone(ctx context.Context, url string) (*checkout, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("%w; install git", err)
	}
	dir, err := os.MkdirTemp("", dirPrefix+"clone-")
	if err != nil {
		return nil, err
	}
	c := &checkout{dir: dir, git: git}
	if _, err := c.run(ctx, "clone", "--quiet", "--", url, "."); err != nil {
		return nil, errors.Join(err, c.discard())
	}
	return c, nil
}

func (c *checkout) discard() error { return os.RemoveAll(c.dir) }

// copy writes all files over what is there.
func (c *checkout) copy(files fs.FS) error {
	return os.CopyFS(c.dir, files)
}

// read is a file's content; ok is false if there is no such file.
func (c *checkout) read(name string) (content string, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return string(text), err == nil, err
}

func (c *checkout) write(name, content string) error {
	return os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600)
}

func (c *checkout) remove(name string) error { return os.Remove(filepath.Join(c.dir, name)) }

// push commits everything and pushes it, and is the commit's id.
func (c *checkout) push(ctx context.Context, message string) (string, error) {
	if _, err := c.run(ctx, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := c.run(ctx, "commit", "--quiet", "--message", message); err != nil {
		return "", err
	}
	if _, err := c.run(ctx, "push", "--quiet", "origin", "HEAD:refs/heads/"+branch); err != nil {
		return "", err
	}
	return c.run(ctx, "rev-parse", "HEAD")
}

func (c *checkout) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.git, args...)
	cmd.Dir = c.dir
	// Nobody's configuration, hooks or proxy: what is pushed is the same everywhere.
	cmd.Env = []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"HOME=/nonexistent", "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Evenkeel demo", "GIT_AUTHOR_EMAIL=demo@evenkeel.dev",
		"GIT_COMMITTER_NAME=Evenkeel demo", "GIT_COMMITTER_EMAIL=demo@evenkeel.dev",
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
