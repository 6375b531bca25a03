package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// TestPolicyFor: what a project's spec demands of which URL.
func TestPolicyFor(t *testing.T) {
	files, err := filepath.Glob("testdata/policy/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		reason, part := archive(t, file)
		var spec v1alpha1.AppProjectSpec
		if err := yaml.UnmarshalStrict([]byte(part["project"]), &spec); err != nil {
			t.Fatal(file, err)
		}
		var got strings.Builder
		for line := range strings.Lines(part["want"]) {
			url, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			p, err := PolicyFor(spec, url)
			text := strings.TrimSpace(fmt.Sprint(p.Mode, " ", strings.Join(p.Keys, " ")))
			if err != nil {
				text = fmt.Sprintf("%s: %v", fault.KindOf(err), err)
			}
			fmt.Fprintln(&got, strings.TrimSpace(url+" "+text))
		}
		if diff := cmp.Diff(part["want"], got.String()); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", filepath.Base(file), reason, diff)
		}
	}
}

// history is a graph of commits that are signed as is said.
type history struct {
	signer  ssh.Signer
	keys    *Keyring
	commits map[string][]byte
	// parents, good and seals are what each commit is.
	parents map[string][]string
	good    map[string]bool
	seals   map[string]bool
}

func newHistory(t rapid.TB) *history {
	return historyOf(t, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
}

func historyOf(t rapid.TB, key crypto.Signer) *history {
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keys, problems := NewKeyring(map[string]string{"k": string(ssh.MarshalAuthorizedKey(signer.PublicKey()))})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return &history{signer, keys, map[string][]byte{}, map[string][]string{}, map[string]bool{}, map[string]bool{}}
}

func (h *history) policy(mode Mode) Policy {
	return Policy{Mode: mode, Keys: []string{ssh.FingerprintSHA256(h.signer.PublicKey())}}
}

// add makes a commit and is its name.
func (h *history) add(t rapid.TB, signed, seal bool, parents ...string) string {
	var head strings.Builder
	head.WriteString("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n")
	for _, p := range parents {
		head.WriteString("parent " + p + "\n")
	}
	head.WriteString("author Ada <a@b> 1 +0000\n")
	message := fmt.Sprintf("\ncommit %d\n", len(h.commits))
	if seal {
		message += "\nArgocd-GPG-seal: reviewed\n"
	}
	raw := head.String() + message
	if signed {
		raw = head.String() + "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(h.sign(t, raw), "\n"), "\n", "\n ") + "\n" + message
	}
	sum := sha256.Sum256([]byte(raw))
	name := fmt.Sprintf("%x", sum[:20])
	h.commits[name], h.parents[name], h.good[name], h.seals[name] = []byte(raw), parents, signed, seal
	return name
}

func (h *history) sign(t rapid.TB, text string) string {
	sum := sha512.Sum512([]byte(text))
	s, err := h.signer.Sign(nil, append([]byte(magic), ssh.Marshal(sshSigned{namespace, nil, "sha512", sum[:]})...))
	if err != nil {
		t.Fatal(err)
	}
	blob := append([]byte(magic), ssh.Marshal(sshSignature{1, h.signer.PublicKey().Marshal(), namespace, nil, "sha512", ssh.Marshal(s)})...)
	return beginSSH + "\n" + base64.StdEncoding.EncodeToString(blob) + "\n" + endSSH + "\n"
}

func (h *history) read(name string) ([]byte, error) {
	if raw, ok := h.commits[name]; ok {
		return raw, nil
	}
	return nil, errors.New("it is not there")
}

// before are all commits before those that are given, and those themselves if wanted.
func (h *history) before(from []string, self bool) map[string]bool {
	out := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		if !out[name] {
			out[name] = true
			for _, p := range h.parents[name] {
				visit(p)
			}
		}
	}
	for _, name := range from {
		if self {
			visit(name)
			continue
		}
		for _, p := range h.parents[name] {
			visit(p)
		}
	}
	return out
}

