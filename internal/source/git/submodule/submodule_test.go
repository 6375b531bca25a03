package submodule

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
)

func TestURL(t *testing.T) {
	var cases []struct{ Parent, URL, Want, Refused, Reason string }
	data, err := os.ReadFile("testdata/urls.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		got, err := URL(tc.Parent, tc.URL)
		if tc.Refused != "" {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tc.Refused) {
				t.Errorf("%s: %q, %v", tc.Reason, got, err)
			}
			continue
		}
		if err != nil || got != tc.Want {
			t.Errorf("%s: %q, %v; want %q", tc.Reason, got, err, tc.Want)
		}
	}
}

// A relative URL stays on the host, whatever it says.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"../lib.git", "./a", "../../..//x", "..//evil.example/x", "../@evil.example", "../\\x", "./:8080/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, relative string) {
		if !strings.HasPrefix(relative, "./") && !strings.HasPrefix(relative, "../") {
			return
		}
		got, err := URL("https://git.example:8443/team/app.git", relative)
		if err != nil {
			return
		}
		if !strings.HasPrefix(got, "https://git.example:8443/") {
			t.Errorf("%q becomes %q", relative, got)
		}
		if u, err := url.Parse(got); err == nil && u.Host != "git.example:8443" {
			t.Errorf("%q becomes %q on host %q", relative, got, u.Host)
		}
		got, err = URL("git@git.example:app.git", relative)
		if err == nil && !strings.HasPrefix(got, "git@git.example:") {
			t.Errorf("%q becomes %q", relative, got)
		}
	})
}

func TestParse(t *testing.T) {
	list := strings.Join([]string{
		"submodule.lib.path\nvendor/lib", "submodule.lib.url\n../lib.git", "submodule.lib.url\nhttps://second.example/x",
		"submodule.a.b.c.path\nABC/", "submodule.a.b.c.url\nhttps://h/abc", "submodule.nourl.path\nx", "submodule.nopath.url\ny",
		"submodule.lib.update\n!touch /tmp/x", "core.sshCommand\ntouch /tmp/x", "submodule.path\nz", "submodule.empty.path", "",
	}, "\x00")
	got, err := Parse([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"vendor/lib": "../lib.git", "ABC": "https://h/abc"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	many := &strings.Builder{}
	for range maxModules + 1 {
		many.WriteString("submodule." + strings.Repeat("x", many.Len()%7) + ".path\nx\x00")
	}
	if _, err := Parse([]byte(many.String())); err != nil {
		t.Errorf("few names, often: %v", err)
	}
}
