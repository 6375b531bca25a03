package static

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Absent is the page that is served when there is no UI in the build.
const Absent = "The web UI is not in this build: run `make ui build`.\n"

const (
	index    = "index.html"
	assets   = "assets/"
	forever  = "public, max-age=31536000, immutable"
	validate = "no-cache"
)

// Handler serves the files of a UI. Safe for concurrent use.
type Handler struct {
	ui    fs.FS
	files sync.Map // name -> *file, of those that were asked for
}

// New serves ui; nil, or one without index.html, yields the page Absent.
func New(ui fs.FS) *Handler {
	if ui == nil {
		return &Handler{}
	}
	if _, err := fs.Stat(ui, index); err != nil {
		return &Handler{}
	}
	return &Handler{ui: ui}
}

// file is a file's content in the encodings there are; identity is always there.
type file struct {
	contentType string
	variants    []variant // best first, identity last
}

type variant struct {
	encoding string // as in Content-Encoding; empty for identity
	content  []byte
	etag     string
}

// ServeHTTP answers GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if h.ui == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(Absent)) // the client is gone if this fails
		return
	}
	name, f := h.find(r)
	if f == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	f.serve(w, r, name)
}

// find is the file that a request's path names: itself, or the app for its
// routes. Routes hold names of applications, and so may look like file names.
func (h *Handler) find(r *http.Request) (string, *file) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = index
	}
	if hidden(name) {
		return name, nil
	}
	if f := h.load(name); f != nil {
		return name, f
	}
	navigation := strings.Contains(r.Header.Get("Accept"), "text/html")
	if strings.HasPrefix(name, assets) || path.Ext(name) != "" && !navigation {
		return name, nil
	}
	return index, h.load(index)
}

// hidden says that a path names no page: dot files, and what is no clean path.
func hidden(name string) bool {
	if strings.ContainsAny(name, "\\\x00") {
		return true
	}
	trimmed := strings.TrimSuffix(name, "/")
	if !fs.ValidPath(trimmed) {
		return true
	}
	return strings.HasPrefix(trimmed, ".") || strings.Contains(trimmed, "/.")
}

func (h *Handler) load(name string) *file {
	if f, ok := h.files.Load(name); ok {
		return f.(*file)
	}
	f := h.read(name)
	if f == nil {
		return nil // not remembered: strangers choose the names
	}
	kept, _ := h.files.LoadOrStore(name, f)
	return kept.(*file)
}

func (h *Handler) read(name string) *file {
	info, err := fs.Stat(h.ui, name)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	content, err := fs.ReadFile(h.ui, name)
	if err != nil {
		return nil
	}
	f := &file{contentType: contentType(name, content)}
	for _, sibling := range [...]struct{ suffix, encoding string }{{".br", "br"}, {".gz", "gzip"}} {
		if packed, err := fs.ReadFile(h.ui, name+sibling.suffix); err == nil {
			f.variants = append(f.variants, newVariant(sibling.encoding, packed))
		}
	}
	f.variants = append(f.variants, newVariant("", content))
	return f
}

func newVariant(encoding string, content []byte) variant {
	sum := sha256.Sum256(content)
	return variant{encoding: encoding, content: content, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// contentType never depends on the machine's own table of types for what a web
// app consists of.
func contentType(name string, content []byte) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return http.DetectContentType(content)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request, name string) {
	v := f.choose(r.Header.Values("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("ETag", v.etag)
	header.Set("Cache-Control", validate)
	if strings.HasPrefix(name, assets) {
		header.Set("Cache-Control", forever)
	}
	if len(f.variants) > 1 {
		header.Add("Vary", "Accept-Encoding")
	}
	if v.encoding != "" {
		header.Set("Content-Encoding", v.encoding)
		// ServeContent would leave the length out for encoded content.
		if r.Header.Get("Range") == "" {
			header.Set("Content-Length", strconv.Itoa(len(v.content)))
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.content))
}

// choose is the first variant that the client accepts; identity if it accepts
// none of the others.
func (f *file) choose(accept []string) variant {
	accepted := encodings(accept)
	for _, v := range f.variants {
		if v.encoding != "" && accepted[v.encoding] {
			return v
		}
	}
	return f.variants[len(f.variants)-1]
}

// encodings reads Accept-Encoding (RFC 9110 §12.5.3): names with a weight above
// 0. "*" is not followed: nobody who sends it alone minds identity.
func encodings(values []string) map[string]bool {
	accepted := map[string]bool{}
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameters, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(strings.ToLower(parameters)), "q="); ok {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			if err != nil {
				parsed = 0
			}
			weight = parsed
		}
		accepted[name] = weight > 0
	}
	return accepted
}
