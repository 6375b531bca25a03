package proof

import (
	"cmp"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"evenkeel.dev/internal/source"
)

const (
	// maxNotes bounds the notes; each is a small file.
	maxNotes = 10_000
	// maxSaid is the longest note.
	maxSaid = 1024
)

// notes is the directory of notes.
type notes struct {
	dir string
	max int

	mu sync.Mutex
	// count is how many there are, about.
	count int
}

// Note keeps what the server of a repository said of something in it, one word, in the
// place of what it said of that before. If that fails it is as if nothing had been said.
func (b *Book) Note(repo source.Repository, what, said string) {
	name, code, err := b.note(repo, what, said)
	if err == nil {
		err = b.notes.write(name, said+" "+code)
	}
	if err != nil {
		b.log.Warn("what a repository said is forgotten with a restart", "repo", repo.String(), "err", err)
	}
}

// Noted is what the server of a repository said last of something in it, as long as there
// is a record of the repository.
func (b *Book) Noted(repo source.Repository, what string) (said string, ok bool) {
	if _, ok := b.Get(repo); !ok {
		return "", false
	}
	name, _, err := b.note(repo, what, "")
	if err != nil {
		return "", false
	}
	content, err := os.ReadFile(name)
	if err != nil || len(content) > maxSaid {
		return "", false
	}
	said, code, _ := strings.Cut(string(content), " ")
	_, want, err := b.note(repo, what, said)
	if err != nil || !hmac.Equal([]byte(code), []byte(want)) {
		_ = b.notes.remove(name) // it is none in any case
		return "", false
	}
	return said, true
}

// Unnote forgets what was said of something in a repository.
func (b *Book) Unnote(repo source.Repository, what string) {
	name, _, err := b.note(repo, what, "")
	if err == nil {
		err = b.notes.remove(name)
	}
	if err != nil {
		b.log.Error("what a repository said cannot be forgotten", "repo", repo.String(), "err", err)
	}
}

// note is the file of a note, and the code of what it says.
func (b *Book) note(repo source.Repository, what, said string) (name, code string, err error) {
	mac, err := b.mac(repo)
	if err != nil {
		return "", "", err
	}
	fmt.Fprintf(mac, "note %q", what)
	name = filepath.Join(b.notes.dir, hex.EncodeToString(mac.Sum(nil)))
	fmt.Fprintf(mac, " %q", said)
	return name, hex.EncodeToString(mac.Sum(nil)), nil
}

// open drops what is too old or too much.
func (n *notes) open(now time.Time) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	return n.shrink(now.Add(-maxAge), n.max)
}

func (n *notes) write(name, content string) error {
	if len(content) > maxSaid {
		return fmt.Errorf("%d bytes are too long for a note", len(content))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	// Mostly it says the same as a minute ago.
	if old, err := os.ReadFile(name); err == nil && string(old) == content {
		now := time.Now()
		return os.Chtimes(name, now, now)
	} else if err != nil {
		n.count++
	}
	// One that is cut off by a crash has no valid code.
	err := os.WriteFile(name, []byte(content), 0o600)
	if errors.Is(err, fs.ErrNotExist) { // somebody deleted all of it
		if err = os.MkdirAll(n.dir, 0o700); err == nil {
			err = os.WriteFile(name, []byte(content), 0o600)
		}
	}
	if err == nil && n.count > n.max {
		err = n.shrink(time.Time{}, n.max*9/10)
	}
	return err
}

func (n *notes) remove(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := os.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	n.count--
	return err
}

// shrink removes all notes from before a time, and the oldest of the rest beyond a number.
func (n *notes) shrink(before time.Time, most int) error {
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		return err
	}
	type file struct {
		name string
		made time.Time
	}
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // else it is gone in the meantime
			files = append(files, file{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(b.made.Compare(a.made), strings.Compare(a.name, b.name)) })
	n.count = 0
	for i, f := range files {
		if i < most && f.made.After(before) {
			n.count++
			continue
		}
		if err := os.Remove(filepath.Join(n.dir, f.name)); err != nil {
			return err
		}
	}
	return nil
}
