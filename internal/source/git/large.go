package git

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/lfs"
	"evenkeel.dev/internal/source/git/remote"
)

const lfsConfigFile = ".lfsconfig"

// largeFiles reads what pointers of a tree stand for (Git LFS), when the repository's
// Secret says enableLfs. A file is got when it is read, and not all of a repository's
// when one is, as Argo CD does; it is kept in the mirror by its digest.
type largeFiles struct {
	mu     sync.Mutex
	client *lfs.Client
}

// pointer is what a blob stands for, if it is a pointer and pointers are read.
func (t *Tree) pointer(h header, data []byte) (lfs.Pointer, bool) {
	if !t.repo.EnableLFS || h.size > lfs.MaxPointer {
		return lfs.Pointer{}, false
	}
	return lfs.Parse(data)
}

// large is the content that a pointer stands for.
func (t *Tree) large(p lfs.Pointer) ([]byte, error) {
	s := t.mirror.store
	if p.Size > s.opts.MaxBlobSize {
		return nil, tooLargeError{p.Size, s.opts.MaxBlobSize}
	}
	files := lfs.Files{Dir: filepath.Join(t.mirror.dir, "lfs")}
	if data, ok := files.Read(p); ok {
		return data, nil
	}
	release, err := s.acquire(t.ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if data, ok := files.Read(p); ok {
		return data, nil // somebody else was first
	}
	ctx, cancel := context.WithTimeout(t.ctx, s.opts.Timeout)
	defer cancel()
	client, err := t.lfsClient(ctx)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := client.Get(ctx, p, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), files.Write(p, b.Bytes())
}

// lfsClient finds the server of large files, once for each tree: the one that
// .lfsconfig names, else the one beside the repository, for which SSH has to be asked.
func (t *Tree) lfsClient(ctx context.Context) (*lfs.Client, error) {
	t.files.mu.Lock()
	defer t.files.mu.Unlock()
	if t.files.client != nil {
		return t.files.client, nil
	}
	r, err := t.mirror.remote(t.repo)
	if err != nil {
		return nil, err
	}
	named, err := t.lfsConfig()
	if err != nil {
		return nil, err
	}
	clients, err := t.mirror.store.lfsHTTP(t.repo, r)
	if err != nil {
		return nil, err
	}
	client := &lfs.Client{HTTP: clients}
	switch {
	case named != "":
		client.Endpoint = named
	case r.OverHTTP():
		client.Endpoint = strings.TrimSuffix(strings.TrimSuffix(r.URL, "/"), ".git") + ".git/info/lfs"
	case r.Scheme == "ssh":
		if err := t.mirror.store.lfsAuthenticate(ctx, t.repo, r, client); err != nil {
			return nil, err
		}
	default:
		return nil, fault.New(fault.Unsupported, "large files of %s repositories are not read", r.Scheme)
	}
	at, err := remote.Parse(client.Endpoint)
	if err != nil || !at.OverHTTP() {
		return nil, fault.New(fault.Unsupported, "the server of large files %s is not reached by https or http", source.RedactURL(client.Endpoint))
	}
	if at.Server() == r.Server() {
		repo, err := t.mirror.store.signIn(ctx, t.repo, r)
		if err != nil {
			return nil, err
		}
		header, err := (&access{remote: r}).authorize(repo)
		if err != nil {
			return nil, err
		}
		if header != "" {
			client.Header = map[string]string{"Authorization": header}
		}
	}
	t.files.client = client
	return client, nil
}

// lfsConfig is the server that the repository's .lfsconfig names, or empty.
func (t *Tree) lfsConfig() (string, error) {
	root, err := t.directory(t.root.oid)
	if err != nil {
		return "", err
	}
	e, ok := root.find(lfsConfigFile)
	if !ok || e.kind() != typeFile {
		return "", nil
	}
	list, err := t.configFile(lfsConfigFile, e.oid)
	return lfs.Configured(list), err
}

// lfsHTTP gives the repository's own host what the repository's Secret says about
// certificates, and another host nothing of it. No host may be further inside than the
// repository.
func (s *Store) lfsHTTP(repo source.Repository, r remote.Remote) (func(host string) *http.Client, error) {
	within := cmp.Or(repo.Within, repo.URL)
	own, err := s.httpClient(repo, within)
	if err != nil {
		return nil, err
	}
	foreign, err := s.httpClient(source.Repository{URL: repo.URL, Proxy: repo.Proxy, NoProxy: repo.NoProxy}, within)
	if err != nil {
		return nil, err
	}
	return func(host string) *http.Client {
		if strings.EqualFold(host, source.Host(r.URL)) {
			return own
		}
		return foreign
	}, nil
}

// lfsAuthenticate asks an SSH server for the server of large files and for what is to
// be sent there (git-lfs-authenticate).
func (s *Store) lfsAuthenticate(ctx context.Context, repo source.Repository, r remote.Remote, client *lfs.Client) error {
	a, err := s.open(ctx, repo, r)
	if err != nil {
		return err
	}
	defer a.close()
	destination, path := r.SSH()
	args := append(append(a.ssh[1:], destination...), "git-lfs-authenticate "+quote(path)+" download")
	out, stderr, err := s.run.outputOf(ctx, s.run.program(a.ssh[0], args, a.dir), 64<<10)
	if err != nil {
		return a.failure("lfs", err, stderr)
	}
	if err := client.Authenticated(out); err != nil {
		return fault.New(fault.Broken, "%s: %v", repo, err)
	}
	return nil
}
