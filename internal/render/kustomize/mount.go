package kustomize

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/tree"
)

const (
	// maxFetched bounds what one build may want from elsewhere.
	maxFetched = 256
	// maxFetchedDepth bounds kustomizations of elsewhere that name others: a server
	// can invent the next one for as long as somebody asks.
	maxFetchedDepth = 10
	// mark begins the path element that stands for a mount. No tree has such a name:
	// Git and tar end names at it, and tree.Resolve refuses it in what people write.
	mark = "\x00"
)

// mount is a tree of elsewhere, or files that were made, in the view: whatever stands
// before its element in a path does not count. So a file of elsewhere is below the
// kustomization that names it, where Kustomize's load restriction wants it, and a
// directory is always the same one, so that Kustomize sees cycles.
type mount struct {
	files *tree.Reader      // nil for the repository's own tree, and for made files
	made  map[string][]byte // by name
	// by is the file name of the kustomization that they were made for.
	by string
	// label is how people know it.
	label string
	// url and ref are those of a repository.
	url, ref string
	// depth is 0 for the repository's own tree.
	depth int
}

// spot is a name in a mount; in the repository's own tree if there is none.
type spot struct {
	mount *mount
	name  string
}

// String is the spot for people.
func (s spot) String() string {
	if s.mount == nil {
		return s.name
	}
	return s.mount.label + "//" + s.name
}

func (s spot) depth() int {
	if s.mount == nil {
		return 0
	}
	return s.mount.depth
}

// resolve is the spot of a path that is written in a file of the directory s.
func (s spot) resolve(field, p string) (spot, error) {
	name, err := tree.Resolve(field, s.name, p)
	return spot{s.mount, name}, err
}

// below says whether s lies in dir.
func (s spot) below(dir spot) bool {
	return s.mount == dir.mount && (dir.name == "." || s.name == dir.name || strings.HasPrefix(s.name, dir.name+"/"))
}

// mounts are what has been fetched and made for one build.
type mounts struct {
	ctx     context.Context //nolint:containedctx // mounts are of one build
	files   *tree.Reader
	fetcher remote.Fetcher
	got     map[remote.Want]remote.Got
	byID    map[string]*mount
	ids     map[target]string
}

func newMounts(ctx context.Context, files *tree.Reader, fetcher remote.Fetcher) *mounts {
	if fetcher == nil {
		fetcher = remote.Nothing{}
	}
	return &mounts{ctx: ctx, files: files, fetcher: fetcher, got: map[remote.Want]remote.Got{}, byID: map[string]*mount{}, ids: map[target]string{}}
}

// target is something of elsewhere, and the directory or the file of it.
type target struct {
	want remote.Want
	name string
}

// way is how Kustomize reads what a field names.
type way int

const (
	asFile      way = iota // over HTTP
	asDirectory            // with git
	asEither               // as a file, and if that fails, as a directory
)

// targets are what p may stand for, the likeliest first. Kustomize asks every https
// URL over HTTP before it calls git; here that is done only for what looks like a file.
func targets(p string, w way) ([]target, error) {
	var found []target
	u, err := url.Parse(p)
	isFile := err == nil && remoteFile(p) && u.Host != ""
	if w != asDirectory && isFile {
		found = append(found, target{remote.Want{Kind: remote.File, URL: p}, remote.FileName})
	}
	if w == asFile {
		if !isFile {
			return nil, fault.New(fault.Invalid, "only https and http can be fetched here")
		}
		return found, nil
	}
	g, err := parseGitURL(p)
	if err != nil {
		if errors.Is(err, errNoRepo) && len(found) > 0 {
			return found, nil
		}
		return nil, err
	}
	dir := target{remote.Want{Kind: remote.Git, URL: g.repo, Version: g.ref}, g.dir}
	if isFile && isManifest(u.Path) {
		return append(found, dir), nil
	}
	return append([]target{dir}, found...), nil
}

func isManifest(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// fetch mounts what p stands for in a file at depth and is the path to write instead.
func (m *mounts) fetch(p string, w way, depth int) (string, error) {
	candidates, err := targets(p, w)
	if err != nil {
		return "", err
	}
	var first error
	for _, t := range candidates {
		id, err := m.mount(t, depth+1)
		if err == nil {
			return path.Join(mark+id, t.name), nil
		}
		if fault.KindOf(err).Transient() || m.ctx.Err() != nil {
			return "", err // the other might be had now, and be another thing
		}
		if first == nil {
			first = err
		}
	}
	return "", first
}

// mount is the id of t's mount.
func (m *mounts) mount(t target, depth int) (string, error) {
	if id, ok := m.ids[t]; ok {
		return id, nil
	}
	if depth > maxFetchedDepth {
		return "", fault.New(fault.Broken, "kustomizations of other repositories lead to others deeper than %d levels", maxFetchedDepth)
	}
	got, err := m.get(t.want)
	if err != nil {
		return "", err
	}
	files := m.files.On(got.FS)
	info, err := files.Stat(t.name)
	if err != nil {
		return "", err
	}
	if t.want.Kind == remote.Git && !info.IsDir() {
		return "", fault.New(fault.Broken, "%s is a file; a directory is expected", t.name)
	}
	label := tree.RedactURL(t.want.URL)
	if t.want.Version != "" {
		label += "@" + t.want.Version
	}
	id := m.add(&mount{files: files, label: label, url: tree.RedactURL(t.want.URL), ref: t.want.Version, depth: depth})
	m.ids[t] = id
	return id, nil
}

func (m *mounts) add(one *mount) string {
	id := strconv.Itoa(len(m.byID))
	m.byID[id] = one
	return id
}

// get fetches w unless it has been.
func (m *mounts) get(w remote.Want) (remote.Got, error) {
	if got, ok := m.got[w]; ok {
		return got, nil
	}
	if len(m.got) >= maxFetched {
		return remote.Got{}, fault.New(fault.Broken, "more than %d things of elsewhere in one build", maxFetched)
	}
	got, err := m.fetcher.Fetch(m.ctx, w)
	if err != nil {
		return remote.Got{}, err
	}
	m.got[w] = got
	return got, nil
}

// at is the spot that a path of the view leads to.
func (m *mounts) at(p string) (spot, error) {
	name := treePath(p)
	i := strings.LastIndex(name, mark)
	if i < 0 {
		return spot{nil, name}, nil
	}
	id, name, _ := strings.Cut(name[i+len(mark):], "/")
	one := m.byID[id]
	if one == nil {
		return spot{}, &fs.PathError{Op: "open", Path: "a mount", Err: fs.ErrNotExist}
	}
	return spot{one, path.Join(".", name)}, nil
}

// root is the one path of the view that leads to the directory that p leads to.
func (m *mounts) root(p string) string {
	name := treePath(p)
	if i := strings.LastIndex(name, mark); i >= 0 {
		name = name[i:]
	}
	return rooted(name)
}

// marked matches paths into mounts in messages, quoted ones too.
var marked = regexp.MustCompile(`[^\s'"\\\x00]*(?:(?:\x00|\\+x00)\d+[^\s'"\\\x00]*)*(?:\x00|\\+x00)(\d+)(/?)`)

// named is a message with the mounts by their labels.
func (m *mounts) named(message string) string {
	return marked.ReplaceAllStringFunc(message, func(s string) string {
		parts := marked.FindStringSubmatch(s)
		one := m.byID[parts[1]]
		if one == nil {
			return s
		}
		return one.label + strings.Repeat("/", 2*len(parts[2]))
	})
}
