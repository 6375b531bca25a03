package cache

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/trace"
)

// DefaultMaxBytes bounds a cache for which nothing else is said.
const DefaultMaxBytes = 512 << 20

// perRequest is how many results of one request are kept: for a rollback and back.
const perRequest = 4

// Options of a Cache.
type Options struct {
	// Dir is made if it does not exist; empty keeps nothing.
	Dir string
	// MaxBytes bounds the files together; 0 means DefaultMaxBytes.
	MaxBytes int64
	// Program is the version of what renders, tools included.
	Program string
	// Render makes what is not there.
	Render func(context.Context, render.Request) (render.Result, error)
}

// Cache renders, unless it was done before. It is safe for concurrent use.
type Cache struct {
	o Options

	// zips are gzip.Writers: a new one takes most of a megabyte.
	zips sync.Pool

	mu    sync.Mutex
	files map[string]file     // by name, which is request-result
	names map[string][]string // of files, by request
	size  int64
}

type file struct {
	size int64
	used time.Time
}

// Open reads which files there are.
func Open(o Options) (*Cache, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultMaxBytes)
	c := &Cache{o: o, files: map[string]file{}, names: map[string][]string{}}
	if o.Dir == "" {
		return c, nil
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "render cache")
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "render cache")
	}
	for _, e := range entries {
		i, err := e.Info()
		if err != nil {
			continue
		}
		if filepath.Ext(e.Name()) != "" { // a file that was being written when the process ended
			_ = os.Remove(filepath.Join(o.Dir, e.Name()))
			continue
		}
		c.put(e.Name(), file{size: i.Size(), used: i.ModTime()})
	}
	return c, nil
}

// Made is a result, and how it came about.
type Made struct {
	render.Result
	// Wants are what was fetched from elsewhere, in the order in which it was first wanted.
	Wants []Wanted
	// Known says that it was not rendered now.
	Known bool
}

// Wanted is a want and the digest and version that it was answered with.
type Wanted struct {
	remote.Want
	Digest  string `json:"digest"`
	Version string `json:"got"` // a Want has a version of its own
}

// Trees are what is rendered: a request's FS and Refs.
type Trees struct {
	Main *trace.FS
	Refs map[string]*trace.FS
}

// Render is the result for a request, whose FS and Refs are those of trees. What it
// depends on is recorded there whether it is rendered now or was before. With fresh it is
// rendered in any case.
func (c *Cache) Render(ctx context.Context, trees Trees, r render.Request, fresh bool) (Made, error) {
	request, revision := c.digest(r, trees), r.Revision
	if !fresh {
		if made, ok := c.find(ctx, request, trees, r); ok {
			return made, nil
		}
	}
	inner := trees.anew()
	r.FS, r.Refs = inner.Main, map[string]fs.FS{}
	for name, tree := range inner.Refs {
		r.Refs[name] = tree
	}
	asked := &asking{from: r.Fetcher}
	r.Fetcher = asked
	result, err := c.o.Render(ctx, r)
	if err != nil {
		return Made{}, err
	}
	made := Made{Result: result, Wants: asked.wants}
	rec := record{
		Wants: made.Wants, SourceType: result.SourceType, Warnings: result.Warnings, Unsupported: result.Unsupported,
		OfRevision: result.OfRevision, OfAPIVersions: result.OfAPIVersions, Refs: map[string]trace.ReadSet{},
	}
	if result.OfRevision {
		rec.Revision = revision
	}
	if rec.Reads, err = inner.Main.ReadSet(); err != nil {
		return Made{}, err
	}
	for name, tree := range inner.Refs {
		if rec.Refs[name], err = tree.ReadSet(); err != nil {
			return Made{}, err
		}
	}
	trees.replay(rec)
	c.keep(request, rec, made)
	return made, nil
}

// anew is the same trees with nothing recorded.
func (t Trees) anew() Trees {
	out := Trees{Main: trace.New(t.Main.Tree()), Refs: map[string]*trace.FS{}}
	for name, tree := range t.Refs {
		out.Refs[name] = trace.New(tree.Tree())
	}
	return out
}

