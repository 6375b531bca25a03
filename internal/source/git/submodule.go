package git

import (
	"cmp"
	"errors"
	"io/fs"
	"sync"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/remote"
	"evenkeel.dev/internal/source/git/submodule"
)

// Bounds of submodules in one tree.
const (
	maxNesting        = 8
	maxOpenSubmodules = 256
	maxModulesFile    = 1 << 20
	maxModulesFiles   = 1024
)

const modulesFile = ".gitmodules"

// submodules are those of a tree that have been looked into. A submodule is fetched
// when somebody looks into it, and not when its repository's commit is: Argo CD
// fetches all of them for every Application, so that one that cannot be reached, or
// that has nothing to do with manifests, breaks all.
//
// One that cannot be opened is an error to whoever looks into it, never an empty
// directory: what was rendered from it would be pruned. It is tried once for each Tree.
type submodules struct {
	// project is that of the Application that reads.
	project string
	depth   int
	// opened counts for a tree and all below it.
	opened *counter

	mu     sync.Mutex
	byPath map[string]*opening
}

type counter struct {
	mu sync.Mutex
	n  int
}

type opening struct {
	once sync.Once
	tree *Tree
	err  error
}

func newSubmodules(project string) *submodules {
	return &submodules{project: project, opened: &counter{}, byPath: map[string]*opening{}}
}

// InProject is the same tree, whose submodules are fetched as an Application of the
// project may fetch them. The tree of Store.Tree fetches them as its repository's Secret may.
func (t *Tree) InProject(project string) *Tree {
	in := *t
	in.modules = newSubmodules(project)
	return &in
}

// enter is the tree of the submodule at a path; nil if submodules are turned off.
func (t *Tree) enter(name string, commit oid) (*Tree, error) {
	if t.mirror.store.opts.NoSubmodules {
		return nil, nil
	}
	m := t.modules
	m.mu.Lock()
	o := m.byPath[name]
	if o == nil {
		o = &opening{}
		m.byPath[name] = o
	}
	m.mu.Unlock()
	o.once.Do(func() {
		if o.tree, o.err = t.openSubmodule(name, commit); o.err != nil {
			o.err = unopened(name, o.err)
		}
	})
	return o.tree, o.err
}

// unopened must not be taken for the absence of a file.
func unopened(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.KindOf(err), "%s is a Git submodule: %v", name, err)
	}
	return fault.Wrap(fault.KindOf(err), err, "%s is a Git submodule", name)
}

func (t *Tree) openSubmodule(name string, commit oid) (*Tree, error) {
	m := t.modules
	if m.depth == maxNesting {
		return nil, fault.New(fault.Broken, "submodules are nested more than %d deep", maxNesting)
	}
	m.opened.mu.Lock()
	m.opened.n++
	many := m.opened.n > maxOpenSubmodules
	m.opened.mu.Unlock()
	if many {
		return nil, fault.New(fault.Broken, "more than %d submodules are looked into", maxOpenSubmodules)
	}
	urls, err := t.moduleURLs()
	if err != nil {
		return nil, err
	}
	written, ok := urls[name]
	if !ok {
		return nil, fault.New(fault.Broken, "%s has no URL for it", modulesFile)
	}
	repo, err := t.mirror.store.submodule(t.repo, m.project, written)
	if err != nil {
		return nil, err
	}
	inner, err := t.mirror.store.Tree(t.ctx, repo, commit.String())
	if err != nil {
		return nil, err
	}
	inner.modules.project, inner.modules.depth, inner.modules.opened = m.project, m.depth+1, m.opened
	return inner, nil
}

// moduleURLs are the URLs in the tree's .gitmodules by path.
func (t *Tree) moduleURLs() (map[string]string, error) {
	root, err := t.directory(t.root.oid)
	if err != nil {
		return nil, err
	}
	e, ok := root.find(modulesFile)
	switch {
	case !ok:
		return nil, fault.New(fault.Broken, "the repository has no %s that says where it is from", modulesFile)
	case e.kind() != typeFile:
		// As git, since CVE-2018-11235: what it leads to may not be what was reviewed.
		return nil, fault.New(fault.Broken, "%s is not a file", modulesFile)
	}
	s := t.mirror.store
	if urls, ok := s.modules.Get(e.oid); ok {
		return urls, nil
	}
	list, err := t.configFile(modulesFile, e.oid)
	if err != nil {
		return nil, err
	}
	urls, err := submodule.Parse(list)
	if err == nil {
		s.modules.Add(e.oid, urls)
	}
	return urls, err
}

// configFile reads a blob in the syntax of git-config(1), as git config --null --list
// prints it. Git reads it best. Without --no-includes it follows an include of a blob,
// and its complaint about what it finds there shows that.
func (t *Tree) configFile(name string, id oid) ([]byte, error) {
	h, err := t.mirror.reader.info(t.ctx, id.String())
	if err != nil {
		return nil, err
	}
	if h.size > maxModulesFile {
		return nil, fault.New(fault.Broken, "%s %v", name, tooLargeError{h.size, maxModulesFile})
	}
	out, stderr, err := t.mirror.store.run.output(t.ctx, call{
		gitDir: t.mirror.dir, verb: "config", args: []string{"--no-includes", "--blob=" + id.String(), "--null", "--list"},
		env: localConfig().environ(), maxOutput: maxModulesFile,
	})
	if t.ctx.Err() != nil {
		return nil, fault.Wrap(fault.Unavailable, t.ctx.Err(), "git config")
	}
	if err != nil {
		return nil, fault.New(fault.Broken, "%s cannot be read: %s", name, cmp.Or((&access{}).scrub(stderr), err.Error()))
	}
	return out, nil
}

// submodule is the repository that a URL in parent's .gitmodules means.
//
// Whoever writes that URL must not get to what he could not reach himself. The
// credentials are those that the operator's Secrets have for the URL, for the project
// that reads. Without any, the parent's are taken along to the same server, as by
// Argo CD, and to no other. A host that no Secret is for must be a public one, or on a
// network that the parent is on.
func (s *Store) submodule(parent source.Repository, project, written string) (source.Repository, error) {
	var none source.Repository
	url, err := submodule.URL(parent.URL, written)
	if err != nil {
		return none, err
	}
	r, err := remote.Parse(url)
	if err != nil {
		return none, err
	}
	if r.Scheme == "file" {
		return none, fault.New(fault.Denied, "its URL is a file of this machine")
	}
	repo := source.Repository{URL: url, KnownHosts: parent.KnownHosts}
	if s.opts.Repository != nil {
		if repo, err = s.opts.Repository(url, project); err != nil {
			return none, err
		}
	}
	if repo.HasCredentials() {
		return repo, nil
	}
	p, err := remote.Parse(parent.URL)
	if err != nil {
		return none, err
	}
	if p.Server() == r.Server() {
		own := repo
		repo = parent
		repo.URL, repo.Depth, repo.EnableLFS = url, own.Depth, own.EnableLFS || parent.EnableLFS
		return repo, nil
	}
	repo.Within = cmp.Or(parent.Within, parent.URL)
	return repo, nil
}
