package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/refs"
	"evenkeel.dev/test/gitserver"
)

func TestFetchCostsAProcessOncePerCommit(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	first := f.commit(t, map[string]string{"a": "1"})
	for range 3 {
		if got := f.fetch(t, "main"); got != first {
			t.Fatalf("main is %s, want %s", got, first)
		}
		if got := f.read(t, first, "a"); got != "1" {
			t.Errorf("a is %q", got)
		}
	}
	want := map[string]int64{"version": 1, "init": 1, "ls-remote": 3, "fetch": 1, "cat-file": 1}
	if diff := cmp.Diff(want, f.store.Stats().Processes); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
	second := f.commit(t, map[string]string{"a": "2"})
	f.fetch(t, "")
	if a, b := f.read(t, first, "a"), f.read(t, second, "a"); a != "1" || b != "2" {
		t.Errorf("a is %q and %q", a, b)
	}
	want["ls-remote"], want["fetch"] = 4, 2
	if diff := cmp.Diff(want, f.store.Stats().Processes); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
}

func TestFetchAfterRestart(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	f.fetch(t, "main")
	f.reopen(t)
	f.fetch(t, "main")
	if got := f.read(t, sha, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
	want := map[string]int64{"version": 1, "ls-remote": 1, "cat-file": 1}
	if diff := cmp.Diff(want, f.store.Stats().Processes); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
}

func TestSpellingsOfOneRepositoryShareAMirror(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	f.commit(t, map[string]string{"a": "1"})
	f.fetch(t, "main")
	for _, url := range []string{strings.Replace(f.source.URL, "http", "HTTP", 1), strings.TrimSuffix(f.source.URL, ".git")} {
		m := must(f.store.mirror(source.Repository{URL: url, Name: "other", Project: "p"}))
		if m.dir != f.mirrorDir(t) {
			t.Errorf("%s has a mirror of its own", url)
		}
	}
	if m := must(f.store.mirror(source.Repository{URL: strings.Replace(f.source.URL, "/app", "/App", 1)})); m.dir == f.mirrorDir(t) {
		t.Error("paths that differ in case are different repositories")
	}
}

func TestFetchTargets(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	ctx := t.Context()
	first := f.commit(t, map[string]string{"a": "1"})
	second := f.commit(t, map[string]string{"a": "2"})
	branch := must(f.repo.Apply(ctx, gitserver.Change{Branch: "feature/x", Parent: first, Message: "b", Files: map[string]gitserver.File{"a": {Content: "3"}}}))
	for _, err := range []error{
		f.repo.Tag(ctx, "v1", first, "annotated"), f.repo.Tag(ctx, "light", first, ""), f.repo.Tag(ctx, "both", first, ""),
		f.repo.SetRef(ctx, "refs/heads/both", second), f.repo.SetRef(ctx, "refs/pull/7/head", branch),
		f.repo.SetRef(ctx, "refs/heads/deadbeef", second),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ reason, target, want string }{
		{"HEAD", "HEAD", second},
		{"empty means HEAD", "", second},
		{"branch", "main", second},
		{"branch with a slash", "feature/x", branch},
		{"annotated tag is peeled", "v1", first},
		{"lightweight tag", "light", first},
		{"full name of a branch", "refs/heads/main", second},
		{"full name of a tag", "refs/tags/v1", first},
		{"tag before branch, as gitrevisions(7)", "both", first},
		{"the branch by its full name", "refs/heads/both", second},
		{"half of a name", "heads/both", second},
		{"another ref", "refs/pull/7/head", branch},
		{"another ref, shorter", "pull/7/head", branch},
		{"commit", first, first},
		{"commit in capitals", strings.ToUpper(first), first},
		{"a branch that looks like a commit", "deadbeef", second},
	} {
		store := openStore(t, Options{Dir: t.TempDir()})
		sha, err := follow(ctx, store, f.source, tc.target)
		if err != nil || sha != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.reason, sha, err, tc.want)
			continue
		}
		if _, err := must(store.Tree(ctx, f.source, sha)).ReadFile("a"); err != nil {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if n := store.Stats().Processes["fetch"]; n != 1 {
			t.Errorf("%s: %d fetches", tc.reason, n)
		}
	}
}

