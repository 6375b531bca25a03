package helmrepo

import (
	"cmp"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// Index is what a repository had at some time. It never changes.
type Index struct {
	repo   source.Repository
	charts map[string][]release
	size   int64
}

// release is a version of a chart, kept small: there are a hundred thousand of them.
type release struct {
	// text is the version and, behind it, the URL.
	text      string
	length    uint16
	hasDigest bool
	digest    [32]byte
	created   int64
}

func (r release) version() string { return r.text[:r.length] }
func (r release) url() string     { return r.text[r.length:] }

// releaseSize is about what a release needs beside its text.
const releaseSize = 16 + 8 + 32 + 8

// Version is a version of a chart, as the index has it.
type Version struct {
	Version string
	// URL is as it stands in the index; Location makes it absolute.
	URL string
	// Digest is the SHA-256 in hexadecimal; empty if the index has none.
	Digest string
	// Created is zero if the index does not say.
	Created time.Time
}

// Charts are the names of all charts, sorted.
func (x *Index) Charts() []string { return slices.Sorted(maps.Keys(x.charts)) }

// Versions are the versions of a chart, in the order of the index.
func (x *Index) Versions(chart string) []Version {
	releases := x.charts[chart]
	list := make([]Version, len(releases))
	for i, r := range releases {
		list[i] = Version{Version: r.version(), URL: r.url()}
		if r.hasDigest {
			list[i].Digest = hex.EncodeToString(r.digest[:])
		}
		if r.created != 0 {
			list[i].Created = time.Unix(r.created, 0).UTC()
		}
	}
	return list
}

// Resolve is the version of a chart that a targetRevision, or a dependency's version,
// stands for, by Argo CD's rules and, where it leaves the matter to Helm, by Helm's.
//
// What is a version is that version, or else what Helm would pull for it: 1.2.3 for
// v1.2.3, and the newest 1.2.x for 1.2. (Argo CD calls the revision 1.2 in that case
// and keeps what it has once pulled for it.) A range is its newest version, by
// precedence, and prereleases are in a range only if it names one. Anything else has
// to stand in the index as it is. Empty means the newest that is no prerelease.
func (x *Index) Resolve(chart, revision string) (string, error) {
	releases, ok := x.charts[chart]
	if !ok {
		return "", fault.New(fault.NotFound, "%s: the index has no chart %.200q", x.repo, chart)
	}
	exact := slices.ContainsFunc(releases, func(r release) bool { return r.version() == revision })
	_, notVersion := semver.NewVersion(revision)
	if exact && notVersion == nil {
		return revision, nil
	}
	constraint, err := semver.NewConstraint(cmp.Or(revision, "*"))
	switch {
	case err != nil && exact:
		return revision, nil
	case err != nil:
		return "", fault.New(fault.NotFound, "%s: chart %.200q has no version %.200q, and that is no range of versions", x.repo, chart, revision)
	}
	if best := newest(releases, constraint.Check); best != nil {
		return best.Original(), nil
	}
	there := "it has none that is a version"
	if best := newest(releases, func(*semver.Version) bool { return true }); best != nil {
		there = "its newest is " + best.Original()
	}
	return "", fault.New(fault.NotFound, "%s: no version of chart %.200q matches %.200q; %s", x.repo, chart, revision, there)
}

// newest is the first of the greatest versions for which fits says so.
func newest(releases []release, fits func(*semver.Version) bool) *semver.Version {
	var best *semver.Version
	for _, r := range releases {
		v, err := semver.NewVersion(r.version())
		if err == nil && fits(v) && (best == nil || v.GreaterThan(best)) {
			best = v
		}
	}
	return best
}

func (x *Index) release(chart, version string) (release, error) {
	for _, r := range x.charts[chart] {
		if r.version() == version {
			return r, nil
		}
	}
	return release{}, fault.New(fault.NotFound, "%s: the index has no version %.200q of chart %.200q", x.repo, version, chart)
}

// Location is the absolute URL of a version of a chart. Repositories may list charts
// that are in an OCI registry, whose URLs begin with oci:// and which this package
// does not read.
func (x *Index) Location(chart, version string) (string, error) {
	r, err := x.release(chart, version)
	if err != nil {
		return "", err
	}
	return x.location(chart, r)
}

func (x *Index) location(chart string, r release) (string, error) {
	bad := func(why string) (string, error) {
		return "", fault.New(fault.Broken, "%s: the URL of chart %.200q %.200q in the index %s", x.repo, chart, r.version(), why)
	}
	if r.url() == "" {
		return bad("is missing")
	}
	u, err := url.Parse(r.url())
	if err != nil {
		return bad("is none")
	}
	if u.IsAbs() {
		return u.String(), nil
	}
	base, err := baseURL(x.repo)
	if err != nil {
		return "", err
	}
	absolute := base.ResolveReference(u)
	if absolute.Host != base.Host {
		// "//host/chart" names a host without a scheme.
		return absolute.String(), nil
	}
	// A query of the repository's is for all that is in it, as in Helm.
	absolute.RawQuery = base.RawQuery
	return absolute.String(), nil
}

// baseURL is what URLs of a repository are relative to, without user and password,
// which package transport sends on its own.
func baseURL(repo source.Repository) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(repo.URL))
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "%s is not a URL of http or https", repo)
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	if u.RawPath != "" {
		u.RawPath = strings.TrimSuffix(u.RawPath, "/") + "/"
	}
	return u, nil
}
