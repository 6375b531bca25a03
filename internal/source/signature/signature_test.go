package signature

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// now is after the commits of testdata, and after what expires there.
var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func archive(t testing.TB, file string) (reason string, parts map[string]string) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts = map[string]string{}
	for _, f := range a.Files {
		parts[f.Name] = string(f.Data)
	}
	return strings.TrimSpace(string(a.Comment)), parts
}

func keyring(t testing.TB) *Keyring {
	t.Helper()
	_, data := archive(t, "testdata/keys.txtar")
	k, problems := NewKeyring(data)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return k
}

func describe(r Result, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	s := r.Verdict.String()
	if r.Key != "" {
		s += " with " + r.Key
	}
	s += fmt.Sprintf(" by %q", r.Author)
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	return s
}

// TestVerify: objects that git, GnuPG and OpenSSH have made, and what was made of
// them afterwards (testdata/make.sh).
func TestVerify(t *testing.T) {
	files, err := filepath.Glob("testdata/object/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	keys := keyring(t)
	for _, file := range files {
		reason, part := archive(t, file)
		r, err := Verify([]byte(part["object"]), keys, now)
		got := describe(r, err)
		if diff := cmp.Diff(strings.TrimSpace(part["want"]), got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", filepath.Base(file), reason, diff)
		}
		if r, _ := Verify([]byte(part["object"]), nil, now); r.Verdict == Good {
			t.Errorf("%s: good without any key", filepath.Base(file))
		}
		if r.Verdict != Good && r.AllowedBy([]string{r.Key}) {
			t.Errorf("%s: a key is allowed whose signature is not good", filepath.Base(file))
		}
	}
}

// TestEveryByteCounts: whatever is changed of a signed object, nobody takes it for
// signed any more, or nothing has changed of what git makes of it.
func TestEveryByteCounts(t *testing.T) {
	keys := keyring(t)
	for _, name := range []string{"good", "tag", "ssh-ed25519", "ssh-tag"} {
		_, part := archive(t, "testdata/object/"+name+".txtar")
		raw := []byte(part["object"])
		was, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			changed := append([]byte{}, raw...)
			changed[i] ^= 1
			r, err := Verify(changed, keys, now)
			if err != nil || r.Verdict != Good {
				continue
			}
			if is, _ := parse(changed); cmp.Diff(string(was.payload), string(is.payload)) != "" || was.author != is.author {
				t.Errorf("%s: byte %d is not covered", name, i)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	keys := keyring(t)
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		reason, name string
		now          time.Time
		want         Verdict
	}{
		{"made by a clock that is a little ahead of ours", "good", made.Add(-4 * time.Minute), Good},
		{"made in the future", "good", made.Add(-6 * time.Minute), ExpiredSignature},
		{"a key before its end", "expired-key", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), Good},
		{"a signature before its end", "expired-signature", made.Add(time.Hour), Good},
	} {
		_, part := archive(t, "testdata/object/"+tc.name+".txtar")
		if r, err := Verify([]byte(part["object"]), keys, tc.now); err != nil || r.Verdict != tc.want {
			t.Errorf("%s: %s", tc.reason, describe(r, err))
		}
	}
}

func TestAllowedBy(t *testing.T) {
	keys := keyring(t)
	_, part := archive(t, "testdata/object/subkey.txtar")
	r, err := Verify([]byte(part["object"]), keys, now)
	if err != nil || len(r.names) != 4 {
		t.Fatal(r, err)
	}
	for _, name := range r.names {
		for _, spelling := range []string{name, strings.ToLower(name), " " + name + "\n"} {
			if !r.AllowedBy([]string{"other", spelling}) {
				t.Errorf("%q does not allow it", spelling)
			}
		}
	}
	for _, name := range []string{"", r.Key[8:], "0x" + r.Key, "8BEECE19522BF34D"} {
		if r.AllowedBy([]string{name}) {
			t.Errorf("%q allows it", name)
		}
	}
	_, part = archive(t, "testdata/object/ssh-ed25519.txtar")
	if r, err = Verify([]byte(part["object"]), keys, now); err != nil || !r.AllowedBy([]string{r.Key}) || r.AllowedBy([]string{strings.ToLower(r.Key), ""}) {
		t.Error(r, err)
	}
}

func TestKeyring(t *testing.T) {
	_, data := archive(t, "testdata/keys.txtar")
	var pgp, id string
	for name, text := range data {
		if len(name) == 16 {
			pgp, id = text, name
		}
	}
	ssh := strings.TrimSpace(data["ssh-ed25519"])
	for _, tc := range []struct{ reason, name, text, want string }{
		{"a key", id, pgp, ""},
		{"its name in small letters", strings.ToLower(id), pgp, ""},
		{"a key that is called as another", "0123456789ABCDEF", pgp, "argocd-gpg-keys-cm: 0123456789ABCDEF: holds the OpenPGP key " + id + ", which must be its name"},
		{"a broken key", id, pgp[:len(pgp)/2], "argocd-gpg-keys-cm: " + id + ": is no OpenPGP public key that can be read"},
		{"SSH keys and remarks", "team", "# ours\n" + ssh + "\n\n" + data["ssh-rsa"], ""},
		{"options", "x", "cert-authority " + ssh, "argocd-gpg-keys-cm: x: has options before an SSH key, which are not supported"},
		{"nothing", "x", "\n", "argocd-gpg-keys-cm: x: is empty"},
		{"one bad line", "x", ssh + "\nnonsense", "argocd-gpg-keys-cm: x: is neither an OpenPGP nor an SSH public key"},
		{"very much", "x", strings.Repeat("#\n", maxKeys), "argocd-gpg-keys-cm: x: is too long"},
	} {
		k, problems := NewKeyring(map[string]string{tc.name: tc.text})
		if diff := cmp.Diff(tc.want, strings.Trim(fmt.Sprint(problems), "[]")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
		if has := len(k.pgp)+len(k.sshKeys) > 0; has != (tc.want == "") {
			t.Errorf("%s: %d and %d keys", tc.reason, len(k.pgp), len(k.sshKeys))
		}
	}
}

func FuzzVerify(f *testing.F) {
	files, err := filepath.Glob("testdata/object/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	signed := map[string]bool{}
	for _, file := range files {
		_, part := archive(f, file)
		f.Add([]byte(part["object"]))
		if o, err := parse([]byte(part["object"])); err == nil {
			signed[string(o.payload)] = true
		}
	}
	keys := keyring(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Verify(raw, keys, now)
		if err != nil || r.Verdict != Good {
			return
		}
		if o, _ := parse(raw); !signed[string(o.payload)] {
			t.Errorf("nobody has signed %q", o.payload)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	keys := keyring(b)
	for _, name := range []string{"good", "rsa", "ssh-ed25519", "ssh-rsa"} {
		_, part := archive(b, "testdata/object/"+name+".txtar")
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if r, err := Verify([]byte(part["object"]), keys, now); err != nil || r.Verdict != Good {
					b.Fatal(r, err)
				}
			}
		})
	}
}