func (t Trees) replay(rec record) {
	t.Main.Replay(rec.Reads)
	for name, reads := range rec.Refs {
		t.Refs[name].Replay(reads)
	}
}

// asking notes what is fetched.
type asking struct {
	from  remote.Fetcher
	mu    sync.Mutex
	wants []Wanted
}

func (a *asking) Fetch(ctx context.Context, w remote.Want) (remote.Got, error) {
	if a.from == nil {
		return remote.Nothing{}.Fetch(ctx, w)
	}
	got, err := a.from.Fetch(ctx, w)
	if err != nil {
		return got, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	one := Wanted{Want: w, Digest: got.Digest, Version: got.Version}
	if !slices.Contains(a.wants, one) {
		a.wants = append(a.wants, one)
	}
	return got, nil
}

// digest identifies a request without its trees. What differs between commits in any
// case, the revision, counts only for those who look at it: see record.Revision.
func (c *Cache) digest(r render.Request, trees Trees) string {
	r.FS, r.Refs, r.Fetcher, r.Revision = nil, nil, nil, ""
	h := sha256.New()
	for _, part := range []any{c.o.Program, r, slices.Sorted(maps.Keys(trees.Refs))} {
		b, err := json.Marshal(part)
		if err != nil {
			b = fmt.Append(nil, err)
		}
		_, _ = h.Write(b) // a hash takes every byte
	}
	return hex.EncodeToString(h.Sum(nil))
}

// record is what a file holds.
type record struct {
	Reads       trace.ReadSet            `json:"reads"`
	Refs        map[string]trace.ReadSet `json:"refs,omitempty"`
	Wants       []Wanted                 `json:"wants,omitempty"`
	Objects     []json.RawMessage        `json:"objects"`
	SourceType  string                   `json:"sourceType"`
	Warnings    []string                 `json:"warnings,omitempty"`
	Unsupported []string                 `json:"unsupported,omitempty"`
	// Revision is the one that is in the result, if one is.
	Revision      string `json:"revision,omitempty"`
	OfRevision    bool   `json:"ofRevision,omitempty"`
	OfAPIVersions bool   `json:"ofAPIVersions,omitempty"`
}

func (c *Cache) find(ctx context.Context, request string, trees Trees, r render.Request) (Made, bool) {
	for _, name := range c.of(request) {
		rec, err := c.read(name)
		if err != nil {
			c.drop(name)
			continue
		}
		if rec.OfRevision && rec.Revision != r.Revision || !rec.holds(ctx, trees, r.Fetcher) {
			continue
		}
		made, err := rec.made()
		if err != nil {
			c.drop(name)
			continue
		}
		trees.replay(rec)
		c.touch(name)
		return made, true
	}
	return Made{}, false
}

// of are the names of a request's files, the last used first.
func (c *Cache) of(request string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.names[request])
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(c.files[b].used.Compare(c.files[a].used), cmp.Compare(a, b))
	})
	return out
}

// holds says whether the rendering would be made of the same again.
func (r record) holds(ctx context.Context, trees Trees, fetcher remote.Fetcher) bool {
	if same, err := r.Reads.StillHolds(trees.Main.Tree()); err != nil || !same {
		return false
	}
	for ref, reads := range r.Refs {
		tree, ok := trees.Refs[ref]
		if !ok {
			return false
		}
		if same, err := reads.StillHolds(tree.Tree()); err != nil || !same {
			return false
		}
	}
	if len(r.Wants) > 0 && fetcher == nil {
		return false
	}
	for _, w := range r.Wants {
		if got, err := fetcher.Fetch(ctx, w.Want); err != nil || got.Digest != w.Digest {
			return false
		}
	}
	return true
}

func (r record) made() (Made, error) {
	out := Made{Known: true, Wants: r.Wants, Result: render.Result{SourceType: r.SourceType, Warnings: r.Warnings, Unsupported: r.Unsupported, OfRevision: r.OfRevision, OfAPIVersions: r.OfAPIVersions}}
	for _, b := range r.Objects {
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(b); err != nil {
			return Made{}, err
		}
		out.Objects = append(out.Objects, o)
	}
	return out, nil
}

