package proof

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"golang.org/x/crypto/scrypt"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/lru"
)

const (
	saltName = "salt"
	saltSize = 32
	// maxAge is how long a record counts.
	maxAge = 90 * 24 * time.Hour
	// Of scrypt: 16 MiB and some hundredths of a second, once for all repositories of the
	// same credentials.
	costN, costR, costP, keySize = 1 << 14, 8, 1, 32
)

// maxKnown bounds what is looked up on disk once only.
const maxKnown = 10_000

// Book is a directory of records.
type Book struct {
	dir   string
	salt  []byte
	log   *slog.Logger
	known *lru.Cache[source.Repository, struct{}]

	notes notes

	mu   sync.Mutex
	keys map[[sha256.Size]byte][]byte // by a digest of the credentials that never leaves the process
}

// Open opens the book in dir, making it when there is none, and drops what is too old. The
// log hears of records that cannot be made or removed; nil drops that.
func Open(dir string, now time.Time, log *slog.Logger) (*Book, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "book of proofs %s", dir)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Book{dir: dir, log: log, known: lru.New[source.Repository, struct{}](maxKnown, nil), keys: map[[sha256.Size]byte][]byte{}}
	if err := b.season(); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "book of proofs %s", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "book of proofs %s", dir)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Name() != saltName && !e.IsDir() && now.Sub(info.ModTime()) > maxAge {
			_ = os.Remove(filepath.Join(dir, e.Name())) // it is tried again next time
		}
	}
	b.notes = notes{dir: filepath.Join(dir, "said"), max: maxNotes}
	if err := b.notes.open(now); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "book of proofs %s", dir)
	}
	return b, nil
}

// season reads the salt. Without one, or with a damaged one, records say nothing.
func (b *Book) season() error {
	name := filepath.Join(b.dir, saltName)
	salt, err := os.ReadFile(name)
	if err == nil && len(salt) == saltSize {
		b.salt = salt
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b.salt = make([]byte, saltSize)
	_, _ = rand.Read(b.salt) // it never fails
	return os.WriteFile(name, b.salt, 0o600)
}

// Get says whether there is a record of a repository.
func (b *Book) Get(repo source.Repository) (_ struct{}, ok bool) {
	if _, ok := b.known.Get(repo); ok {
		return struct{}{}, true
	}
	name, err := b.name(repo)
	if err != nil {
		return struct{}{}, false
	}
	if _, err := os.Stat(name); err != nil {
		return struct{}{}, false
	}
	b.known.Add(repo, struct{}{})
	return struct{}{}, true
}

// Add makes a record of a repository, or makes it anew. If that fails it counts until the
// process ends.
func (b *Book) Add(repo source.Repository, _ struct{}) {
	_, known := b.known.Get(repo)
	b.known.Add(repo, struct{}{})
	name, err := b.name(repo)
	if err == nil && known {
		now := time.Now()
		if os.Chtimes(name, now, now) == nil {
			return
		}
	}
	if err == nil {
		err = os.WriteFile(name, nil, 0o600)
	}
	if err != nil {
		b.log.Warn("that a repository could be read is forgotten with a restart", "repo", repo.String(), "err", err)
	}
}

// Remove removes the record of a repository, if there is one.
func (b *Book) Remove(repo source.Repository) {
	b.known.Remove(repo)
	name, err := b.name(repo)
	if err == nil {
		err = os.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.log.Error("that a repository could be read cannot be forgotten", "repo", repo.String(), "err", err)
	}
}

// Since is when the record of a repository was last made, by this process or one before:
// the time of its last answer. It is zero if there is none.
func (b *Book) Since(repo source.Repository) time.Time {
	name, err := b.name(repo)
	if err != nil {
		return time.Time{}
	}
	info, err := os.Stat(name)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (b *Book) name(repo source.Repository) (string, error) {
	mac, err := b.mac(repo)
	if err != nil {
		return "", err
	}
	return filepath.Join(b.dir, hex.EncodeToString(mac.Sum(nil))), nil
}

// mac is a code of a repository, with a key that its credentials make.
func (b *Book) mac(repo source.Repository) (hash.Hash, error) {
	secrets := sha256.New()
	tell(secrets, reflect.ValueOf(repo), true)
	key, err := b.key([sha256.Size]byte(secrets.Sum(nil)))
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	tell(mac, reflect.ValueOf(repo), false)
	return mac, nil
}

// key is derived once for all repositories with the same secrets.
func (b *Book) key(secrets [sha256.Size]byte) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if key, ok := b.keys[secrets]; ok {
		return key, nil
	}
	key, err := scrypt.Key(secrets[:], b.salt, costN, costR, costP, keySize)
	if err != nil {
		return nil, err
	}
	b.keys[secrets] = key
	return key, nil
}

// tell writes the fields of a description: the secrets, or the others. A URL with a user
// and a password in it is a secret.
func tell(h hash.Hash, v reflect.Value, secrets bool) {
	for i := range v.NumField() {
		var text string
		secret := false
		switch x := v.Field(i).Interface().(type) {
		case source.Secret:
			text, secret = x.Reveal(), true
		case source.Token:
			tell(h, v.Field(i), secrets)
			continue
		default:
			text = fmt.Sprint(x)
			secret = source.RedactText(text) != text
		}
		if secret == secrets {
			fmt.Fprintf(h, "%d=%q ", i, text)
		}
	}
	fmt.Fprint(h, "; ")
}
