package cache

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	o     Options
	shelf shelf

	// writers are of *writer: a new one takes most of a megabyte.
	writers sync.Pool

	mu    sync.Mutex
	kept  map[string]kept     // by name, which is request-result
	names map[string][]string // of those, by request
	packs map[uint64]int64    // their sizes
	size  int64               // of all of them
}

// kept is where a result is, and when it was used last in this process; making it counts.
type kept struct {
	spot
	used time.Time
	// again says that it was used since it came to where it is.
	again bool
}

// maxBuffer bounds what a writer that waits for work holds, in bytes.
const maxBuffer = 1 << 20

// writer makes results.
type writer struct {
	buf bytes.Buffer
	zip *gzip.Writer
}

// Open reads what there is.
func Open(o Options) (*Cache, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultMaxBytes)
	c := &Cache{o: o, shelf: shelf{dir: o.Dir}, kept: map[string]kept{}, names: map[string][]string{}, packs: map[uint64]int64{}}
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
	for _, e := range entries { // sorted by name, and so by age
		pack, ok := number(e.Name())
		if !ok {
			if isName(e.Name()) || filepath.Ext(e.Name()) == ".new" { // results of an older release, the last one half written
				_ = os.Remove(filepath.Join(o.Dir, e.Name()))
			}
			continue
		}
		c.shelf.last = pack
		size, err := c.shelf.list(pack, func(name string, at spot) {
			c.put(name, kept{spot: at})
			if of := c.names[name[:64]]; len(of) > perRequest {
				c.leave(of[0])
			}
		})
		if err != nil {
			continue
		}
		c.packs[pack] = size
		c.size += size
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

// of are the names of a request's results, the last used first, then the last made.
func (c *Cache) of(request string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.names[request])
	slices.Reverse(out)
	slices.SortStableFunc(out, func(a, b string) int { return c.kept[b].used.Compare(c.kept[a].used) })
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
	w, ok := c.writers.Get().(*writer)
	if !ok {
		w = &writer{}
		w.zip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // a level that exists
	}
	defer func() {
		if w.buf.Cap() < maxBuffer {
			c.writers.Put(w)
		}
	}()
	w.buf.Reset()
	w.buf.Write(begin(name))
	w.zip.Reset(&w.buf)
	if errors.Join(json.NewEncoder(w.zip).Encode(rec), w.zip.Close()) != nil || !c.add(name, complete(w.buf.Bytes()), time.Now()) {
		return
	}
	for i, old := range c.of(request) {
		if i >= perRequest {
			c.drop(old)
		}
	}
	c.shrink()
}
