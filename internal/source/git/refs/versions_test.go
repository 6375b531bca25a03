package refs

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/source"
)

func TestVersions(t *testing.T) {
	var groups []struct {
		Refs   []string
		Prefix string
		Cases  []struct{ Target, Want, Fails, Reason string }
	}
	data, err := os.ReadFile("testdata/versions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, &groups); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		list := "ref: refs/heads/main\tHEAD\n"
		for _, ref := range g.Refs {
			list += strings.Repeat("a", 40) + "\trefs/" + ref + "\n"
		}
		refs, err := Parse([]byte(list))
		if err != nil {
			t.Fatal(err)
		}
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
