package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/jsonobject"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/render/tree"
)

// maxTrees bounds what one rendering may have fetched.
const maxTrees = 1000

// session is one job from the parent's side. The child is not trusted: whatever it
// says ends the session with an error if it makes no sense.
type session struct {
	pipe  *pipe
	trees []fs.FS
	fetch remote.Fetcher
	// plugin runs a plugin; nil runs none. It has been called runs times.
	plugin func(plugin.Job) ([]byte, error)
	runs   int
	// output is how many bytes it may make, left how many of them are left.
	output, left int64
	// ahead is how many bytes were shipped.
	ahead int

	// apis are the API versions that the child knows of the job before; nil if none are kept.
	apis *[]string

	// begun says that the child has said something, whole that it said all.
	begun, whole bool
	// limit is why the session was ended from this side.
	limit error
}

func (s *session) run(ctx context.Context, r render.Request) (render.Result, error) {
	j := job{Request: r}
	s.trees, s.fetch = []fs.FS{r.FS}, r.Fetcher
	for name, tree := range r.Refs {
		j.Refs, s.trees = append(j.Refs, name), append(s.trees, tree)
	}
	j.Request.FS, j.Request.Refs, j.Request.Fetcher = nil, nil, nil
	if j.SameAPIs = s.apis != nil && slices.Equal(*s.apis, r.APIVersions); j.SameAPIs {
		j.Request.APIVersions = nil
	} else if s.apis != nil {
		*s.apis = slices.Clone(r.APIVersions)
	}
	b, err := json.Marshal(j)
	if err != nil {
		return render.Result{}, err
	}
	if err := errors.Join(s.pipe.put(renders, b), s.pipe.send(ships, s.first(r.FS, r.Source))); err != nil {
		return render.Result{}, err
	}
	return s.converse(ctx)
}

// converse answers what the child asks until it has rendered.
func (s *session) converse(ctx context.Context) (render.Result, error) {
	var out render.Result
	for {
		k, payload, err := s.pipe.receive()
		if err != nil {
			return render.Result{}, err
		}
		s.begun = true
		if s.left -= int64(len(payload)); s.left < 0 {
			s.limit = fault.New(fault.Broken, "the rendering makes more than the %d MiB that are allowed", s.output>>20)
			return render.Result{}, s.limit
		}
		switch k {
		case asks:
			err = s.answer(payload)
		case wants:
			err = s.get(ctx, payload)
		case runs:
			err = s.runPlugin(payload)
		case makes:
			err = add(&out, payload)
		case ends:
			return s.end(out, payload)
		default:
			err = fmt.Errorf("a frame %q", k)
		}
		if err != nil {
			return render.Result{}, err
		}
	}
}

func add(out *render.Result, payload []byte) error {
	o, err := jsonobject.Decode(payload)
	if err != nil {
		return fmt.Errorf("an object that is none: %w", err)
	}
	out.Objects = append(out.Objects, &unstructured.Unstructured{Object: o})
	return nil
}

func (s *session) end(out render.Result, payload []byte) (render.Result, error) {
	var e end
	if err := json.Unmarshal(payload, &e); err != nil {
		return render.Result{}, err
	}
	if err := s.record(e.Used); err != nil {
		return render.Result{}, err
	}
	s.whole = true
	if e.Failure != nil {
		return render.Result{}, fault.Keep(fault.Broken, e.Failure.err(""), "")
	}
	out.SourceType, out.Warnings, out.Unsupported = e.SourceType, e.Warnings, e.Unsupported
	out.OfRevision, out.OfAPIVersions = e.OfRevision, e.OfAPIVersions
	return out, nil
}

// record notes what the child says that it has used, as if it had asked. One that leaves
// something out is one that a template has taken over: it could as well make what
// it likes of everything that it renders after that.
func (s *session) record(used []use) error {
	for _, u := range used {
		if u.Tree < 0 || u.Tree >= len(s.trees) || !fs.ValidPath(u.Name) {
			return fmt.Errorf("it has used %q in tree %d", u.Name, u.Tree)
		}
		switch u.Question {
		case trace.Type, trace.Content, trace.Listing:
		default:
			return fmt.Errorf("it has asked for the %q of %s", u.Question, u.Name)
		}
		if t, ok := s.trees[u.Tree].(traced); ok {
			t.Record(u.Name, u.Question)
		}
	}
	return nil
}