// TestStrict compares with what Argo CD's two walks of git rev-list come to: all
// before the head, without all before any signed seal.
func TestStrict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		var names []string
		for range rapid.IntRange(1, 9).Draw(t, "commits") {
			parents := []string{}
			if len(names) > 0 {
				parents = rapid.SliceOfNDistinct(rapid.SampledFrom(names[max(0, len(names)-4):]), 1, min(2, len(names)), rapid.ID[string]).Draw(t, "parents")
			}
			names = append(names, h.add(t, rapid.Bool().Draw(t, "signed"), rapid.IntRange(0, 2).Draw(t, "seal") == 0, parents...))
		}
		head := names[len(names)-1]
		judged := h.before([]string{head}, true)
		var seals []string
		for name := range judged {
			if h.good[name] && h.seals[name] {
				seals = append(seals, name)
			}
		}
		approved := h.before(seals, false)
		var want []string
		for name := range judged {
			if !approved[name] && !h.good[name] {
				want = append(want, "source integrity: commit "+name+" by Ada <a@b> is not signed")
			}
		}
		slices.Sort(want)
		got, err := h.policy(Strict).Check(Subject{Commit: head, Read: h.read}, h.keys, now)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		reads := 0
		counting := func(name string) ([]byte, error) { reads++; return h.read(name) }
		got, err = h.policy(Head).Check(Subject{Commit: head, Read: counting}, h.keys, now)
		if err != nil || (len(got) == 0) != h.good[head] || reads != 1 {
			t.Fatalf("head after %d reads: %v, %v", reads, got, err)
		}
	})
}

// TestOldRSA: ssh-keygen does not make signatures over SHA-1, but who has the key can.
func TestOldRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h := historyOf(t, key)
	r, err := Verify(h.commits[h.add(t, true, false)], h.keys, now)
	if err != nil || r.Verdict != Bad || r.Reason != "it is made over a hash that is not safe" {
		t.Error(describe(r, err))
	}
}

func TestCheck(t *testing.T) {
	h := newHistory(t)
	root := h.add(t, true, false)
	plain := h.add(t, false, false, root)
	seal := h.add(t, true, true, plain)
	tip := h.add(t, true, false, seal)
	around := h.add(t, true, false, seal, plain)
	gap := h.add(t, true, false, "0123456789012345678901234567890123456789")
	_, tag := archive(t, "testdata/object/tag.txtar")
	_, unsigned := archive(t, "testdata/object/tag-unsigned.txtar")
	keys := keyring(t)
	keys.sshKeys = maps.Clone(h.keys.sshKeys)
	allowed := h.policy(Strict).Keys
	signed, err := Verify([]byte(tag["object"]), keys, now)
	if err != nil || signed.Verdict != Good {
		t.Fatal(signed, err)
	}
	tagger := append(slices.Clone(allowed), signed.Key)
	for _, tc := range []struct {
		reason   string
		mode     Mode
		keys     []string
		subject  Subject
		problems int
		kind     string
	}{
		{"nothing is demanded", None, nil, Subject{Commit: plain}, 0, ""},
		{"an unsigned head", Head, allowed, Subject{Commit: plain}, 1, ""},
		{"a head signed by somebody else", Head, []string{"8BEECE19522BF34D"}, Subject{Commit: root}, 1, ""},
		{"nobody is allowed", Head, nil, Subject{Commit: root}, 1, ""},
		{"a history that is sealed", Strict, allowed, Subject{Commit: tip}, 0, ""},
		{"and a way around the seal to what it approves of", Strict, allowed, Subject{Commit: around}, 0, ""},
		{"a history that is not", Strict, allowed, Subject{Commit: plain}, 1, ""},
		{"a seal of a key that is not allowed seals nothing", Strict, tagger[1:], Subject{Commit: tip}, 4, ""},
		{"a history with a gap, as of a shallow fetch", Strict, allowed, Subject{Commit: gap}, 0, "broken"},
		{"the tag is what counts in head mode", Head, tagger, Subject{Commit: plain, Tag: []byte(tag["object"]), TagName: "v1"}, 0, ""},
		{"and it must be signed", Head, tagger, Subject{Commit: root, Tag: []byte(unsigned["object"]), TagName: "v1"}, 1, ""},
		{"in strict mode both", Strict, tagger, Subject{Commit: plain, Tag: []byte(unsigned["object"]), TagName: "v1"}, 2, ""},
		{"a tag that is none", Head, tagger, Subject{Commit: root, Tag: []byte("nonsense"), TagName: "v1"}, 0, "broken"},
	} {
		tc.subject.Read = h.read
		problems, err := Policy{Mode: tc.mode, Keys: tc.keys}.Check(tc.subject, keys, now)
		kind := ""
		if err != nil {
			kind = fault.KindOf(err).String()
		}
		if len(problems) != tc.problems || kind != tc.kind {
			t.Errorf("%s: %q, %v", tc.reason, problems, err)
		}
	}
}

func TestManyProblemsAreTenSentences(t *testing.T) {
	h := newHistory(t)
	tip := h.add(t, false, false)
	for range 20 {
		tip = h.add(t, false, false, tip)
	}
	problems, err := h.policy(Strict).Check(Subject{Commit: tip, Read: h.read}, h.keys, now)
	if err != nil || len(problems) != maxProblems || !strings.Contains(problems[0], tip) {
		t.Errorf("%d problems, the first is %q: %v", len(problems), problems[0], err)
	}
}
