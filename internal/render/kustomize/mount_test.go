package kustomize

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

// server has whatever is asked for.
type server struct {
	answer func(remote.Want) string // a kustomization
	asked  int
}

func (s *server) Fetch(_ context.Context, w remote.Want) (remote.Got, error) {
	s.asked++
	if w.Kind == remote.File {
		return remote.Got{FS: fstest.MapFS{remote.FileName: {Data: []byte(s.answer(w))}}}, nil
	}
	return remote.Got{FS: fstest.MapFS{"x/kustomization.yaml": {Data: []byte(s.answer(w))}}}, nil
}

func buildWith(t *testing.T, s remote.Fetcher, kustomization string) error {
	t.Helper()
	repo := fstest.MapFS{"app/kustomization.yaml": {Data: []byte(kustomization)}}
	v := newView(newMounts(t.Context(), tree.NewReader(t.Context(), repo, 1<<20), s), nil)
	v.inspector.warn = func(string) {}
	_, err := build(t.Context(), v, krusty.MakeDefaultOptions(), "app")
	return err
}

// TestEndlessBases: a server that always has another base is not followed for long.
func TestEndlessBases(t *testing.T) {
	s := &server{}
	s.answer = func(remote.Want) string {
		return fmt.Sprintf("resources: ['https://example.org/org/r%d//x']\n", s.asked)
	}
	err := buildWith(t, s, "resources: ['https://example.org/org/r//x']\n")
	if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "deeper than 10 levels") || s.asked != maxFetchedDepth {
		t.Errorf("asked %d times: %v", s.asked, err)
	}
}

// TestManyBases: neither is a list of thousands.
func TestManyBases(t *testing.T) {
	var list strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&list, "- https://example.org/org/r%d//x\n", i)
	}
	s := &server{answer: func(remote.Want) string { return "namePrefix: x\n" }}
	err := buildWith(t, s, "resources:\n"+list.String())
	if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), "more than 256 things of elsewhere") || s.asked != maxFetched {
		t.Errorf("asked %d times: %v", s.asked, err)
	}
}

// TestOnceFetched: many directories of one repository are one thing to get.
func TestOnceFetched(t *testing.T) {
	s := &server{answer: func(w remote.Want) string {
		if w.Kind == remote.File {
			return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
		}
		return "configMapGenerator: [{name: b}]\n"
	}}
	err := buildWith(t, s, "resources: ['https://example.org/org/r//x?ref=v1', 'https://example.org/a.yaml']\nconfigMapGenerator: [{name: c, files: ['https://example.org/a.yaml']}]\n")
	if err != nil || s.asked != 2 {
		t.Errorf("asked %d times: %v", s.asked, err)
	}
}

// busy has nothing just now, and then something.
type busy struct{ server }

func (b *busy) Fetch(ctx context.Context, w remote.Want) (remote.Got, error) {
	if b.asked == 0 {
		b.asked++
		return remote.Got{}, fault.New(fault.Unavailable, "busy")
	}
	return b.server.Fetch(ctx, w)
}

// TestNoOtherWhileBusy: what does not answer is not taken for something else.
func TestNoOtherWhileBusy(t *testing.T) {
	b := &busy{server{answer: func(remote.Want) string { return "{}" }}}
	err := buildWith(t, b, "resources: ['https://example.org/org/r//x']\n")
	if !fault.KindOf(err).Transient() || b.asked != 1 {
		t.Errorf("asked %d times: %v", b.asked, err)
	}
}