// keep writes a rendering, unless it must not be kept. What goes wrong costs a
// rendering some day and nothing else.
func (c *Cache) keep(request string, rec record, made Made) {
	if c.o.Dir == "" || mustNotBeKept(made) {
		return
	}
	for _, o := range made.Objects {
		b, err := o.MarshalJSON()
		if err != nil {
			return
		}
		rec.Objects = append(rec.Objects, b)
	}
	reads, err := json.Marshal([]any{rec.Reads, rec.Refs, rec.Wants, rec.Revision})
	if err != nil {
		return
	}
	sum := sha256.Sum256(reads)
	c.write(request, request+"-"+hex.EncodeToString(sum[:8]), rec)
}

// mustNotBeKept says whether a rendering has something in it that no file may have.
func mustNotBeKept(made Made) bool {
	for _, o := range made.Objects {
		if o.GetKind() == "Secret" {
			return true
		}
	}
	return slices.ContainsFunc(made.Wants, func(w Wanted) bool { return strings.ContainsAny(w.URL, "@?") && w.Kind == remote.File })
}

func (c *Cache) write(request, name string, rec record) {
	f, err := os.CreateTemp(c.o.Dir, "*.new")
	if err != nil {
		return
	}
	z, ok := c.zips.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // a level that exists
	}
	defer c.zips.Put(z)
	z.Reset(f)
	err = errors.Join(json.NewEncoder(z).Encode(rec), z.Close())
	size, errSeek := f.Seek(0, io.SeekCurrent)
	err = errors.Join(err, errSeek, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.o.Dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return
	}
	c.mu.Lock()
	c.put(name, file{size: size, used: time.Now()})
	c.mu.Unlock()
	for i, old := range c.of(request) {
		if i >= perRequest {
			c.drop(old)
		}
	}
	c.shrink()
}

// put notes a file. The caller holds the lock, or is the only one.
func (c *Cache) put(name string, f file) {
	old, known := c.files[name]
	c.size += f.size - old.size
	c.files[name] = f
	if !known {
		request, _, _ := strings.Cut(name, "-")
		c.names[request] = append(c.names[request], name)
	}
}

// shrink drops what was not used for the longest time until the rest fits.
func (c *Cache) shrink() {
	c.mu.Lock()
	var names []string
	if c.size > c.o.MaxBytes {
		names = slices.SortedFunc(maps.Keys(c.files), func(a, b string) int { return c.files[a].used.Compare(c.files[b].used) })
	}
	over := c.size - c.o.MaxBytes*9/10
	c.mu.Unlock()
	for _, name := range names {
		if over <= 0 {
			return
		}
		over -= c.drop(name)
	}
}

func (c *Cache) read(name string) (record, error) {
	f, err := os.Open(filepath.Join(c.o.Dir, name))
	if err != nil {
		return record{}, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return record{}, err
	}
	var rec record
	if err := json.NewDecoder(z).Decode(&rec); err != nil {
		return record{}, err
	}
	return rec, z.Close()
}

// drop forgets a file, and is how large it was.
func (c *Cache) drop(name string) int64 {
	c.mu.Lock()
	size := c.files[name].size
	c.size -= size
	delete(c.files, name)
	request, _, _ := strings.Cut(name, "-")
	c.names[request] = slices.DeleteFunc(c.names[request], func(n string) bool { return n == name })
	if len(c.names[request]) == 0 {
		delete(c.names, request)
	}
	c.mu.Unlock()
	_ = os.Remove(filepath.Join(c.o.Dir, name)) // somebody may have deleted it
	return size
}

// touch says that a file was used.
func (c *Cache) touch(name string) {
	now := time.Now()
	c.mu.Lock()
	if f, ok := c.files[name]; ok {
		f.used = now
		c.files[name] = f
	}
	c.mu.Unlock()
	_ = os.Chtimes(filepath.Join(c.o.Dir, name), now, now) // it counts after a restart only
}
