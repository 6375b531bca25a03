package git

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/refs"
)

// want is what a fetch is for: a commit, by the ref that it was found under if
// there is one, or, without a commit, all branches and tags.
type want struct {
	sha, ref string
}

// batch is one fetch for all who want something of the repository at the time.
// Its context lives as long as somebody waits.
type batch struct {
	repo    source.Repository
	ctx     context.Context
	cancel  context.CancelFunc
	waiting int
	wants   map[want]error
	done    chan struct{}
}

// Fetch sees to it that a commit is in the mirror. That costs no process when
// it is, and one git fetch when it is not: of ref, when that is given as
// Refs.Resolve gave it, else of the commit itself, else of all branches and
// tags where the server hands out no commit by its name. Callers of the same
// repository share a fetch; those who come while one runs share the next.
func (s *Store) Fetch(ctx context.Context, repo source.Repository, sha, ref string) error {
	m, w, err := s.wanted(repo, sha, ref)
	if err != nil {
		return err
	}
	return m.ensure(ctx, repo, w)
}

func (s *Store) wanted(repo source.Repository, sha, ref string) (*mirror, want, error) {
	if !refs.IsCommit(sha) {
		return nil, want{}, fault.New(fault.Invalid, "%.64q is no full commit", sha)
	}
	if ref != "" && ref != "HEAD" {
		if err := refs.Check(ref); err != nil {
			return nil, want{}, err
		}
		if !strings.HasPrefix(ref, "refs/") {
			return nil, want{}, fault.New(fault.Invalid, "%.64q is no full name of a ref", ref)
		}
	}
	m, err := s.mirror(repo)
	return m, want{strings.ToLower(sha), ref}, err
}

// ResolveShort is the full name of an abbreviated commit of 4 to 39 hexadecimal
// digits. Branches and tags are fetched when none in the mirror begins with it.
func (s *Store) ResolveShort(ctx context.Context, repo source.Repository, short string) (string, error) {
	if !refs.IsShort(short) {
		return "", fault.New(fault.Invalid, "%.64q is no abbreviated commit", short)
	}
	short = strings.ToLower(short)
	m, err := s.mirror(repo)
	if err != nil {
		return "", err
	}
	h, err := m.lookup(ctx, repo, short)
	if err != nil || h.state != found {
		if err := m.join(ctx, repo, want{}); err != nil {
			return "", err
		}
		h, err = m.lookup(ctx, repo, short)
	}
	switch {
	case err != nil:
		return "", err
	case h.state == ambiguous:
		return "", fault.New(fault.Invalid, "%s: more than one object begins with %s", repo, short)
	case h.state == missing:
		return "", fault.New(fault.NotFound, "%s: no commit begins with %s%s", repo, short, cutShort(repo))
	}
	return h.oid, nil
}

// lookup asks the mirror for a commit, full or abbreviated. Who has not been
// let in by the server finds nothing.
func (m *mirror) lookup(ctx context.Context, repo source.Repository, sha string) (header, error) {
	m.mu.Lock()
	damaged := m.damaged
	m.mu.Unlock()
	if _, ok := m.store.opts.Proofs.Get(identity(repo)); !ok || damaged || !isRepository(m.dir) {
		return header{state: missing}, nil
	}
	return m.reader.info(ctx, sha+"^{commit}")
}

// has says whether the commit is in the mirror.
func (m *mirror) has(ctx context.Context, repo source.Repository, sha string) bool {
	if _, ok := m.store.opts.Proofs.Get(identity(repo)); !ok {
		return false
	}
	if _, ok := m.known.Get(sha); ok {
		return true
	}
	h, err := m.lookup(ctx, repo, sha)
	if err != nil || h.state != found {
		return false
	}
	m.known.Add(sha, struct{}{})
	return true
}

func (m *mirror) ensure(ctx context.Context, repo source.Repository, w want) error {
	if m.has(ctx, repo, w.sha) {
		return nil
	}
	return m.join(ctx, repo, w)
}

