package signature

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const (
	// maxSignature is the longest signature, in bytes.
	maxSignature = 64 << 10
	// skew is how far the clock of whoever signed may be ahead of ours.
	skew = 5 * time.Minute
)

// hashes are those that a signature may be made over. GnuPG takes SHA-1 as well,
// with which two commits can be made that one signature fits.
var hashes = map[crypto.Hash]bool{
	crypto.SHA224: true, crypto.SHA256: true, crypto.SHA384: true, crypto.SHA512: true, crypto.SHA3_256: true, crypto.SHA3_512: true,
}

// openPGP judges a detached OpenPGP signature. Times are judged as by GnuPG, and so
// by Argo CD: a key that has expired by now is not accepted, whenever it has signed.
func (k *Keyring) openPGP(payload, armored []byte, now time.Time) Result {
	if len(armored) > maxSignature {
		return bad("it is too long")
	}
	body, sig, why := readOpenPGP(armored)
	if why != "" {
		return bad(why)
	}
	result := Result{Key: fmt.Sprintf("%016X", *sig.IssuerKeyId)}
	fail := func(v Verdict, why string) Result {
		result.Verdict, result.Reason = v, why
		return result
	}
	keys := k.pgp.KeysById(*sig.IssuerKeyId)
	switch {
	case sig.SigType != packet.SigTypeBinary:
		return fail(Bad, "it is not one of a document")
	case !hashes[sig.Hash]:
		return fail(Bad, "it is made over a hash that is not safe")
	case len(keys) == 0:
		return fail(UnknownKey, "")
	}
	if ahead := sig.CreationTime.Sub(now); ahead > 0 && ahead <= skew {
		now = sig.CreationTime
	}
	config := &packet.Config{Time: func() time.Time { return now }}
	_, signer, err := openpgp.VerifyDetachedSignature(k.pgp, bytes.NewReader(payload), bytes.NewReader(body), config)
	switch {
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return fail(ExpiredKey, "")
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return fail(RevokedKey, "")
	case errors.Is(err, pgperrors.ErrSignatureExpired):
		return fail(ExpiredSignature, "")
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return fail(Bad, "the key is not one for signing")
	case err != nil:
		return fail(Bad, "it does not fit the content")
	}
	result.names = names(signer.PrimaryKey)
	for _, key := range keys {
		// The id might be that of two keys; only of the signer's is anything proven.
		if key.Entity == signer {
			result.names = append(result.names, names(key.PublicKey)...)
		}
	}
	return fail(Good, "")
}

// names are the key id and the fingerprint.
func names(key *packet.PublicKey) []string {
	return []string{key.KeyIdString(), strings.ToUpper(hex.EncodeToString(key.Fingerprint))}
}

// readOpenPGP is the one signature in armor, or why there is none. GnuPG would
// take several, and git then any good one of them.
func readOpenPGP(armored []byte) ([]byte, *packet.Signature, string) {
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil || block.Type != openpgp.SignatureType {
		return nil, nil, "its armor cannot be read"
	}
	body, err := io.ReadAll(io.LimitReader(block.Body, maxSignature))
	if err != nil {
		return nil, nil, "its armor cannot be read"
	}
	packets := bytes.NewReader(body)
	p, err := packet.Read(packets)
	if err != nil {
		return nil, nil, "it cannot be read"
	}
	sig, ok := p.(*packet.Signature)
	switch {
	case !ok:
		return nil, nil, "it cannot be read"
	case packets.Len() > 0:
		return nil, nil, "it is more than one"
	case sig.IssuerKeyId == nil:
		return nil, nil, "it does not name its key"
	}
	return body, sig, ""
}