// answer answers a question about a tree.
func (s *session) answer(payload []byte) error {
	var a ask
	if err := json.Unmarshal(payload, &a); err != nil {
		return err
	}
	if a.Tree < 0 || a.Tree >= len(s.trees) || !fs.ValidPath(a.Name) {
		return fmt.Errorf("a question about %q in tree %d", a.Name, a.Tree)
	}
	from := s.trees[a.Tree]
	switch a.Op {
	case opRead:
		content, err := fs.ReadFile(from, a.Name)
		if err != nil {
			return s.refuse(err)
		}
		if int64(len(content)) > maxFrame {
			return s.refuse(fault.New(fault.Broken, "%s has %d bytes and is too large to be rendered", a.Name, len(content)))
		}
		return s.pipe.send(gives, content)
	case opStat:
		if t, ok := from.(traced); ok {
			t.Record(a.Name, trace.Type)
		}
		found, err := s.shipment(from, a.Name)
		if err != nil {
			return s.refuse(err)
		}
		return s.pipe.send(ships, found)
	case opSize: // it says something of the content: who asks for it is noted as a reader
		i, err := fs.Stat(from, a.Name)
		if err != nil {
			return s.refuse(err)
		}
		return s.size(from, a.Name, i)
	case opList:
		entries, err := fs.ReadDir(from, a.Name)
		if err != nil {
			return s.refuse(err)
		}
		infos := make([]info, len(entries))
		for i, e := range entries {
			infos[i] = info{Base: e.Name(), Bits: e.Type()}
		}
		return s.pipe.sendJSON(lists, infos)
	}
	return fmt.Errorf("a question of kind %q", a.Op)
}

// size answers how large a file is, with its content if it is small. One that cannot be
// read has its size all the same: whoever reads it is told why.
func (s *session) size(from fs.FS, name string, i fs.FileInfo) error {
	n := i.Size()
	if n > maxInline || !i.Mode().IsRegular() {
		return s.pipe.send(sizes, sizeFrame(n, nil))
	}
	content, err := fs.ReadFile(from, name)
	if err != nil || int64(len(content)) != n {
		content = nil
	}
	return s.pipe.send(sizes, sizeFrame(n, content))
}

func (s *session) refuse(err error) error {
	f := newFailure(err)
	f.Text = tree.Clean(f.Text)
	return s.pipe.sendJSON(refuses, f)
}

// get answers a want.
func (s *session) get(ctx context.Context, payload []byte) error {
	w, err := wantOf(payload)
	if err != nil {
		return err
	}
	if len(s.trees) >= maxTrees {
		return s.refuse(fault.New(fault.Broken, "the rendering wants more than %d charts, bases and files from elsewhere", maxTrees))
	}
	if s.fetch == nil {
		s.fetch = remote.Nothing{}
	}
	g, err := s.fetch.Fetch(ctx, w)
	if err != nil {
		return s.refuse(err)
	}
	if g.FS == nil {
		return errors.New("a fetcher gave nothing")
	}
	s.trees = append(s.trees, g.FS)
	return s.pipe.sendJSON(got, answer{Tree: len(s.trees) - 1, Digest: g.Digest, Version: g.Version})
}

// maxRuns bounds how often one rendering may have a plugin run: each that is declared
// may look at the source, and one renders it.
const maxRuns = 100

// runPlugin has a plugin run.
func (s *session) runPlugin(payload []byte) error {
	var j plugin.Job
	if err := json.Unmarshal(payload, &j); err != nil {
		return err
	}
	if s.plugin == nil {
		return s.refuse(fault.New(fault.Unsupported, "plugin %s: plugins are not run here", j.Plugin))
	}
	if s.runs++; s.runs > maxRuns {
		return s.refuse(fault.New(fault.Broken, "the rendering runs plugins more than %d times", maxRuns))
	}
	out, err := s.plugin(j)
	if err == nil && int64(len(out)) > maxFrame {
		err = fault.New(fault.Broken, "plugin %s: %d bytes are too much", j.Plugin, len(out))
	}
	if err != nil {
		return s.refuse(err)
	}
	return s.pipe.send(gives, out)
}