func TestResolveShort(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	ctx := t.Context()
	first := f.commit(t, map[string]string{"a": "1"})
	f.commit(t, map[string]string{"a": "2"})
	list := must(f.store.Refs(ctx, f.source))
	if _, _, err := list.Resolve(source.Target{Revision: first[:7]}); !errors.Is(err, refs.ErrShort) || fault.KindOf(err) != fault.NotFound {
		t.Errorf("Resolve: %v", err)
	}
	for _, short := range []string{first[:7], first[:39], strings.ToUpper(first[:12])} {
		if got, err := f.store.ResolveShort(ctx, f.source, short); err != nil || got != first {
			t.Errorf("%s: %s, %v", short, got, err)
		}
	}
	if n := f.processes("fetch"); n != 1 {
		t.Errorf("%d fetches", n)
	}
	absent := strings.Repeat("0", 10)
	if _, err := f.store.ResolveShort(ctx, f.source, absent); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an absent commit: %v", err)
	}
	for _, bad := range []string{"abc", "main", "-abcd", first, "abcd^{tree}"} {
		if _, err := f.store.ResolveShort(ctx, f.source, bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestForcePushKeepsOldCommits(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	ctx := t.Context()
	base := f.commit(t, map[string]string{"a": "0"})
	old := f.commit(t, map[string]string{"a": "1"})
	f.fetch(t, "main")
	forced := must(f.repo.Apply(ctx, gitserver.Change{Parent: base, Message: "forced", Files: map[string]gitserver.File{"a": {Content: "2"}}}))
	if got := f.fetch(t, "main"); got != forced {
		t.Fatalf("main is %s, want %s", got, forced)
	}
	f.reopen(t)
	f.fetch(t, "main")
	if a, b := f.read(t, old, "a"), f.read(t, forced, "a"); a != "1" || b != "2" {
		t.Errorf("a is %q and %q", a, b)
	}
}

// Between Refs and Fetch the branch may be forced away from what Refs saw.
func TestFetchOfACommitThatItsRefLeft(t *testing.T) {
	for _, old := range []bool{false, true} {
		f := newFixture(t, gitserver.Options{OnlyProtocolV0: old})
		ctx := t.Context()
		sha := f.commit(t, map[string]string{"a": "1"})
		must(f.repo.Apply(ctx, gitserver.Change{Orphan: true, Message: "forced", Files: map[string]gitserver.File{"a": {Content: "2"}}}))
		if err := f.repo.SetRef(ctx, "refs/heads/rescue", sha); err != nil {
			t.Fatal(err)
		}
		if err := f.store.Fetch(ctx, f.source, sha, "refs/heads/main"); err != nil {
			t.Errorf("old server %v: %v", old, err)
		}
		if err := f.repo.DeleteRef(ctx, "refs/heads/main"); err != nil {
			t.Fatal(err)
		}
		if err := openStore(t, Options{Dir: t.TempDir()}).Fetch(ctx, f.source, sha, "refs/heads/main"); err != nil {
			t.Errorf("deleted branch, old server %v: %v", old, err)
		}
	}
}

// An old server hands out no commit by its name unless a ref points at it.
func TestFetchBySHAFallsBackToAllRefs(t *testing.T) {
	f := newFixture(t, gitserver.Options{OnlyProtocolV0: true})
	first := f.commit(t, map[string]string{"a": "1"})
	f.commit(t, map[string]string{"a": "2"})
	if err := f.store.Fetch(t.Context(), f.source, first, ""); err != nil {
		t.Fatal(err)
	}
	if got := f.read(t, first, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
	if n := f.processes("fetch"); n != 2 {
		t.Errorf("%d fetches, want one refused and one of all", n)
	}
}

func TestFetchOfWhatIsNot(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	ctx := t.Context()
	if err := f.store.Fetch(ctx, f.source, strings.Repeat("1", 40), ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("absent commit: %v", err)
	}
	if err := f.store.Fetch(ctx, f.source, strings.Repeat("1", 40), "refs/heads/main"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("absent commit by a ref: %v", err)
	}
	if err := f.store.Fetch(ctx, f.source, "main", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no commit: %v", err)
	}
	for _, ref := range []string{"main", "--upload-pack=touch /tmp/x", "refs/heads/a:refs/heads/b", "refs/../x"} {
		if err := f.store.Fetch(ctx, f.source, sha, ref); fault.KindOf(err) != fault.Invalid {
			t.Errorf("ref %q: %v", ref, err)
		}
	}
	if _, err := f.store.Tree(ctx, f.source, strings.Repeat("2", 40)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("tree of an absent commit: %v", err)
	}
	gone := source.Repository{URL: f.web.URL + "/gone.git"}
	if _, err := f.store.Refs(ctx, gone); fault.KindOf(err) != fault.NotFound {
		t.Errorf("absent repository: %v", err)
	}
	empty := must(f.server.Repo(ctx, "empty"))
	refs := must(f.store.Refs(ctx, source.Repository{URL: f.web.URL + "/" + filepath.Base(empty.Dir)}))
	if _, _, err := refs.Resolve(source.Target{Revision: "HEAD"}); err == nil || !strings.Contains(err.Error(), "the repository is empty") {
		t.Errorf("empty repository: %v", err)
	}
}

func TestConcurrentFetchesShareOneProcess(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	ctx := t.Context()
	refs := map[string]string{}
	for i := range 5 {
		branch := fmt.Sprint("b", i)
		refs["refs/heads/"+branch] = must(f.repo.Apply(ctx, gitserver.Change{
			Branch: branch, Orphan: true, Message: branch, Files: map[string]gitserver.File{"a": {Content: branch}},
		}))
	}
	if _, err := f.store.Refs(ctx, f.source); err != nil {
		t.Fatal(err)
	}
	// Holds every place, so that all callers are waiting before the first fetch starts.
	var releases []func()
	for range cap(f.store.network) {
		releases = append(releases, must(f.store.acquire(ctx)))
	}
	m := must(f.store.mirror(f.source))
	var all sync.WaitGroup
	errs := make(chan error, 100)
	for ref, sha := range refs {
		for range 10 {
			all.Go(func() { errs <- f.store.Fetch(ctx, f.source, sha, ref) })
		}
	}
	waitFor(t, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		n := 0
		if m.current != nil {
			n += m.current.waiting
		}
		for _, b := range m.queue {
			n += b.waiting
		}
		return n == 50
	})
	for _, r := range releases {
		r()
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	for ref, sha := range refs {
		if got := f.read(t, sha, "a"); "refs/heads/"+got != ref {
			t.Errorf("%s has %q", ref, got)
		}
	}
	// The first caller's, and one for all the others.
	if n := f.processes("fetch"); n > 2 {
		t.Errorf("%d fetches", n)
	}
}

func TestFetchEndsWithItsCaller(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	ctx, cancel := context.WithCancel(t.Context())
	release := make([]func(), 0, cap(f.store.network))
	for range cap(f.store.network) {
		release = append(release, must(f.store.acquire(ctx)))
	}
	failed := make(chan error)
	go func() { failed <- f.store.Fetch(ctx, f.source, sha, "") }()
	m := must(f.store.mirror(f.source))
	waitFor(t, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.current != nil
	})
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, r := range release {
		r()
	}
	if err := f.store.Fetch(t.Context(), f.source, sha, ""); err != nil {
		t.Errorf("the next caller: %v", err)
	}
	f.store.Close()
	if err := f.store.Fetch(t.Context(), f.source, strings.Repeat("1", 40), ""); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("after Close: %v", err)
	}
}

func TestOneBadRefDoesNotFailTheOthers(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	ctx := t.Context()
	good := f.commit(t, map[string]string{"a": "1"})
	m := must(f.store.mirror(f.source))
	b := &batch{repo: f.source, ctx: ctx, wants: map[want]error{
		{good, "refs/heads/main"}: nil, {strings.Repeat("1", 40), "refs/heads/gone"}: nil,
	}}
	got := m.perform(b)
	if err := got[want{good, "refs/heads/main"}]; err != nil {
		t.Errorf("the good one: %v", err)
	}
	if err := got[want{strings.Repeat("1", 40), "refs/heads/gone"}]; fault.KindOf(err) != fault.NotFound {
		t.Errorf("the bad one: %v", err)
	}
}

func TestDepth(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	first := f.commit(t, map[string]string{"a": "1"})
	second := f.commit(t, map[string]string{"a": "2"})
	f.source.Depth = 1
	f.fetch(t, "main")
	if h := must(must(f.store.mirror(f.source)).reader.info(t.Context(), first)); h.state != missing {
		t.Error("more than one commit was fetched")
	}
	if a, b := f.read(t, first, "a"), f.read(t, second, "a"); a != "1" || b != "2" {
		t.Errorf("a is %q and %q", a, b)
	}
}

// Two projects may disagree about the depth of a repository that they share.
func TestDepthsOfOneMirror(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	first := f.commit(t, map[string]string{"a": "1"})
	f.commit(t, map[string]string{"a": "2"})
	shallow, whole := f.source, f.source
	shallow.Depth = 1
	known := func() bool {
		return must(must(f.store.mirror(f.source)).reader.info(t.Context(), first)).state == found
	}
	f.source = shallow
	f.fetch(t, "main")
	if known() {
		t.Fatal("more than one commit was fetched")
	}
	if _, err := f.store.ResolveShort(t.Context(), shallow, first[:10]); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "the last 1 of each branch") {
		t.Errorf("an abbreviated commit beyond the depth: %v", err)
	}
	if got, err := f.store.ResolveShort(t.Context(), whole, first[:10]); err != nil || got != first {
		t.Errorf("for one who wants all of the history: %s, %v", got, err)
	}
	f.commit(t, map[string]string{"a": "3"})
	f.fetch(t, "main")
	if _, err := os.Stat(filepath.Join(f.mirrorDir(t), "shallow")); !known() || err == nil {
		t.Error("a mirror with all of the history was cut short again")
	}
}