func TestParseGitURL(t *testing.T) {
	for written, want := range map[string]gitURL{
		"https://github.com/org/repo":                            {"https://github.com/org/repo", ".", ""},
		"https://github.com/org/repo/a/b?ref=v1":                 {"https://github.com/org/repo", "a/b", "v1"},
		"https://github.com/org/repo.git/a?ref=v1&timeout=2m":    {"https://github.com/org/repo.git", "a", "v1"},
		"https://github.com/org/repo//a?version=v2":              {"https://github.com/org/repo", "a", "v2"},
		"https://github.com/org/repo//a?version=v2&ref=v3":       {"https://github.com/org/repo", "a", "v3"},
		"HTTPS://GitHub.com/org/repo":                            {"https://github.com/org/repo", ".", ""},
		"http://github.com/org/repo":                             {"https://github.com/org/repo", ".", ""},
		"https://me@github.com/org/repo":                         {"me@github.com:org/repo", ".", ""},
		"ssh://git@github.com/org/repo//a":                       {"git@github.com:org/repo", "a", ""},
		"ssh://github.com/org/repo":                              {"ssh://github.com/org/repo", ".", ""},
		"github.com:org/repo/a":                                  {"https://github.com/org/repo", "a", ""},
		"git@example.org:org/sub/repo.git//a/b?ref=x":            {"git@example.org:org/sub/repo.git", "a/b", "x"},
		"git@example.org/org/repo":                               {"git@example.org/org/repo", ".", ""},
		"ssh://git@example.org:7999/org/repo.git/a":              {"ssh://git@example.org:7999/org/repo.git", "a", ""},
		"git::ssh://git@example.org/org/repo//a":                 {"ssh://git@example.org/org/repo", "a", ""},
		"https://user:pw@example.org/org/repo//a":                {"https://user:pw@example.org/org/repo", "a", ""},
		"https://example.org/a/b/c/d//e":                         {"https://example.org/a/b/c/d", "e", ""},
		"https://dev.azure.com/org/project/_git/repo/a/b?ref=v1": {"https://dev.azure.com/org/project/_git/repo", "a/b", "v1"},
		"https://example.org/org/repo/a/../b":                    {"https://example.org/org/repo", "b", ""},
		"https://example.org/org/repo?ref=%2Drefs":               {},
		"https://example.org/org/repo//..":                       {},
		"https://example.org/org/repo//a/../../b":                {},
		"https://example.org":                                    {},
		"https://example.org/org":                                {},
		"https:///org/repo":                                      {},
		"file:///srv/repo":                                       {},
		"FILE:///srv/repo":                                       {},
		"git::file:///srv/repo":                                  {},
		"ftp://example.org/org/repo":                             {},
		"example.org/org/repo":                                   {},
		"ssh://-oProxyCommand=x/org/repo":                        {},
		"ssh://git@-oProxyCommand=x/org/repo":                    {},
		"git@-x:org/repo":                                        {},
		"git@example.org:-x/repo":                                {},
		"https://example.org/org/repo\n//a":                      {},
		"git::ext::sh -c x":                                      {},
	} {
		got, err := parseGitURL(written)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(gitURL{})); diff != "" || (err == nil) == (want == gitURL{}) {
			t.Errorf("%q: %v (-want +got):\n%s", written, err, diff)
		}
	}
}

// FuzzGitURL: whatever is taken for a repository is reached over https, http or ssh,
// and its directory lies in it.
func FuzzGitURL(f *testing.F) {
	for _, seed := range []string{"https://github.com/org/repo//a?ref=v1", "git@example.org:org/repo.git/a", "git::ssh://x@h:1/a/b/../c", "github.com/a/b", "file:///x", "ssh://-o/a/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		u, err := parseGitURL(written)
		if err != nil {
			return
		}
		scheme, _, found := strings.Cut(u.repo, "://")
		known := !found && username.MatchString(u.repo) || found && (scheme == "https" || scheme == "http" || scheme == "ssh" || username.MatchString(u.repo))
		if !known || !fs.ValidPath(u.dir) || strings.HasPrefix(u.repo, "-") || strings.HasPrefix(u.ref, "-") {
			t.Errorf("%q became %+v", written, u)
		}
		if !isRemote(written) {
			t.Errorf("%q is a repository and was not taken for one", written)
		}
	})
}
