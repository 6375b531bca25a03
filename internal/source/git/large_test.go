package git

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/test/gitserver"
)

const large = "kind: ConfigMap\nmetadata: {name: large}\n"

// counted counts what is asked of the server of large files.
func counted(n *int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/info/lfs/") {
			*n++
		}
		next.ServeHTTP(w, r)
	})
}

func TestLargeFiles(t *testing.T) {
	f := newFixture(t, gitserver.Options{BearerToken: canary})
	asked := 0
	web := httptest.NewServer(counted(&asked, f.server))
	defer web.Close()
	f.source = source.Repository{URL: web.URL + "/app.git", BearerToken: source.NewSecret(canary), EnableLFS: true}
	pointer := must(f.repo.Large(large))
	empty := must(f.repo.Large(""))
	files := map[string]gitserver.File{
		"dir/large.yaml": {Content: pointer}, "small.yaml": {Content: "a: 1\n"}, "empty": {Content: empty}, "link": link("dir/large.yaml"),
		"almost": {Content: pointer + "more"}, "to-pointer": {Content: pointer, Mode: gitserver.Symlink},
	}
	tree := f.tree(t, files)
	if info := must(tree.Stat("dir/large.yaml")); info.Size() != int64(len(large)) || asked != 0 {
		t.Errorf("%d bytes, asked %d times", info.Size(), asked)
	}
	for range 2 {
		for name, want := range map[string]string{"dir/large.yaml": large, "small.yaml": "a: 1\n", "empty": "", "link": large, "almost": pointer + "more"} {
			if got, err := tree.ReadFile(name); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times, want a batch and a download for each of two files", asked)
	}
	delete(files, "to-pointer")
	if err := fstest.TestFS(f.tree(t, files), "dir/large.yaml", "small.yaml"); err != nil {
		t.Error(err)
	}
	f.reopen(t)
	if got := f.read(t, tree.Revision(), "dir/large.yaml"); got != large || asked != 4 {
		t.Errorf("after a restart: %q, asked %d times", got, asked)
	}
	kept := must(filepath.Glob(filepath.Join(f.mirrorDir(t), "lfs", "*")))
	for _, name := range kept {
		if err := os.WriteFile(name, []byte(strings.Repeat("x", len(large))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.read(t, tree.Revision(), "dir/large.yaml"); got != large || len(kept) != 2 {
		t.Errorf("after damage of %v: %q", kept, got)
	}
	assertNotOnDisk(t, f.dir, canary)

	f.source.EnableLFS = false
	plain := must(f.store.Tree(t.Context(), f.source, tree.Revision()))
	if got, err := plain.ReadFile("dir/large.yaml"); err != nil || string(got) != pointer {
		t.Errorf("not enabled: %q, %v", got, err)
	}
	on, _, _, _ := tree.Lookup("dir/large.yaml")
	off, _, _, _ := plain.Lookup("dir/large.yaml")
	if on == off {
		t.Error("two contents have the same id")
	}
}

func TestLargeFilesOfSubmodules(t *testing.T) {
	f := newFixture(t, gitserver.Options{BearerToken: canary})
	lib := must(f.server.Repo(t.Context(), "lib"))
	sha := must(lib.Apply(t.Context(), gitserver.Change{Message: "x", Files: map[string]gitserver.File{"large": {Content: must(lib.Large(large))}}}))
	f.source.BearerToken = source.NewSecret(canary)
	for _, enabled := range []string{"app", "lib", ""} {
		f.source.EnableLFS = enabled == "app"
		f.store = openStore(t, Options{Dir: t.TempDir(), Repository: func(url, _ string) (source.Repository, error) {
			return source.Repository{URL: url, EnableLFS: enabled == "lib"}, nil
		}})
		tree := f.tree(t, map[string]gitserver.File{"lib": gitlink(sha), ".gitmodules": gitmodules("lib", "../lib.git")})
		got, err := tree.ReadFile("lib/large")
		if err != nil || (string(got) == large) != (enabled != "") {
			t.Errorf("enabled in the Secret of %q: %q, %v", enabled, got, err)
		}
	}
}

func TestLargeFilesByTLS(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: canary})
	web := httptest.NewTLSServer(f.server)
	defer web.Close()
	f.source = source.Repository{
		URL: web.URL + "/app", Username: "ada", Password: source.NewSecret(canary), EnableLFS: true,
		CAData: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})),
	}
	tree := f.tree(t, map[string]gitserver.File{"a": {Content: must(f.repo.Large(large))}})
	if got, err := tree.ReadFile("a"); err != nil || string(got) != large {
		t.Errorf("%q, %v", got, err)
	}
}

