package refs

import (
	"os/exec"
	"strings"
	"testing"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{"", "main", "feature/x", "v1.2.3", "refs/heads/main", "release-1.0_rc+1", "Ünïcode", "a@b", "HEAD", "a.lockx", "@a", "x{y}"} {
		if err := Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"-x", "--upload-pack=touch /tmp/x", "a b", "a\tb", "a\nb", "a\x00b", "a\x7f", "a..b", "..", "a/../b", "a:b", "+a:b", "a^", "a^{tree}",
		"a~1", "a?", "a*", "a[", `a\b`, "@{u}", "@", "a@{1}", ".a", "a/.b", "a/", "/a", "a//b", "a.lock", "a.lock/b", "a.", "a\u202eb", "a\xffb",
		strings.Repeat("a", maxRevision+1),
	} {
		if err := Check(bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Whatever is let through is a name that git, too, takes for a ref's.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"main", "a/b", "-x", "a..b", "@{u}", "a.lock", "refs/heads/x", "\u202e"} {
		f.Add(s)
	}
	git, err := exec.LookPath("git")
	if err != nil {
		f.Skip(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || Check(s) != nil {
			return
		}
		if err := exec.Command(git, "check-ref-format", "refs/heads/"+s).Run(); err != nil {
			t.Errorf("%q is let through but not by git", s)
		}
	})
}

func TestResolveRefusesAndExplains(t *testing.T) {
	sha := strings.Repeat("a", 40)
	refs, err := Parse([]byte("ref: refs/heads/main\tHEAD\n" + sha + "\tHEAD\n" + sha + "\trefs/heads/main\n" + sha + "\trefs/heads/x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		reason, target string
		kind           fault.Kind
	}{
		{"range without a tag in it", "^1.2", fault.NotFound},
		{"range with spaces without a tag in it", ">=1.0.0 <2.0.0", fault.NotFound},
		{"a version that is no tag", "v1.2.3", fault.NotFound},
		{"no such branch", "nope", fault.NotFound},
		{"short commit", "abc1234", fault.NotFound},
		{"expression", "main~1", fault.Invalid},
		{"option", "--exec=x", fault.Invalid},
		{"64 digits are no commit of ours", strings.Repeat("a", 64), fault.NotFound},
	} {
		if _, _, err := refs.Resolve(source.Target{Revision: tc.target}); fault.KindOf(err) != tc.kind || err == nil {
			t.Errorf("%s: %v", tc.reason, err)
		}
	}
	if _, ref, err := refs.Resolve(source.Target{Revision: "x"}); err != nil || ref != "refs/heads/x" {
		t.Errorf("a branch that reads like a range: %q, %v", ref, err)
	}
	if _, ref, err := refs.Resolve(source.Target{Revision: ""}); err != nil || ref != "refs/heads/main" {
		t.Errorf("HEAD: %q, %v", ref, err)
	}
}

func TestParse(t *testing.T) {
	if _, err := Parse([]byte(strings.Repeat("a", 64) + "\tHEAD\n")); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("SHA-256: %v", err)
	}
	for _, bad := range []string{"no tab\n", "zz\tHEAD\n", "\t\n"} {
		if _, err := Parse([]byte(bad)); fault.KindOf(err) != fault.Broken {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ref: refs/heads/main\tHEAD\n"+strings.Repeat("a", 40)+"\tHEAD\n", "main")
	f.Fuzz(func(t *testing.T, out, target string) {
		refs, err := Parse([]byte(out))
		if err != nil {
			return
		}
		sha, _, err := refs.Resolve(source.Target{Revision: target})
		if err == nil && !fullSHA.MatchString(sha) {
			t.Errorf("%q resolves to %q", target, sha)
		}
	})
}
