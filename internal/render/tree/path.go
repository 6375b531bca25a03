package tree

import (
	"path"
	"strings"
	"unicode/utf8"

	"evenkeel.dev/internal/fault"
)

// Resolve is the tree path of p, which a user wrote in field and which is
// relative to dir, a tree path. ".." may climb within the tree, as in Argo CD,
// and never out of it. Absolute paths, backslashes, NUL and bytes that are not
// UTF-8 are refused.
func Resolve(field, dir, p string) (string, error) {
	if err := checkBytes(field, p); err != nil {
		return "", err
	}
	if strings.HasPrefix(p, "/") {
		return "", fault.New(fault.Invalid, "%s: %q is an absolute path", field, p)
	}
	return inside(field, p, path.Join(dir, p))
}

// ResolveRooted is Resolve, except that a leading slash means the repository's
// root (Helm's valueFiles, argo-cd.md §1.1).
func ResolveRooted(field, dir, p string) (string, error) {
	if !strings.HasPrefix(p, "/") {
		return Resolve(field, dir, p)
	}
	if err := checkBytes(field, p); err != nil {
		return "", err
	}
	// path.Join on a rooted path would swallow leading "..": keep it relative.
	return inside(field, p, path.Join(".", strings.TrimLeft(p, "/")))
}

func checkBytes(field, p string) error {
	switch {
	case strings.IndexByte(p, 0) >= 0:
		return fault.New(fault.Invalid, "%s: %q contains a NUL byte", field, p)
	case strings.Contains(p, `\`):
		return fault.New(fault.Invalid, "%s: %q contains a backslash; paths are separated by slashes", field, p)
	case !utf8.ValidString(p):
		return fault.New(fault.Invalid, "%s: %q is not UTF-8", field, p)
	}
	return nil
}

func inside(field, written, joined string) (string, error) {
	if joined == "" {
		joined = "."
	}
	if joined == ".." || strings.HasPrefix(joined, "../") {
		return "", fault.New(fault.Invalid, "%s: %q leads out of the repository", field, written)
	}
	return joined, nil
}
