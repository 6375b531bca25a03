package once

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

const (
	// scheme names how keys are made. Another scheme gives every task another key,
	// and would so run every migration in the world again: see TestKeysForEver.
	scheme = "evenkeel.dev/once/v1"

	partDigest = 16  // hex digits of a part's digest that are kept
	maxValue   = 300 // bytes of a part's value
	maxFiles   = 20000
)

// Inputs are what a hook's key is made of besides the hook. The zero value is
// right for a hook that reads nothing.
type Inputs struct {
	// Cluster names the destination cluster. What ran in one did not run in another.
	Cluster string
	// Objects are the ConfigMaps and Secrets of References. One that is not there
	// does not exist.
	Objects map[resource.Key]*unstructured.Unstructured
	// MACKey is what Secrets are digested with. Needed if there is one.
	MACKey []byte
	// Digests gives the digest of an image that is written with a tag. Nil takes the
	// tag for the image, so a tag that was pushed again is no new input.
	Digests map[string]string
	// Files is the repository at this revision, ID the id of a file or directory in
	// it: equal ids, equal content. Needed if the hook names paths.
	Files fs.FS
	ID    func(path string) (string, error)
}

// Task is a hook with the state of its inputs.
type Task struct {
	// Name is NAMESPACE/NAME of the hook.
	Name string
	// Key identifies the state of the inputs: 64 hex digits.
	Key string
	// Parts are the inputs, in the order of PartKind and name.
	Parts []Part
	// Revision is where the hook is from, for the ledger only.
	Revision string
}

// input is a part with its whole digest.
type input struct {
	Part
	digest string
}

// NewTask finds a hook's key. The same inputs give the same key for ever,
// whatever the order of maps and the volatile metadata of the template. An error
// names what is missing, and no value of a Secret.
func NewTask(hook *unstructured.Unstructured, in Inputs) (Task, error) {
	m := maker{hook: hook, in: in}
	if _, name := split(Name(hook)); name == "" {
		return Task{}, m.fail(fault.Invalid, "it has no name")
	}
	for _, step := range [...]func() error{m.template, m.objects, m.paths} {
		if err := step(); err != nil {
			return Task{}, err
		}
	}
	slices.SortFunc(m.inputs, func(a, b input) int { return compareParts(a.Part, b.Part) })
	t := Task{Name: Name(hook)}
	hashed := make([][3]string, len(m.inputs))
	for i, x := range m.inputs {
		hashed[i] = [3]string{string(x.Kind), x.Name, x.digest}
		x.Digest, x.Value = x.digest[:partDigest], head(x.Value, maxValue)
		t.Parts = append(t.Parts, x.Part)
	}
	sum, err := digest([]any{scheme, t.Name, hashed})
	t.Key = sum
	return t, err
}

type maker struct {
	hook   *unstructured.Unstructured
	in     Inputs
	inputs []input
}

func (m *maker) fail(kind fault.Kind, format string, args ...any) error {
	return fault.New(kind, "%s runs once per input: "+format, append([]any{describe(m.hook)}, args...)...)
}

func describe(hook *unstructured.Unstructured) string { return "Job " + Name(hook) }

// add notes an input by the digest of its content.
func (m *maker) add(p Part, content any) error {
	sum, err := digest(content)
	if err != nil {
		return m.fail(fault.Invalid, "%s cannot be read: %v", p, err)
	}
	m.inputs = append(m.inputs, input{Part: p, digest: sum})
	return nil
}

