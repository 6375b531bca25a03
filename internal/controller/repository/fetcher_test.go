package repository

import (
	"testing"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/source"
)

// TestStrangersAddresses: what a repository names leads no further inside than that
// repository is, now or by a redirect, unless the operator has a Secret for it.
func TestStrangersAddresses(t *testing.T) {
	const near = "https://git.example.org/team/app.git"
	known := source.Repository{URL: "https://charts.example.org/private", Username: "ada", Password: source.NewSecret("x")}
	f := Fetcher{
		Sources: &Sources{}, Near: near,
		Find: func(url string) (source.Repository, error) {
			if url == known.URL {
				return known, nil
			}
			return source.Repository{URL: url}, nil
		},
		Allowed: func(url string) error {
			if url == "https://charts.example.org/private" || url == near {
				return nil
			}
			return fault.New(fault.Denied, "no")
		},
	}
	for _, tc := range []struct{ reason, url, within string }{
		{"a stranger's", "https://elsewhere.example/base.git", near},
		{"the Application's own", near, ""},
		{"with a Secret", known.URL, ""},
	} {
		got, err := f.Target(remote.Want{Kind: remote.Git, URL: tc.url})
		if err != nil || got.Repo.Within != tc.within {
			t.Errorf("%s: within %q, %v", tc.reason, got.Repo.Within, err)
		}
	}
	for _, url := range []string{
		"http://169.254.169.254/latest", "http://10.0.0.1/x", "http://[::ffff:10.0.0.1]/x", "http://0x7f.1/x", "http://127.0.0.1/x", "file:///etc",
	} {
		for _, kind := range []remote.Kind{remote.Git, remote.Chart} {
			if _, err := f.Fetch(t.Context(), remote.Want{Kind: kind, URL: url, Name: "x"}); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s %s: %v", kind, url, err)
			}
		}
	}
}
