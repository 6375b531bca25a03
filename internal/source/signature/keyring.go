package signature

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"golang.org/x/crypto/ssh"

	"evenkeel.dev/internal/fault"
)

// ConfigMap is where Argo CD keeps the keys.
const ConfigMap = "argocd-gpg-keys-cm"

const beginPublicKey = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

// maxKeys is the longest value of the config map, in bytes.
const maxKeys = 256 << 10

// Keyring are the keys that signatures are verified with. It is never changed. A
// nil Keyring has none.
type Keyring struct {
	pgp openpgp.EntityList
	// sshKeys are in the form that signatures carry them in.
	sshKeys map[string]ssh.PublicKey
}

var keyID = regexp.MustCompile(`^[0-9A-Fa-f]{16}$`)

// NewKeyring reads the data of the config map: OpenPGP public keys, armored, one
// under the name of its id, as Argo CD has it, and SSH public keys, lines as in
// authorized_keys under any name, which Argo CD does not know. The errors say which
// of them cannot be used; the Keyring is good for the others.
func NewKeyring(data map[string]string) (*Keyring, []error) {
	k := &Keyring{sshKeys: map[string]ssh.PublicKey{}}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(data)) {
		add := k.addSSH
		if strings.Contains(data[name], beginPublicKey) {
			add = k.addPGP
		}
		if why := add(name, data[name]); why != "" {
			problems = append(problems, fault.New(fault.Invalid, "%s: %.64s: %s", ConfigMap, name, why))
		}
	}
	return k, problems
}

// addPGP adds a key, or is why not.
func (k *Keyring) addPGP(name, text string) string {
	if len(text) > maxKeys {
		return "is too long"
	}
	entities, err := openpgp.ReadArmoredKeyRing(strings.NewReader(text))
	if err != nil || len(entities) == 0 {
		return "is no OpenPGP public key that can be read"
	}
	if len(entities) > 1 {
		return "holds more than one OpenPGP key"
	}
	// Argo CD throws a key away again that is not the one it is called.
	if id := entities[0].PrimaryKey.KeyIdString(); !keyID.MatchString(name) || !strings.EqualFold(id, name) {
		return "holds the OpenPGP key " + id + ", which must be its name"
	}
	k.pgp = append(k.pgp, entities[0])
	return ""
}

// addSSH adds the keys of lines, or is why not all.
func (k *Keyring) addSSH(_, text string) string {
	if len(text) > maxKeys {
		return "is too long"
	}
	found := map[string]ssh.PublicKey{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
		switch {
		case err != nil:
			return "is neither an OpenPGP nor an SSH public key"
		case len(options) > 0:
			// They would restrict, or widen, what the key is good for.
			return "has options before an SSH key, which are not supported"
		case isCertificate(key):
			return "is an SSH certificate, which is not supported; give the key"
		}
		found[string(key.Marshal())] = key
	}
	if len(found) == 0 {
		return "is empty"
	}
	maps.Copy(k.sshKeys, found)
	return ""
}

func isCertificate(key ssh.PublicKey) bool {
	_, ok := key.(*ssh.Certificate)
	return ok
}
