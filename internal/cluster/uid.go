package cluster

import (
	"crypto/sha256"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/types"
)

// uid is an object's uid in 16 bytes: the UUID that it is. What is no UUID, as an
// aggregated API may have it, is a hash, which nobody can make equal to another; its text
// is kept beside. The zero uid is none.
type uid [16]byte

const uuidLen = 36

// uidOf says also whether text gives the uid back.
func uidOf(t types.UID) (u uid, isUUID bool) {
	if t == "" {
		return uid{}, true
	}
	if u, ok := parseUUID(string(t)); ok && u.text() == t {
		return u, true
	}
	sum := sha256.Sum256([]byte(t))
	copy(u[:], sum[:])
	return u, false
}

func parseUUID(s string) (u uid, ok bool) {
	if len(s) != uuidLen || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	var digits [32]byte
	n := copy(digits[:], s[:8])
	n += copy(digits[n:], s[9:13])
	n += copy(digits[n:], s[14:18])
	n += copy(digits[n:], s[19:23])
	copy(digits[n:], s[24:])
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil && u != uid{}
}

// text is the UUID, in small letters.
func (u uid) text() types.UID {
	if u == (uid{}) {
		return ""
	}
	var b [uuidLen]byte
	hex.Encode(b[:8], u[:4])
	b[8] = '-'
	hex.Encode(b[9:13], u[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], u[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], u[8:10])
	b[23] = '-'
	hex.Encode(b[24:], u[10:])
	return types.UID(b[:])
}
