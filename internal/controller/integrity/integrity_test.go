package integrity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/source"
)

// signatures are real objects and keys, made by git and ssh-keygen.
const signatures = "../../source/signature/testdata/"

const adasKey = "SHA256:rumwb3eGnidTV8tUN8hyrTzat3i9Xw++3gbdA90MQto"

func file(t *testing.T, name, part string) []byte {
	t.Helper()
	a, err := txtar.ParseFile(signatures + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		if f.Name == part {
			return f.Data
		}
	}
	t.Fatalf("%s has no %s", name, part)
	return nil
}

// world is a store of raw objects by their ids, and a clock.
type world struct {
	objects map[string][]byte
	reads   int
	err     error
	now     time.Time
	log     bytes.Buffer
	checker *Checker
	keys    map[string]string
}

func (w *world) RawCommit(_ context.Context, _ source.Repository, sha string) ([]byte, error) {
	w.reads++
	raw, ok := w.objects[sha]
	if w.err == nil && !ok {
		return nil, fmt.Errorf("no object %s", sha)
	}
	return raw, w.err
}

func (w *world) RawTag(ctx context.Context, repo source.Repository, tag, ref, _ string) ([]byte, error) {
	if !strings.HasPrefix(ref, "refs/tags/") {
		return nil, fmt.Errorf("%q is no tag", ref)
	}
	return w.RawCommit(ctx, repo, tag)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
		objects: map[string][]byte{
			"tag":      file(t, "object/ssh-tag.txtar", "object"),
			"bare-tag": file(t, "object/tag-unsigned.txtar", "object"),
			"unsigned": file(t, "object/unsigned.txtar", "object"),
			"signed":   file(t, "object/ssh-ed25519.txtar", "object"),
		},
		keys: map[string]string{"ssh-ed25519": string(file(t, "keys.txtar", "ssh-ed25519"))},
	}
	w.objects["cc258283770f2b7bbfd33e8cd90653f8238a77dd"] = w.objects["unsigned"] // it is the parent of signed
	w.checker = New(Options{Objects: w, Now: func() time.Time { return w.now }, Log: slog.New(slog.NewTextHandler(&w.log, nil))})
	return w
}

func project(mode string, keys ...string) *v1alpha1.AppProject {
	p := &v1alpha1.AppProject{}
	p.Spec.SourceIntegrity = &v1alpha1.SourceIntegrity{Git: &v1alpha1.SourceIntegrityGit{Policies: []*v1alpha1.SourceIntegrityGitPolicy{{
		Repos: []v1alpha1.SourceIntegrityGitPolicyRepo{{URL: "https://example.com/*"}},
		GPG:   &v1alpha1.SourceIntegrityGitPolicyGPG{Mode: mode, Keys: keys},
	}}}}
	return p
}

func legacy(keys ...string) *v1alpha1.AppProject {
	p := &v1alpha1.AppProject{}
	for _, k := range keys {
		p.Spec.SignatureKeys = append(p.Spec.SignatureKeys, v1alpha1.SignatureKey{KeyID: k})
	}
	return p
}

func (w *world) check(p *v1alpha1.AppProject, q Question) string {
	q.Project, q.Keys = p, w.keys
	if q.Repo == (source.Repository{}) {
		q.Repo = source.Repository{URL: "https://example.com/shop.git", Type: source.Git}
	}
	problems, err := w.checker.Check(context.Background(), q)
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.Join(problems, "; ")
}

