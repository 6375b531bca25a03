package signature

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	endSSH = "-----END SSH SIGNATURE-----"
	// sshPrefix begins a fingerprint as OpenSSH prints it.
	sshPrefix = "SHA256:"
	// magic begins everything of OpenSSH's signatures, and namespace says what for:
	// one that was made for a file must not be good for a commit.
	magic     = "SSHSIG"
	namespace = "git"
)

// sshSignature is OpenSSH's format (PROTOCOL.sshsig), without the magic before it.
type sshSignature struct {
	Version       uint32
	PublicKey     []byte
	Namespace     string
	Reserved      []byte
	HashAlgorithm string
	Signature     []byte
}

// sshSigned is what is signed, without the magic before it.
type sshSigned struct {
	Namespace     string
	Reserved      []byte
	HashAlgorithm string
	Hash          []byte
}

// sshFormats are the kinds of signatures that are accepted: all of OpenSSH's but
// those over SHA-1, which an RSA key could make as well.
func sshFormats() []string {
	return []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512,
	}
}

// ssh judges a signature made with an SSH key.
func (k *Keyring) ssh(payload, armored []byte) Result {
	s, why := readSSH(armored)
	if why != "" {
		return bad(why)
	}
	key, err := ssh.ParsePublicKey(s.PublicKey)
	if err != nil {
		return bad("its key cannot be read")
	}
	result := Result{Key: ssh.FingerprintSHA256(key)}
	fail := func(v Verdict, why string) Result {
		result.Verdict, result.Reason = v, why
		return result
	}
	var signature ssh.Signature
	if err := ssh.Unmarshal(s.Signature, &signature); err != nil {
		return fail(Bad, "it cannot be read")
	}
	trusted, ok := k.sshKeys[string(key.Marshal())]
	switch {
	case s.Namespace != namespace:
		return fail(Bad, "it is not made for git")
	case !slices.Contains(sshFormats(), signature.Format):
		return fail(Bad, "it is made over a hash that is not safe")
	case !ok:
		return fail(UnknownKey, "")
	}
	var hash []byte
	switch s.HashAlgorithm {
	case "sha256":
		sum := sha256.Sum256(payload)
		hash = sum[:]
	case "sha512":
		sum := sha512.Sum512(payload)
		hash = sum[:]
	default:
		return fail(Bad, "it is made over a hash that is not known")
	}
	signed := append([]byte(magic), ssh.Marshal(sshSigned{s.Namespace, s.Reserved, s.HashAlgorithm, hash})...)
	if err := trusted.Verify(signed, &signature); err != nil {
		return fail(Bad, "it does not fit the content")
	}
	result.names = []string{result.Key}
	return fail(Good, "")
}

// readSSH is the signature in armor, or why there is none.
func readSSH(armored []byte) (sshSignature, string) {
	if len(armored) > maxSignature {
		return sshSignature{}, "it is too long"
	}
	text := strings.TrimSpace(string(armored))
	text, begun := strings.CutPrefix(text, beginSSH)
	text, ended := strings.CutSuffix(text, endSSH)
	blob, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if !begun || !ended || err != nil {
		return sshSignature{}, "its armor cannot be read"
	}
	blob, ok := bytes.CutPrefix(blob, []byte(magic))
	var s sshSignature
	if !ok || ssh.Unmarshal(blob, &s) != nil || s.Version != 1 {
		return sshSignature{}, "it cannot be read"
	}
	return s, ""
}