// digest is that of v's JSON, which has its keys sorted.
func digest(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func (m *maker) template() error {
	t := templateOf(m.hook)
	for _, c := range t.containers {
		id, shown := m.image(c.image)
		if err := errors.Join(
			m.add(Part{Kind: PartImage, Name: c.name, Value: shown}, id),
			m.add(Part{Kind: PartContainer, Name: c.name}, c.rest),
		); err != nil {
			return err
		}
	}
	namespace := m.hook.GetNamespace()
	where := "namespace " + namespace
	if m.in.Cluster != "" {
		where = "cluster " + m.in.Cluster + ", " + where
	}
	return errors.Join(
		m.add(Part{Kind: PartPod}, t.rest),
		m.add(Part{Kind: PartDestination, Value: where}, []string{m.in.Cluster, namespace}),
	)
}

// image is what identifies an image, and how it is shown. A digest is the image,
// whatever the registry, name or tag before it.
func (m *maker) image(written string) (id, shown string) {
	if _, d, ok := strings.Cut(written, "@"); ok && strings.Contains(d, ":") {
		return d, written
	}
	if d := m.in.Digests[written]; d != "" {
		return d, written + "@" + d
	}
	return written, written
}

func (m *maker) objects() error {
	for _, r := range References(m.hook) {
		obj := m.in.Objects[r.Key]
		if obj == nil && !r.Optional {
			return m.fail(fault.NotFound, "it reads %s, which is neither in the source nor in the cluster", r.Key.Human())
		}
		content, err := m.content(r, obj)
		if err != nil {
			return err
		}
		p := Part{Kind: PartKind(r.Key.Kind), Name: r.Key.Name}
		if obj == nil {
			p.Value = "missing"
		}
		if r.Key.IsSecret() {
			err = m.addSecret(p, r.Key, content)
		} else {
			err = m.add(p, bytesOf(content))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// content are the values that are read of an object; nil if there is none.
func (m *maker) content(r Reference, obj *unstructured.Unstructured) (map[string]string, error) {
	if obj == nil {
		return nil, nil
	}
	all, flaw := values(obj)
	if flaw != "" {
		return nil, m.fail(fault.Invalid, "%s: %s", r.Key.Human(), flaw)
	}
	if r.Keys == nil {
		for k, optional := range r.optionalKeys {
			if _, ok := all[k]; !ok && !optional {
				return nil, m.fail(fault.NotFound, "it reads key %q of %s, which has no such key", k, r.Key.Human())
			}
		}
		return all, nil
	}
	out := map[string]string{}
	for _, k := range r.Keys {
		v, ok := all[k]
		switch {
		case ok:
			out[k] = v
		case !r.optionalKeys[k]:
			return nil, m.fail(fault.NotFound, "it reads key %q of %s, which has no such key", k, r.Key.Human())
		}
	}
	return out, nil
}

// values are those of a ConfigMap or Secret as a Pod sees them, or what is wrong
// with them.
func values(obj *unstructured.Unstructured) (out map[string]string, flaw string) {
	plain, encoded := "data", "binaryData"
	if resource.KeyOf(obj).IsSecret() {
		plain, encoded = "stringData", "data"
	}
	out = map[string]string{}
	for _, field := range [...]string{encoded, plain} { // stringData goes over data
		if v := obj.Object[field]; v != nil && fields(obj.Object, field) == nil {
			return nil, field + " is no map"
		}
		for k, v := range fields(obj.Object, field) {
			text, ok := v.(string)
			if !ok && v != nil {
				return nil, fmt.Sprintf("%s[%q] is no string", field, k)
			}
			if field == encoded {
				raw, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					return nil, fmt.Sprintf("%s[%q] is not base64", field, k)
				}
				text = string(raw)
			}
			out[k] = text
		}
	}
	return out, ""
}

// bytesOf has JSON write values as base64, as it would change what is not UTF-8.
func bytesOf(content map[string]string) map[string][]byte {
	if content == nil {
		return nil
	}
	out := make(map[string][]byte, len(content))
	for k, v := range content {
		out[k] = []byte(v)
	}
	return out
}

// addSecret notes a Secret by a keyed digest: a plain one would let whoever reads
// the ledger try guesses. The object's name is in it, so that equal values in two
// Secrets do not show.
func (m *maker) addSecret(p Part, key resource.Key, content map[string]string) error {
	if len(m.in.MACKey) == 0 {
		return m.fail(fault.Internal, "%s cannot be digested without a key", key.Human())
	}
	p.MAC = macID(m.in.MACKey)
	h := hmac.New(sha256.New, m.in.MACKey)
	fmt.Fprintf(h, "%s\x00%d\x00", key, len(content))
	if content == nil {
		fmt.Fprint(h, "missing")
	}
	for _, k := range sortedKeys(content) {
		fmt.Fprintf(h, "%d:%s%d:%s", len(k), k, len(content[k]), content[k])
	}
	m.inputs = append(m.inputs, input{Part: p, digest: hex.EncodeToString(h.Sum(nil))})
	return nil
}

// macID names a key without telling anything of it.
func macID(key []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprint(h, "which key is this")
	return hex.EncodeToString(h.Sum(nil))[:8]
}

func (m *maker) paths() error {
	patterns, err := Patterns(m.hook)
	if err != nil {
		return err
	}
	slices.Sort(patterns)
	for _, pattern := range slices.Compact(patterns) {
		if m.in.Files == nil || m.in.ID == nil {
			return m.fail(fault.Invalid, "annotation %s names paths, and the source is no repository", v1alpha1.AnnotationInputs)
		}
		if err := m.path(pattern); err != nil {
			return err
		}
	}
	return nil
}

// path adds what a pattern matches: a path is the file or directory there, a glob
// is all files that it matches.
func (m *maker) path(pattern string) error {
	found, err := m.matches(pattern)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "%s: annotation %s: %q", describe(m.hook), v1alpha1.AnnotationInputs, pattern)
	}
	if len(found) == 0 {
		return m.fail(fault.NotFound, "annotation %s: %q matches nothing in the repository", v1alpha1.AnnotationInputs, pattern)
	}
	ids := map[string]string{}
	for _, name := range found {
		if ids[name], err = m.in.ID(name); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "%s: annotation %s: %q", describe(m.hook), v1alpha1.AnnotationInputs, name)
		}
	}
	p := Part{Kind: PartPath, Name: pattern}
	if isGlob(pattern) {
		p.Value = files(len(ids))
	}
	return m.add(p, ids)
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

func isGlob(pattern string) bool { return strings.ContainsAny(pattern, `*?[{\`) }

func (m *maker) matches(pattern string) ([]string, error) {
	if !isGlob(pattern) {
		_, err := fs.Stat(m.in.Files, pattern)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return []string{pattern}, err
	}
	var out []string
	err := doublestar.GlobWalk(m.in.Files, pattern, func(name string, _ fs.DirEntry) error {
		if len(out) == maxFiles {
			return fault.New(fault.Invalid, "it matches more than %d files", maxFiles)
		}
		out = append(out, name)
		return nil
	}, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	return out, err
}
