package archive

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"evenkeel.dev/internal/fault"
)

// Options of Read.
type Options struct {
	// MaxBytes bounds the archive as it comes, the archive without its gzip, headers
	// included, and the contents of its files together; 0 means 256 MiB.
	MaxBytes int64
	// MaxFiles bounds files, links and directories together, also directories that
	// only other names mention; 0 means 50,000.
	MaxFiles int
	// StripComponents is the number of leading names to take off every path; what
	// has no more than those is dropped, as tar does.
	StripComponents int
}

const (
	maxNameLength    = 4096
	maxSymlinkTarget = 4096
	// believed is how much of a file's announced size is allocated at once.
	believed = 1 << 20
)

var errTooLarge = errors.New("too large")

// Read reads an archive to its end. A failure of r itself is fault.Unavailable
// unless it has a kind; all others are fault.Broken.
func Read(ctx context.Context, r io.Reader, opts Options) (*Tree, error) {
	opts.MaxBytes = cmp.Or(opts.MaxBytes, 256<<20)
	opts.MaxFiles = cmp.Or(opts.MaxFiles, 50_000)
	in := &meter{ctx: ctx, from: r, left: opts.MaxBytes}
	u := &unpacker{opts: opts, root: newDirectory("."), left: opts.MaxBytes}
	err := u.read(in)
	switch {
	case in.failed != nil:
		return nil, fault.Keep(fault.Unavailable, in.failed, "archive: reading")
	case errors.Is(err, errTooLarge):
		return nil, fault.New(fault.Broken, "archive: more than %d bytes", opts.MaxBytes)
	case err != nil:
		return nil, fault.Keep(fault.Broken, err, "archive")
	}
	u.root.seal()
	return &Tree{root: u.root}, nil
}

// meter ends with an error what is longer than it may be, and with its context.
type meter struct {
	ctx  context.Context
	from io.Reader
	left int64
	// failed is an error of from: not of what was read, but of reading it.
	failed error
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		m.failed = err
		return 0, err
	}
	if m.left < 0 {
		return 0, errTooLarge
	}
	// One byte more than there may be tells the bound from what is beyond it.
	n, err := m.from.Read(p[:min(int64(len(p)), m.left+1)])
	m.left -= int64(n)
	if m.left < 0 {
		return n, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errTooLarge) {
		m.failed = err
	}
	return n, err
}

// unpacker builds a tree of the entries of an archive.
type unpacker struct {
	opts  Options
	root  *node
	files int
	left  int64
}

func (u *unpacker) read(in *meter) error {
	packed := bufio.NewReader(in)
	magic, err := packed.Peek(2)
	if err != nil {
		return fault.New(fault.Broken, "it is empty")
	}
	if magic[0] != 0x1f || magic[1] != 0x8b {
		return u.entries(packed)
	}
	z, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	plain := &meter{ctx: in.ctx, from: z, left: u.opts.MaxBytes}
	if err := u.entries(plain); err != nil {
		return err
	}
	// The checksum comes last.
	_, err = io.Copy(io.Discard, plain)
	return err
}

func (u *unpacker) entries(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := u.entry(h, t); err != nil {
			return err
		}
	}
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name, err := u.place(h.Name)
	if err != nil || name == "" {
		return err
	}
	n := &node{name: path.Base(name)}
	switch h.Typeflag {
	case tar.TypeDir:
		_, err := u.directory(name)
		return err
	case tar.TypeReg, tar.TypeGNUSparse:
		err = u.fill(n, h, content)
	case tar.TypeSymlink:
		n.mode, n.data, n.oid = linkMode, h.Linkname, idOf(h.Linkname)
		if n.data == "" || len(n.data) > maxSymlinkTarget || strings.Contains(n.data, "\x00") {
			err = fault.New(fault.Broken, "symbolic link %q has no valid target", name)
		}
	case tar.TypeLink:
		err = u.hardLink(n, h)
	default:
		err = fault.New(fault.Broken, "%q is neither a file, a directory nor a link", name)
	}
	if err != nil {
		return err
	}
	return u.put(name, n)
}

// place is where in the tree a name of the archive lies; empty for what is to be
// dropped. Names in archives must stay inside, whatever they are joined to.
func (u *unpacker) place(name string) (string, error) {
	bad := func(why string) (string, error) {
		return "", fault.New(fault.Broken, "the name %.200q %s", name, why)
	}
	switch {
	case len(name) > maxNameLength:
		return bad("is too long")
	case strings.ContainsAny(name, "\\\x00"):
		return bad("holds a backslash or NUL")
	case !utf8.ValidString(name):
		return bad("is not UTF-8")
	case strings.HasPrefix(name, "/"):
		return bad("is absolute")
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			return bad("leads up")
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) <= u.opts.StripComponents {
		return "", nil
	}
	return strings.Join(parts[u.opts.StripComponents:], "/"), nil
}

// fill reads a file's content. What the header announces is checked before
// anything is read, and not believed when memory is set aside: a sparse file
// announces what is not there.
func (u *unpacker) fill(n *node, h *tar.Header, content io.Reader) error {
	if h.Size > u.left {
		return errTooLarge
	}
	u.left -= h.Size
	var b strings.Builder
	b.Grow(int(min(h.Size, believed)))
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(&b, sum), content); err != nil {
		return err
	}
	n.mode, n.data, n.oid = fileMode, b.String(), formatID(sum.Sum(nil))
	if fs.FileMode(h.Mode)&0o111 != 0 {
		n.mode = executableMode
	}
	return nil
}

// hardLink makes n another name of a file that is there already.
func (u *unpacker) hardLink(n *node, h *tar.Header) error {
	name, err := u.place(h.Linkname)
	if err != nil {
		return err
	}
	at := u.root
	for part := range strings.SplitSeq(name, "/") {
		next, ok := at.byName[part]
		if !ok {
			return fault.New(fault.Broken, "%.200q is a link to %.200q, which is not there before it", h.Name, h.Linkname)
		}
		at = next
	}
	if !at.mode.IsRegular() {
		return fault.New(fault.Broken, "%.200q is a link to %.200q, which is not a file", h.Name, h.Linkname)
	}
	n.mode, n.data, n.oid = at.mode, at.data, at.oid
	return nil
}

// put places a file or link. Of two of one name the later counts, as with tar;
// what was a directory stays one.
func (u *unpacker) put(name string, n *node) error {
	dir, err := u.directory(path.Dir(name))
	if err != nil {
		return err
	}
	old, ok := dir.byName[n.name]
	if ok && old.mode.Type() != n.mode.Type() {
		return fault.New(fault.Broken, "%.200q is there twice, as different things", name)
	}
	dir.byName[n.name] = n
	return u.count()
}

// directory is the directory at name, made with all above it where there is none.
func (u *unpacker) directory(name string) (*node, error) {
	at := u.root
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		next, ok := at.byName[part]
		if !ok {
			if err := u.count(); err != nil {
				return nil, err
			}
			next = newDirectory(part)
			at.byName[part] = next
		}
		if !next.mode.IsDir() {
			return nil, fault.New(fault.Broken, "%.200q is used as a directory, and %q of it is none", name, part)
		}
		at = next
	}
	return at, nil
}

func (u *unpacker) count() error {
	if u.files++; u.files > u.opts.MaxFiles {
		return fault.New(fault.Broken, "more than %d files", u.opts.MaxFiles)
	}
	return nil
}
