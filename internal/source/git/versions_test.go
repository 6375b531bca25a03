package git

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/source"
	"evenkeel.dev/test/gitserver"
)

func TestVersions(t *testing.T) {
	var groups []struct {
		Refs   []string
		Prefix string
		Cases  []struct{ Target, Want, Fails, Reason string }
	}
	if err := yaml.UnmarshalStrict(must(os.ReadFile("testdata/versions.yaml")), &groups); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		list := "ref: refs/heads/main\tHEAD\n"
		for _, ref := range g.Refs {
			list += strings.Repeat("a", 40) + "\trefs/" + ref + "\n"
		}
		refs := must(parseRefs([]byte(list)))
		for _, tc := range g.Cases {
			_, ref, err := refs.Resolve(source.Target{Revision: tc.Target, TagPrefix: g.Prefix})
			switch {
			case tc.Fails != "" && (err == nil || !strings.Contains(err.Error(), tc.Fails)):
				t.Errorf("%q, %s: %q, %v", tc.Target, tc.Reason, ref, err)
			case tc.Fails == "" && (err != nil || ref != "refs/"+tc.Want):
				t.Errorf("%q, %s: %q, %v; want %q", tc.Target, tc.Reason, ref, err, tc.Want)
			}
		}
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