func TestLargeFilesBySSH(t *testing.T) {
	f := newFixture(t, gitserver.Options{BearerToken: canary})
	var paths []string
	at := serveSSH(t, f.server, gitserver.SSHOptions{LFS: func(path string) (string, map[string]string) {
		paths = append(paths, path)
		return f.web.URL + "/app.git/info/lfs", map[string]string{"Authorization": "Bearer " + canary}
	}})
	f.source = source.Repository{URL: at.url("app"), SSHPrivateKey: source.NewSecret(at.key), KnownHosts: at.known, EnableLFS: true}
	tree := f.tree(t, map[string]gitserver.File{"a": {Content: must(f.repo.Large(large))}, "b": {Content: must(f.repo.Large(large + "b"))}})
	for name, want := range map[string]string{"a": large, "b": large + "b"} {
		if got, err := tree.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got := fmt.Sprint(paths); got != "['/app.git' download]" {
		t.Errorf("asked for %s", got)
	}
	if left := must(os.ReadDir(f.store.tmp)); len(left) > 0 {
		t.Errorf("left in the private directory: %v", left)
	}

	silent := serveSSH(t, f.server, gitserver.SSHOptions{})
	f.source = source.Repository{URL: silent.url("app"), SSHPrivateKey: source.NewSecret(silent.key), KnownHosts: silent.known, EnableLFS: true}
	tree = f.tree(t, map[string]gitserver.File{"a": {Content: must(f.repo.Large(large))}})
	if _, err := tree.ReadFile("a"); err == nil || !strings.Contains(err.Error(), "git lfs ssh://") {
		t.Errorf("a server without large files: %v", err)
	}
}

func TestHostileLargeFiles(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	pointer := must(f.repo.Large(large))
	huge := strings.Replace(pointer, fmt.Sprintf("size %d", len(large)), "size 999999999999", 1)
	seen := &recorder{handler: f.server}
	other := httptest.NewServer(seen)
	defer other.Close()
	leads := func(to string) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/info/lfs/") {
				http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
				return
			}
			f.server.ServeHTTP(w, r)
		}))
	}
	away := leads(other.URL)
	defer away.Close()
	config := func(url string) map[string]gitserver.File {
		return map[string]gitserver.File{"a": {Content: pointer}, ".lfsconfig": {Content: "[lfs]\n\turl = " + url + "\n"}}
	}
	for _, tc := range []struct {
		reason, url string
		files       map[string]gitserver.File
		want        string
		kind        fault.Kind
	}{
		{"a huge one", f.web.URL, map[string]gitserver.File{"a": {Content: huge}}, "999999999999 bytes large, more than", fault.Broken},
		{"one that nobody has", f.web.URL, map[string]gitserver.File{"a": {Content: strings.Replace(pointer, "sha256:", "sha256:0000", 1)[:len(pointer)-len("0000")]}}, "", -1},
		{"the server redirects elsewhere", away.URL, map[string]gitserver.File{"a": {Content: pointer}}, "redirects to another server", fault.Broken},
		{"a server inside, named by the repository", f.web.URL, config("http://169.254.169.254/lfs"), "169.254.169.254 is at a link-local address", fault.Denied},
		{"a server of the company's, named by the repository", f.web.URL, config("https://10.0.0.1/lfs"), "10.0.0.1 is at a private address", fault.Denied},
		{"a file, named by the repository", f.web.URL, config("file:///etc"), "not reached by https or http", fault.Unsupported},
		{"ssh, named by the repository", f.web.URL, config("ssh://git@127.0.0.1/x"), "not reached by https or http", fault.Unsupported},
		{"another server, named by the repository", f.web.URL, config(other.URL + "/app.git/info/lfs"), "", -2},
	} {
		seen.auth = nil
		f.source = source.Repository{URL: tc.url + "/app.git", BearerToken: source.NewSecret(canary), EnableLFS: true}
		got, err := f.tree(t, tc.files).ReadFile("a")
		switch tc.kind {
		case -1: // no pointer, but a file that looks much like one
			if err != nil || string(got) == large {
				t.Errorf("%s: %q, %v", tc.reason, got, err)
			}
		case -2:
			if err != nil || string(got) != large || len(seen.auth) != 2 {
				t.Errorf("%s: %q, %v, asked %d times", tc.reason, got, err, len(seen.auth))
			}
		default:
			if err == nil || !strings.Contains(err.Error(), tc.want) || fault.KindOf(err) != tc.kind || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: %v of kind %v", tc.reason, err, fault.KindOf(err))
			}
		}
		for _, auth := range seen.auth {
			if auth != "" {
				t.Errorf("%s: the other server was given %q", tc.reason, auth)
			}
		}
		if err := os.RemoveAll(filepath.Join(must(f.store.mirror(f.source)).dir, "lfs")); err != nil {
			t.Fatal(err)
		}
	}
}