func TestCheck(t *testing.T) {
	signedTag := repository.Tag{ID: "tag", Ref: "refs/tags/v-ssh"}
	for _, tc := range []struct {
		reason  string
		project *v1alpha1.AppProject
		q       Question
		want    string
	}{
		{"nobody demands anything", &v1alpha1.AppProject{}, Question{Commit: "unsigned"}, ""},
		{"a signed commit", legacy(adasKey), Question{Commit: "signed"}, ""},
		{"a signed commit, by the newer field", project("head", adasKey), Question{Commit: "signed"}, ""},
		{"unsigned", legacy(adasKey), Question{Commit: "unsigned"}, "commit unsigned by .* is not signed"},
		{"of somebody else", legacy("SHA256:else"), Question{Commit: "signed"}, "is signed with key SHA256:rumwb.*, which the project does not allow"},
		{"a signed tag stands for its commit", project("head", adasKey), Question{Commit: "unsigned", Tag: signedTag}, ""},
		{"a tag hides nothing", project("head", adasKey), Question{Commit: "signed", Tag: repository.Tag{ID: "bare-tag", Ref: "refs/tags/v"}}, "tag v by .* is not signed"},
		{"strict looks behind", project("strict", adasKey), Question{Commit: "signed"}, "commit cc2582837.* is not signed"},
		{"none", project("none", adasKey), Question{Commit: "unsigned"}, ""},
		{"an unknown mode", project("heads", adasKey), Question{Commit: "signed"}, "error: .*mode \"heads\""},
		{"a repository of no policy", project("head", adasKey), Question{Commit: "unsigned", Repo: source.Repository{URL: "https://other.example.com/x"}}, ""},
		{"one that nobody knows", project("head", adasKey), Question{Commit: "signed", Repo: source.Repository{Type: source.Git}}, "error: .*is not known"},
		{"charts have no such signatures", legacy(adasKey), Question{Commit: "1.0.0", Repo: source.Repository{URL: "https://example.com/c", Type: source.Helm}}, ""},
		{"a commit that is not there", legacy(adasKey), Question{Commit: "gone"}, "error: commit gone: its signature: no object gone"},
		{"a tag that is not there", legacy(adasKey), Question{Commit: "signed", Tag: repository.Tag{ID: "gone", Ref: "refs/tags/v"}}, "error: tag v: its signature"},
	} {
		got := newWorld(t).check(tc.project, tc.q)
		if !matches(tc.want, got) {
			t.Errorf("%s: %q, want %q", tc.reason, got, tc.want)
		}
	}
}

// matches: the parts of want between ".*" come in got in their order; nothing is wanted as nothing.
func matches(want, got string) bool {
	if want == "" {
		return got == ""
	}
	for part := range strings.SplitSeq(want, ".*") {
		_, after, ok := strings.Cut(got, part)
		if !ok {
			return false
		}
		got = after
	}
	return true
}

func TestNobodyToAsk(t *testing.T) {
	c := New(Options{Log: slog.New(slog.DiscardHandler)})
	q := Question{Project: legacy(adasKey), Repo: source.Repository{URL: "u"}, Commit: "signed"}
	if problems, err := c.Check(t.Context(), q); err == nil {
		t.Errorf("without a store of objects there are problems %q and no error", problems)
	}
}

// TestMemory: strict mode reads a history once an hour, one with problems once a
// minute, and all at once when something else has changed. Head mode reads each time.
func TestMemory(t *testing.T) {
	w := newWorld(t)
	strict, q := project("strict", adasKey), Question{Commit: "alone"}
	w.objects["alone"] = file(t, "object/ssh-ed25519.txtar", "object")
	w.objects["cc258283770f2b7bbfd33e8cd90653f8238a77dd"] = w.objects["alone"] // its own history, which is good
	var reads []int
	ask := func(p *v1alpha1.AppProject, q Question) {
		before := w.reads
		w.check(p, q)
		reads = append(reads, w.reads-before)
	}
	ask(strict, q)
	ask(strict, q)
	w.now = w.now.Add(goodFor)
	ask(strict, q) // an hour later
	ask(project("strict", adasKey, "SHA256:other"), q)
	w.keys = map[string]string{"other": w.keys["ssh-ed25519"]}
	ask(strict, q) // another keyring
	ask(strict, Question{Commit: "unsigned"})
	ask(strict, Question{Commit: "unsigned"})
	w.now = w.now.Add(badFor)
	ask(strict, Question{Commit: "unsigned"})
	ask(legacy(adasKey), q)
	ask(legacy(adasKey), q)
	if want := []int{2, 0, 2, 2, 2, 1, 0, 1, 1, 1}; !slices.Equal(reads, want) {
		t.Errorf("reads %v, want %v", reads, want)
	}

	w.err = errors.New("away")
	w.now = w.now.Add(goodFor)
	if got := w.check(strict, q); !matches("error: .*away", got) {
		t.Errorf("what is forgotten is asked for again: %q", got)
	}
	w.err = nil
	if got := w.check(strict, q); got != "" {
		t.Errorf("an error is not remembered: %q", got)
	}
}

// TestKeyTaken: a key that is taken out of the config map signs nothing any more, and
// one that cannot be used is told of once.
func TestKeyTaken(t *testing.T) {
	w := newWorld(t)
	p, q := legacy(adasKey), Question{Commit: "signed"}
	if got := w.check(p, q); got != "" {
		t.Fatal(got)
	}
	w.keys = map[string]string{"broken": "no key"}
	for range 2 {
		if got := w.check(p, q); !matches("is signed with a key that is not in argocd-gpg-keys-cm", got) {
			t.Errorf("without the key: %q", got)
		}
	}
	if n := strings.Count(w.log.String(), "a key is not used"); n != 1 {
		t.Error(cmp.Diff(1, n), w.log.String())
	}
}
