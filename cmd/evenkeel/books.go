package main

import (
	"strings"
	"sync"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
)

// books hands settings' Secrets to credential, which may not know settings. A book
// is made once per snapshot. It is safe for concurrent use.
type books struct {
	mu      sync.Mutex
	version uint64 // of the snapshot that book was made of
	book    *credential.Book
}

// find is the repository with the credentials that a project has for it.
func (b *books) find(s settings.Snapshot, url, project string) (source.Repository, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.book == nil || b.version != s.Version {
		secrets := make([]credential.Secret, 0, len(s.Secrets))
		for _, x := range s.Secrets {
			secrets = append(secrets, credential.Secret(x))
		}
		// A Secret that cannot be used is an error to whoever needs it.
		b.book, _ = credential.New(credential.Input{Secrets: secrets, TLSCerts: s.TLSCerts, KnownHosts: s.KnownHosts})
		b.version = s.Version
	}
	for _, prefix := range [...]string{"@", "alias:"} {
		name, named := strings.CutPrefix(url, prefix)
		if !named {
			continue
		}
		var err error
		if url, err = b.book.Named(name, project); err != nil {
			return source.Repository{}, err
		}
	}
	repo, err := b.book.Find(url, project)
	if err == nil && repo.URL == "" {
		return repo, fault.New(fault.Invalid, "repository %q has no URL", url)
	}
	return repo, err
}
