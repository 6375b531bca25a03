package signature

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// Verdict is what is to be thought of a signature.
type Verdict int

// The verdicts. The zero one is not good.
const (
	Unsigned Verdict = iota
	// Good: made by a key of the keyring, over exactly this.
	Good
	// Bad: not made over this, or not made as it has to be.
	Bad
	// UnknownKey: made by a key that is not in the keyring.
	UnknownKey
	// ExpiredKey and ExpiredSignature: good but for their time.
	ExpiredKey
	ExpiredSignature
	// RevokedKey: its owner has taken the key back.
	RevokedKey
)

// String is the verdict as it follows "is" or "is signed".
func (v Verdict) String() string {
	return [...]string{
		"not signed", "signed", "signed badly", "signed with a key that is not in " + ConfigMap, "signed with a key that has expired",
		"signed with a signature that has expired", "signed with a key that was revoked",
	}[v]
}

// Result is what was found out about one signature.
type Result struct {
	Verdict Verdict
	// Key is the key that has signed, as far as the signature tells: sixteen
	// hexadecimal digits for OpenPGP, SHA256: and base64 for SSH.
	Key string
	// Author is who wrote the commit or made the tag, as "Name <email>". The
	// signature vouches for it only when it is Good.
	Author string
	// Reason says more about a Bad signature.
	Reason string
	// names are all by which a project may allow the key.
	names []string
}

// The lines that signatures begin with.
const (
	beginOpenPGP = "-----BEGIN PGP SIGNATURE-----"
	beginSSH     = "-----BEGIN SSH SIGNATURE-----"
	beginX509    = "-----BEGIN SIGNED MESSAGE-----"
)

// Verify judges the signature of a raw commit or annotated tag with the keys of the
// keyring. An error says that it is no such object, which nobody may trust either.
func Verify(raw []byte, keys *Keyring, now time.Time) (Result, error) {
	o, err := parse(raw)
	if err != nil {
		return Result{}, err
	}
	return o.verify(keys, now), nil
}

func (o object) verify(keys *Keyring, now time.Time) Result {
	if keys == nil {
		keys = &Keyring{}
	}
	r := Result{Verdict: Unsigned}
	switch {
	case len(bytes.TrimSpace(o.signature)) == 0:
	case bytes.HasPrefix(o.signature, []byte(beginOpenPGP)):
		r = keys.openPGP(o.payload, o.signature, now)
	case bytes.HasPrefix(o.signature, []byte(beginSSH)):
		r = keys.ssh(o.payload, o.signature)
	default:
		r = bad("it is neither of OpenPGP nor of SSH")
	}
	r.Author = o.author
	return r
}

func bad(reason string) Result { return Result{Verdict: Bad, Reason: reason} }

// AllowedBy says whether the signature is good and its key among those that are
// named: by OpenPGP key id or fingerprint, of the key that has signed or of the
// primary key that it belongs to, or by SSH fingerprint. Argo CD knows the id of
// the key that has signed only, which with a subkey is another than the one that
// everybody calls the key.
func (r Result) AllowedBy(keys []string) bool {
	return r.Verdict == Good && slices.ContainsFunc(keys, func(key string) bool {
		key = strings.TrimSpace(key)
		return slices.ContainsFunc(r.names, func(name string) bool {
			if strings.HasPrefix(name, sshPrefix) {
				return key == name
			}
			return strings.EqualFold(key, name)
		})
	})
}
