package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/remote"
	"evenkeel.dev/test/gitserver"
)

// another is a second repository of the fixture's server, with one commit.
func (f *fixture) another(t testing.TB, name string, files map[string]gitserver.File) (*gitserver.Repo, string) {
	t.Helper()
	repo := must(f.server.Repo(t.Context(), name))
	return repo, must(repo.Apply(t.Context(), gitserver.Change{Message: name, Files: files}))
}

func gitlink(sha string) gitserver.File {
	return gitserver.File{Content: sha, Mode: gitserver.Submodule}
}

// gitmodules is a .gitmodules with a submodule at each path.
func gitmodules(pathsAndURLs ...string) gitserver.File {
	var b strings.Builder
	for i := 0; i < len(pathsAndURLs); i += 2 {
		fmt.Fprintf(&b, "[submodule \"m%d\"]\n\tpath = %s\n\turl = %s\n", i, pathsAndURLs[i], pathsAndURLs[i+1])
	}
	return gitserver.File{Content: b.String()}
}

func TestSubmoduleIsADirectoryOfItsOwnRepository(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	_, deep := f.another(t, "team/deep", map[string]gitserver.File{"d.yaml": {Content: "deep"}, "over": link("../../../../top.yaml")})
	_, lib := f.another(t, "lib", map[string]gitserver.File{
		"a.yaml": {Content: "lib"}, "dir/b.yaml": {Content: "b"}, "up": link("../../top.yaml"),
		"third party/deep": gitlink(deep), ".gitmodules": gitmodules("third party/deep", "../team/deep"),
	})
	files := map[string]gitserver.File{
		"top.yaml": {Content: "top"}, "vendor/lib": gitlink(lib), "in": link("vendor/lib/dir/b.yaml"), "to": link("vendor/lib"),
		".gitmodules": gitmodules("vendor/lib", "../lib.git"),
	}
	tree := f.tree(t, files)
	if got := f.processes("fetch"); got != 1 {
		t.Errorf("%d fetches before anybody has looked into a submodule", got)
	}
	if info := must(tree.Stat("vendor/lib")); !info.IsDir() || f.processes("fetch") != 1 {
		t.Error("looking at a submodule has fetched it, or it is no directory")
	}
	for name, want := range map[string]string{
		"vendor/lib/a.yaml": "lib", "vendor/lib/dir/b.yaml": "b", "vendor/lib/third party/deep/d.yaml": "deep",
		"vendor/lib/up": "top", "vendor/lib/third party/deep/over": "top", "in": "b", "to/third party/deep/d.yaml": "deep",
	} {
		if got, err := tree.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := fstest.TestFS(tree, "vendor/lib/a.yaml", "vendor/lib/dir/b.yaml", "vendor/lib/third party/deep/d.yaml"); err != nil {
		t.Error(err)
	}
	if _, err := tree.ReadFile("vendor/lib/nope"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for name, want := range map[string]string{"vendor/lib": lib, "to": lib, "vendor/lib/third party/deep": deep} {
		if id, mode, ok, err := tree.Lookup(name); id != want || !mode.IsDir() || !ok || err != nil {
			t.Errorf("%s has the id %s, want its commit %s (%v)", name, id, want, err)
		}
	}
	if id, _, ok, err := tree.Lookup("vendor/lib/a.yaml"); !ok || err != nil || id == lib {
		t.Errorf("a file in it: %s, %v", id, err)
	}

	before := f.store.Stats().Processes
	files["top.yaml"] = gitserver.File{Content: "changed"}
	next := f.tree(t, files)
	if got := string(must(next.ReadFile("vendor/lib/a.yaml"))); got != "lib" {
		t.Errorf("after another commit: %q", got)
	}
	before["fetch"]++ // of the parent
	if diff := cmp.Diff(before, f.store.Stats().Processes); diff != "" {
		t.Errorf("a commit that leaves the submodule alone (-want +got):\n%s", diff)
	}
}

func TestSubmodulesOverSSH(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	_, lib := f.another(t, "lib", map[string]gitserver.File{"a.yaml": {Content: "lib"}})
	at := serveSSH(t, f.server, gitserver.SSHOptions{})
	f.source = source.Repository{URL: at.url("app"), SSHPrivateKey: source.NewSecret(at.key), KnownHosts: at.known}
	tree := f.tree(t, map[string]gitserver.File{"lib": gitlink(lib), ".gitmodules": gitmodules("lib", "../lib.git")})
	if got, err := tree.ReadFile("lib/a.yaml"); err != nil || string(got) != "lib" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSubmodulesTurnedOff(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	f.store = openStore(t, Options{Dir: t.TempDir(), NoSubmodules: true})
	tree := f.tree(t, map[string]gitserver.File{"lib": gitlink(strings.Repeat("1", 40)), "a": {Content: "x"}})
	if err := fstest.TestFS(tree, "a", "lib"); err != nil {
		t.Error(err)
	}
	if _, _, ok, err := tree.Lookup("lib/x"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// Nobody may take a submodule that cannot be opened for an empty directory.
func TestHostileSubmodules(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	one := strings.Repeat("1", 40)
	away := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/info/refs?service=git-upload-pack", http.StatusFound))
	defer away.Close()
	huge := gitserver.File{Content: strings.Repeat("# comment\n", maxModulesFile/10+1)}
	for _, tc := range []struct {
		reason  string
		modules gitserver.File
		want    string
		kind    fault.Kind
	}{
		{"metadata of a cloud", gitmodules("lib", "http://169.254.169.254/x"), "169.254.169.254 is at a link-local address", fault.Denied},
		{"a company's network", gitmodules("lib", "https://10.0.0.1/x"), "10.0.0.1 is at a private address", fault.Denied},
		{"in another spelling", gitmodules("lib", "http://0xa9fea9fe/x"), "in a spelling", fault.Denied},
		{"as IPv6", gitmodules("lib", "http://[::ffff:169.254.169.254]/x"), "link-local address", fault.Denied},
		{"by ssh", gitmodules("lib", "ssh://git@10.0.0.1/x"), "10.0.0.1 is at a private address", fault.Denied},
		{"by the short form of ssh", gitmodules("lib", "git@10.0.0.1:x"), "10.0.0.1 is at a private address", fault.Denied},
		{"by a redirect", gitmodules("lib", away.URL+"/x"), "169.254.169.254 is at a link-local address", fault.Denied},
		{"an option", gitmodules("lib", "-u./payload"), "begins with a dash", fault.Invalid},
		{"an option behind ssh", gitmodules("lib", "ssh://-oProxyCommand=touch/x"), "", fault.Invalid},
		{"a file", gitmodules("lib", "file:///etc"), "a file of this machine", fault.Denied},
		{"a path", gitmodules("lib", "/etc"), "neither a URL nor", fault.Invalid},
		{"a remote helper", gitmodules("lib", `"ext::sh -c touch% /tmp/x"`), "", fault.Invalid},
		{"Git's own protocol", gitmodules("lib", "git://127.0.0.1/x"), "none of https", fault.Invalid},
		{"above the host", gitmodules("lib", "../../../x"), "leads out of the host", fault.Invalid},
		{"another path", gitmodules("other", "../lib.git"), "has no URL for it", fault.Broken},
		{"a link", link("a"), "is not a file", fault.Broken},
		{"no .gitmodules", gitserver.File{Content: gitserver.Deleted}, "has no .gitmodules", fault.Broken},
		{"a malformed one", gitserver.File{Content: "[submodule \"x\npath"}, "cannot be read", fault.Broken},
		{"a huge one", huge, "bytes large", fault.Broken},
		{"an include", gitserver.File{Content: "[include]\n\tpath = /etc/passwd\n"}, "has no URL for it", fault.Broken},
		{"no such repository", gitmodules("lib", "../nope.git"), "not found", fault.NotFound},
		{"no such commit", gitmodules("lib", "../app.git"), "there is no commit", fault.NotFound},
	} {
		tree := f.tree(t, map[string]gitserver.File{"lib": gitlink(one), "a": {Content: "x"}, "into": link("lib/a"), ".gitmodules": tc.modules})
		for how, look := range map[string]func() error{
			"ReadDir":        func() error { _, err := tree.ReadDir("lib"); return err },
			"ReadFile":       func() error { _, err := tree.ReadFile("lib/a/b"); return err },
			"Stat by a link": func() error { _, err := tree.Stat("into"); return err },
			"Lookup":         func() error { _, _, _, err := tree.Lookup("lib/a"); return err },
		} {
			err := look()
			if err == nil || !strings.Contains(err.Error(), "lib is a Git submodule: ") || !strings.Contains(err.Error(), tc.want) ||
				fault.KindOf(err) != tc.kind || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s: %v of kind %v", tc.reason, how, err, fault.KindOf(err))
			}
		}
		if got, err := tree.ReadFile("a"); err != nil || string(got) != "x" {
			t.Errorf("%s: it breaks the rest: %v", tc.reason, err)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "x"})
	for range maxNesting + 2 {
		sha = must(f.repo.Apply(t.Context(), gitserver.Change{Message: "x", Files: map[string]gitserver.File{
			"s": gitlink(sha), ".gitmodules": gitmodules("s", "../app.git"),
		}}))
	}
	tree := must(f.store.Tree(t.Context(), f.source, sha))
	if got, err := tree.ReadFile(strings.Repeat("s/", maxNesting) + "a"); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := tree.ReadFile(strings.Repeat("s/", maxNesting+1) + "a"); fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "more than 8 deep") {
		t.Errorf("%v", err)
	}
}

func TestCredentialsOfSubmodules(t *testing.T) {
	f := newFixture(t, gitserver.Options{BearerToken: canary})
	_, lib := f.another(t, "lib", map[string]gitserver.File{"a": {Content: "lib"}})
	elsewhere := &recorder{handler: f.server}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	f.source.BearerToken = source.NewSecret(canary)
	for _, tc := range []struct {
		reason, url, project string
		want                 string
	}{
		{"the same server", "../lib.git", "", ""},
		{"the same server, in full", f.web.URL + "/lib.git", "", ""},
		{"another port", other.URL + "/lib.git", "", "refuses the credentials"},
		{"the same host by another name", strings.Replace(f.web.URL, "127.0.0.1", "localhost", 1) + "/lib.git", "", "refuses the credentials"},
		{"another server, for a project with a Secret for it", other.URL + "/lib.git", "rich", ""},
		{"a project that may not", other.URL + "/lib.git", "banned", "not permitted"},
	} {
		elsewhere.auth = nil
		store := openStore(t, Options{Dir: t.TempDir(), Repository: func(url, project string) (source.Repository, error) {
			switch project {
			case "rich":
				return source.Repository{URL: url, BearerToken: source.NewSecret(canary)}, nil
			case "banned":
				return source.Repository{}, fault.New(fault.Denied, "repository %s is not permitted", url)
			}
			return source.Repository{URL: url}, nil
		}})
		sha := must(f.repo.Apply(t.Context(), gitserver.Change{Message: "x", Files: map[string]gitserver.File{
			"lib": gitlink(lib), ".gitmodules": gitmodules("lib", tc.url),
		}}))
		got, err := must(store.Tree(t.Context(), f.source, sha)).InProject(tc.project).ReadFile("lib/a")
		if tc.want == "" && (err != nil || string(got) != "lib") || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %q, %v", tc.reason, got, err)
		}
		for _, auth := range elsewhere.auth {
			if auth != "" && tc.project != "rich" {
				t.Errorf("%s: the other server was given %q", tc.reason, auth)
			}
		}
	}
	// Whoever has not been let in reads nothing of what others have fetched.
	tree := must(f.store.Tree(t.Context(), f.source, must(f.repo.Resolve(t.Context(), "main"))))
	if _, err := tree.InProject("x").ReadFile("lib/a"); err == nil {
		t.Error("the last case leads elsewhere, where nobody without credentials is let in")
	}
}

func TestLinksOutOfSubmodules(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	_, lib := f.another(t, "lib", map[string]gitserver.File{"out": link("../../../top"), "absolute": link("/etc/passwd")})
	tree := f.tree(t, map[string]gitserver.File{"vendor/lib": gitlink(lib), ".gitmodules": gitmodules("vendor/lib", "../lib.git")})
	for name, want := range map[string]string{"out": "leads out of the repository", "absolute": "absolute path"} {
		if _, err := tree.ReadFile("vendor/lib/" + name); fault.KindOf(err) != fault.Broken || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Git connects to the addresses that were judged: it cannot resolve this name at all.
func TestJudgedAddressesAreTheOnesConnectedTo(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	_, lib := f.another(t, "lib", map[string]gitserver.File{"a": {Content: "lib"}})
	port := remote.Port(f.web.URL, "")
	f.store.guard.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		return []netip.Addr{map[string]netip.Addr{
			"lib.invalid": netip.MustParseAddr("127.0.0.1"), "evil.invalid": netip.MustParseAddr("192.168.1.1"),
		}[host]}, nil
	}
	tree := f.tree(t, map[string]gitserver.File{
		"lib": gitlink(lib), "evil": gitlink(lib),
		".gitmodules": gitmodules("lib", "http://lib.invalid:"+port+"/lib.git", "evil", "http://evil.invalid:"+port+"/lib.git"),
	})
	if got, err := tree.ReadFile("lib/a"); err != nil || string(got) != "lib" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := tree.ReadFile("evil/a"); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "evil.invalid is at a private address") {
		t.Errorf("%v", err)
	}
}