func TestBranchBecomesDirectory(t *testing.T) {
	f := newFixture(t, gitserver.Options{OnlyProtocolV0: true})
	ctx := t.Context()
	old := f.commit(t, map[string]string{"a": "1"})
	for _, name := range []string{"x", "x/y", "x"} {
		for _, ref := range []string{"refs/heads/x", "refs/heads/x/y"} {
			if err := f.repo.DeleteRef(ctx, ref); err != nil && !strings.Contains(err.Error(), "not exist") {
				t.Log(err)
			}
		}
		parent := f.commit(t, map[string]string{"a": name})
		sha := must(f.repo.Apply(ctx, gitserver.Change{Branch: name, Parent: parent, Message: name, Files: map[string]gitserver.File{"n": {Content: name}}}))
		f.fetch(t, name)
		// Its parent is nobody's head on the old server, so that all refs are fetched.
		must(f.repo.Apply(ctx, gitserver.Change{Message: "on", Files: map[string]gitserver.File{"m": {Content: name}}}))
		if got := f.read(t, sha, "n"); got != name {
			t.Errorf("%s has %q", name, got)
		}
		if err := f.store.Fetch(ctx, f.source, strings.Repeat("1", 40), ""); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: all refs: %v", name, err)
		}
	}
	if got := f.read(t, old, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
}

