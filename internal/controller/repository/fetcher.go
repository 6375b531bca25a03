package repository

import (
	"context"
	"regexp"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/reach"
)

// Fetcher gets what a rendering of one Application needs beyond its own sources. As in
// Argo CD it may come from anywhere; but credentials are used only for repositories
// that the Application's project may use, and addresses that no such repository has have
// to be of the world or of a network on which the Application's own repository is.
type Fetcher struct {
	Sources *Sources
	// Find is the repository of a URL, or of the name after "@" or "alias:", with its credentials.
	Find func(url string) (source.Repository, error)
	// Allowed says whether the project may use a URL.
	Allowed func(url string) error
	// Near is the URL of the Application's own repository.
	Near string
	// Schemes are those that files may have; empty means http and https.
	Schemes []string
	// Fresh asks for everything anew.
	Fresh bool
	Guard reach.Guard
}

var _ remote.Fetcher = Fetcher{}

// Fetch implements remote.Fetcher.
func (f Fetcher) Fetch(ctx context.Context, w remote.Want) (remote.Got, error) {
	if w.Kind == remote.File {
		return f.file(ctx, w)
	}
	repo, err := f.repository(w.URL)
	if err != nil {
		return remote.Got{}, err
	}
	if err := f.reachable(ctx, repo); err != nil {
		return remote.Got{}, err
	}
	t := targetOf(repo, w)
	revision, err := f.Sources.Resolve(ctx, t, f.Fresh)
	if err != nil {
		return remote.Got{}, fault.Keep(fault.Broken, err, "%s", named(w))
	}
	at := Place{Repo: t.Repo, Chart: t.Chart, Revision: revision}
	tree, err := f.Sources.Tree(ctx, at)
	if err != nil {
		return remote.Got{}, fault.Keep(fault.Broken, err, "%s", named(w))
	}
	return remote.Got{FS: tree, Digest: digestOf(tree, at), Version: revision}, nil
}

func named(w remote.Want) string {
	if w.Kind == remote.Chart {
		return "chart " + w.Name + " of " + source.RedactURL(w.URL)
	}
	return source.RedactURL(w.URL)
}

// Target is where a want of Git or of a chart leads, for a Poller to follow.
func (f Fetcher) Target(w remote.Want) (Target, error) {
	repo, err := f.repository(w.URL)
	if err != nil {
		return Target{}, err
	}
	return targetOf(repo, w), nil
}

func targetOf(repo source.Repository, w remote.Want) Target {
	target := source.Target{Revision: w.Version, Chart: w.Name}
	return Target{repo.For(target), target}
}

// repository is that of a URL, without its credentials unless the project may use them.
func (f Fetcher) repository(url string) (source.Repository, error) {
	repo, err := f.Find(url)
	if err != nil {
		return source.Repository{}, err
	}
	// Who depends on a chart of a registry writes oci://. The Secrets of such registries
	// have no scheme, as Argo CD wants it, unless they are of type oci.
	if bare, is := strings.CutPrefix(url, "oci://"); is && repo == plain(repo) {
		other, err := f.Find(bare)
		if err != nil {
			return source.Repository{}, err
		}
		if other != plain(other) {
			repo = other
		}
	}
	if f.Allowed(repo.URL) != nil {
		repo = plain(repo)
	}
	if !f.near(repo) {
		// What is asked here once is asked of each redirect and each address, too.
		repo.Within = f.Near
	}
	return repo, nil
}

// near says whether the operator has named a repository: by a Secret that the project may
// use, with credentials or without, or as the Application's own.
func (f Fetcher) near(repo source.Repository) bool {
	return repo != plain(repo) || source.NormalizeURL(repo.URL) == source.NormalizeURL(f.Near)
}

// plain is a repository as it is without any Secret for it.
func plain(r source.Repository) source.Repository {
	return source.Repository{
		URL: r.URL, CAData: r.CAData, KnownHosts: r.KnownHosts, EnableOCI: r.EnableOCI, Within: r.Within,
		Token: source.Token{CAData: r.Token.CAData},
	}
}

// reachable says whether an address that a stranger named may be connected to.
func (f Fetcher) reachable(ctx context.Context, repo source.Repository) error {
	if f.near(repo) {
		return nil
	}
	host := source.Host(repo.URL)
	if host == "" {
		return fault.New(fault.Denied, "%s: only what lies on a host can be fetched for a rendering", source.RedactURL(repo.URL))
	}
	_, err := f.Guard.Check(ctx, source.Host(f.Near), host)
	return err
}

func (f Fetcher) file(ctx context.Context, w remote.Want) (remote.Got, error) {
	if f.Sources.Helm == nil {
		return remote.Got{}, fault.New(fault.Unsupported, "%s: files of other servers cannot be read here", source.RedactURL(w.URL))
	}
	repo, err := f.repository(w.URL)
	if err != nil {
		return remote.Got{}, err
	}
	if err := f.reachable(ctx, repo); err != nil {
		return remote.Got{}, err
	}
	tree, err := f.Sources.Helm.File(ctx, repo, f.Schemes)
	if err != nil {
		return remote.Got{}, err
	}
	return remote.Got{FS: tree, Digest: tree.Digest()}, nil
}

// exact are commits, digests and versions: what they name does not move.
var exact = regexp.MustCompile(`^([0-9a-f]{40}|sha256:[0-9a-f]{64}|v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]*)?)$`)

// Moves says whether what a want names may be something else tomorrow.
func Moves(w remote.Want) bool {
	switch w.Kind {
	case remote.Git:
		return len(w.Version) != 40 || strings.Trim(w.Version, "0123456789abcdef") != ""
	case remote.Chart:
		return !exact.MatchString(w.Version)
	}
	return false // nobody follows a file
}