// join waits for a batch that fetches w.
func (m *mirror) join(ctx context.Context, repo source.Repository, w want) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.Unavailable, context.Cause(ctx), "git fetch %s", repo)
	}
	// Nothing of these matters to the server.
	repo.Name, repo.Project = "", ""
	m.mu.Lock()
	b := m.batchFor(repo, w)
	b.waiting++
	if !m.running {
		m.running = m.store.spawn(m.work)
	}
	running := m.running
	m.mu.Unlock()
	if !running {
		return fault.New(fault.Unavailable, "git fetch %s: the store is closed", repo)
	}
	select {
	case <-b.done:
		return b.wants[w]
	case <-ctx.Done():
		m.mu.Lock()
		defer m.mu.Unlock()
		if b.waiting--; b.waiting == 0 {
			b.cancel()
		}
		return fault.Wrap(fault.Unavailable, context.Cause(ctx), "git fetch %s", repo)
	}
}

// batchFor is the running batch when it fetches w, else the one that runs next.
func (m *mirror) batchFor(repo source.Repository, w want) *batch {
	if b := m.current; b != nil && b.ctx.Err() == nil && b.repo == repo {
		if _, ok := b.wants[w]; ok {
			return b
		}
	}
	for _, b := range m.queue {
		if b.repo == repo && b.ctx.Err() == nil {
			b.wants[w] = nil
			return b
		}
	}
	b := &batch{repo: repo, wants: map[want]error{w: nil}, done: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(m.store.ctx)
	m.queue = append(m.queue, b)
	return b
}

// work performs batches until there are none.
func (m *mirror) work() {
	for {
		m.mu.Lock()
		if len(m.queue) == 0 {
			m.running = false
			m.mu.Unlock()
			return
		}
		m.current, m.queue = m.queue[0], m.queue[1:]
		b := m.current
		m.mu.Unlock()
		results := m.perform(b)
		m.mu.Lock()
		b.wants = results
		m.current = nil
		m.mu.Unlock()
		b.cancel()
		close(b.done)
	}
}

// perform fetches what a batch wants and is the outcome of each want.
func (m *mirror) perform(b *batch) map[want]error {
	f := &fetching{mirror: m, ctx: b.ctx, repo: b.repo, results: maps.Clone(b.wants)}
	release, err := m.store.acquire(b.ctx)
	if err == nil {
		defer release()
		err = m.prepare(b.ctx, b.repo)
	}
	if err == nil {
		f.all()
		if f.broken() {
			m.damage()
			if err = m.prepare(b.ctx, b.repo); err == nil {
				f.all()
			}
		}
		m.compact(b.ctx, b.repo)
	}
	if err != nil {
		for w := range f.results {
			f.results[w] = err
		}
	}
	return f.results
}

// fetching is a batch being performed.
type fetching struct {
	mirror  *mirror
	ctx     context.Context
	repo    source.Repository
	results map[want]error
}

// all tries the ways to each commit, the cheapest first, until it is there.
func (f *fetching) all() {
	wants := slices.SortedFunc(maps.Keys(f.results), func(a, b want) int {
		return cmp.Or(cmp.Compare(a.ref, b.ref), cmp.Compare(a.sha, b.sha))
	})
	for _, w := range wants {
		f.results[w] = nil
	}
	f.byRef(f.lacking(wants))
	var left []want
	for _, w := range f.lacking(wants) {
		if err := f.results[w]; err != nil && !errors.Is(err, errAbsent) {
			continue
		}
		if w.sha == "" || !f.bySHA(w) {
			left = append(left, w)
		}
	}
	if len(left) == 0 {
		return
	}
	err := f.run("+refs/heads/*:refs/evenkeel/heads/*", "+refs/tags/*:refs/evenkeel/tags/*")
	for _, w := range left {
		f.results[w] = err
		if err == nil {
			f.results[w] = f.verdict(w)
		}
	}
}

// lacking are the wants whose commits are not here.
func (f *fetching) lacking(wants []want) []want {
	var out []want
	for _, w := range wants {
		if w.sha != "" && f.mirror.has(f.ctx, f.repo, w.sha) {
			f.results[w] = nil
			continue
		}
		out = append(out, w)
	}
	return out
}

// byRef fetches all refs at once, and one by one when that fails, as one that
// was deleted a moment ago fails all.
func (f *fetching) byRef(wants []want) {
	wants = slices.DeleteFunc(slices.Clone(wants), func(w want) bool { return w.ref == "" })
	if len(wants) == 0 {
		return
	}
	specs := make([]string, 0, len(wants))
	for _, w := range wants {
		specs = append(specs, refspec(w.ref))
	}
	err := f.run(slices.Compact(specs)...)
	single := len(wants) == 1 || !errors.Is(err, errAbsent)
	for _, w := range wants {
		f.results[w] = err
		if !single {
			f.results[w] = f.run(refspec(w.ref))
		}
	}
}

func (f *fetching) bySHA(w want) bool {
	if err := f.prove(); err != nil {
		return false
	}
	err := f.run("+" + w.sha + ":refs/evenkeel/commits/" + w.sha)
	if err == nil && f.verdict(w) == nil {
		f.results[w] = nil
		return true
	}
	return false
}

// prove asks the server whether it lets us in. A fetch of a commit that is in
// the mirror would not: git sees that it has it and asks nobody.
func (f *fetching) prove() error {
	if _, ok := f.mirror.store.opts.Proofs.Get(identity(f.repo)); ok {
		return nil
	}
	_, err := f.mirror.talk(f.ctx, f.repo, call{verb: "ls-remote", args: []string{"--", remoteName, "HEAD"}})
	if err == nil {
		f.mirror.store.opts.Proofs.Add(identity(f.repo), struct{}{})
	}
	return err
}

func (f *fetching) verdict(w want) error {
	if w.sha == "" || f.mirror.has(f.ctx, f.repo, w.sha) {
		return nil
	}
	return fault.New(fault.NotFound, "%s: there is no commit %s%s", f.repo, w.sha, cutShort(f.repo))
}

// cutShort explains why a commit that exists may not be found.
func cutShort(repo source.Repository) string {
	if repo.Depth == 0 {
		return ""
	}
	return fmt.Sprintf(" among the last %d of each branch, which is the depth in the repository's Secret", repo.Depth)
}

// refspec fetches ref into a name that depends on nothing but ref's and
// collides with no other: a branch "a" may be followed by a branch "a/b".
func refspec(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return "+" + ref + ":refs/evenkeel/refs/" + hex.EncodeToString(sum[:16])
}

// run is one git fetch.
func (f *fetching) run(specs ...string) error {
	args := []string{
		"--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--no-show-forced-updates", "--stdin",
	}
	if strings.Contains(specs[0], "*") {
		// Else a branch that was deleted would be in the way of "branch/another".
		args = append(args, "--prune")
	}
	args = append(args, f.mirror.history(f.repo.Depth)...)
	_, err := f.mirror.talk(f.ctx, f.repo, call{
		gitDir: f.mirror.dir, verb: "fetch", args: append(args, "--", remoteName),
		stdin: strings.NewReader(strings.Join(specs, "\n") + "\n"),
	})
	if err != nil {
		return errors.Join(err, heal(f.mirror.dir))
	}
	f.mirror.store.opts.Proofs.Add(identity(f.repo), struct{}{})
	return nil
}

// history are the options for a depth, which the Secrets of two projects for one
// repository need not agree on: who wants all of the history gets it, and a mirror that
// has all of it is not cut short again, which would save nothing.
func (m *mirror) history(depth int64) []string {
	_, err := os.Stat(filepath.Join(m.dir, "shallow"))
	shallow := err == nil
	packs, err := filepath.Glob(filepath.Join(m.dir, "objects", "pack", "*.pack"))
	empty := err == nil && len(packs) == 0
	switch {
	case depth > 0 && (shallow || empty):
		return []string{fmt.Sprintf("--depth=%d", depth)}
	case depth == 0 && shallow:
		return []string{"--unshallow"}
	}
	return nil
}

// broken says whether a fetch failed because of what is in the mirror.
func (f *fetching) broken() bool {
	for _, err := range f.results {
		if errors.Is(err, errDamaged) {
			return true
		}
	}
	return false
}