// What is in a mirror is for those to whom the server has shown the repository.
func TestMirrorIsNoWayAroundCredentials(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: "hunter2"})
	sha := f.commit(t, map[string]string{"a": "1"})
	insider := f.source
	insider.Username, insider.Password = "ada", source.NewSecret("hunter2")
	if err := f.store.Fetch(t.Context(), insider, sha, ""); err != nil {
		t.Fatal(err)
	}
	for name, outsider := range map[string]source.Repository{
		"nobody":         f.source,
		"wrong password": {URL: f.source.URL, Username: "ada", Password: source.NewSecret("guess")},
	} {
		if err := f.store.Fetch(t.Context(), outsider, sha, ""); fault.KindOf(err) != fault.Broken {
			t.Errorf("%s fetches: %v", name, err)
		}
		if _, err := f.store.Tree(t.Context(), outsider, sha); fault.KindOf(err) != fault.Broken {
			t.Errorf("%s reads: %v", name, err)
		}
		if _, err := f.store.ResolveShort(t.Context(), outsider, sha[:8]); fault.KindOf(err) != fault.Broken {
			t.Errorf("%s resolves: %v", name, err)
		}
	}
}

func TestWhatWasFetchedOutlivesTheServer(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	f.fetch(t, "main")
	f.web.Close()
	if _, err := f.store.Refs(t.Context(), f.source); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("refs of a server that is down: %v", err)
	}
	if err := f.store.Fetch(t.Context(), f.source, sha, "refs/heads/main"); err != nil {
		t.Error(err)
	}
	if got := f.read(t, sha, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
}

// waitFor yields until the condition holds; the test's time limit bounds it.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for !condition() {
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
		yield()
	}
}

// What a range resolves to is fetched by the tag's name, so that a server which
// gives no commit by its id serves it too.
func TestRangeIsFetched(t *testing.T) {
	f := newFixture(t, gitserver.Options{OnlyProtocolV0: true})
	first := f.commit(t, map[string]string{"a": "1"})
	second := f.commit(t, map[string]string{"a": "2"})
	f.commit(t, map[string]string{"a": "3"})
	for name, sha := range map[string]string{"v1.0.0": first, "v1.1.0": second, "v2.0.0-rc.1": second} {
		if err := f.repo.Tag(t.Context(), name, sha, "annotated"); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.fetch(t, ">=1.0.0"); got != second || f.read(t, got, "a") != "2" {
		t.Errorf("got %s", got)
	}
}
