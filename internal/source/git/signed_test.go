package git

import (
	"strings"
	"testing"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/test/gitserver"
)

// TestSignedObjects: what a signature is read from, when the commit has been
// fetched before its tag was made.
func TestSignedObjects(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	ctx := t.Context()
	first := f.commit(t, map[string]string{"a": "1"})
	sha := f.commit(t, map[string]string{"a": "2"})
	f.fetch(t, "main")
	raw, err := f.store.RawCommit(ctx, f.source, sha)
	if err != nil || !strings.HasPrefix(string(raw), "tree ") || !strings.Contains(string(raw), "\nparent "+first+"\n") {
		t.Errorf("commit %q: %v", raw, err)
	}
	for name, message := range map[string]string{"v1": "a tag", "light": ""} {
		if err := f.repo.Tag(ctx, name, sha, message); err != nil {
			t.Fatal(err)
		}
	}
	refs := must(f.store.Refs(ctx, f.source))
	for _, ref := range []string{"refs/tags/light", "refs/heads/main", "HEAD", "", "refs/tags/v1^{}"} {
		if got := refs.Tag(ref); got != "" {
			t.Errorf("%q is the annotated tag %s", ref, got)
		}
	}
	const ref = "refs/tags/v1"
	tag := refs.Tag(ref)
	raw, err = f.store.RawTag(ctx, f.source, tag, ref, sha)
	if err != nil || !strings.HasPrefix(string(raw), "object "+sha+"\ntype commit\ntag v1\n") {
		t.Errorf("tag %s: %q: %v", tag, raw, err)
	}
	fetches := f.processes("fetch")
	// A server that says of a signed tag that it leads to another commit.
	if _, err = f.store.RawTag(ctx, f.source, tag, ref, first); fault.KindOf(err) != fault.Broken {
		t.Errorf("a tag of another commit: %v", err)
	}
	if _, err = f.store.RawTag(ctx, f.source, sha, ref, sha); fault.KindOf(err) != fault.Broken {
		t.Errorf("a commit as a tag: %v", err)
	}
	if _, err = f.store.RawCommit(ctx, f.source, tag); fault.KindOf(err) != fault.Broken {
		t.Errorf("a tag as a commit: %v", err)
	}
	if got := f.processes("fetch"); got != fetches {
		t.Errorf("%d fetches for what is there", got-fetches)
	}
	if _, err = f.store.RawTag(ctx, f.source, strings.Repeat("0", 40), ref, sha); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a tag that is nowhere: %v", err)
	}
}
