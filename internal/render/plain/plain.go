package plain

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/jsonnet"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/tree"
)

// SkipMarker in a file keeps it from being rendered.
const SkipMarker = "+argocd:skip-file-rendering"

// Input is what to render.
type Input struct {
	Files *tree.Reader
	// Dir is the directory's tree path.
	Dir       string
	Directory v1alpha1.ApplicationSourceDirectory
	// MaxBytes is how large all manifests together may be; 0 or less means any size.
	// Jsonnet does not count, as in Argo CD.
	MaxBytes int64
	// JsonnetDisabled makes Jsonnet files no manifests.
	JsonnetDisabled bool
	// Env is expanded in the values of Jsonnet's variables.
	Env buildenv.Env
}

// Output is what was rendered.
type Output struct {
	Objects  []*unstructured.Unstructured
	Warnings []string
}

// Render reads the manifests below in.Dir, in the order of their paths.
func Render(in Input) (Output, error) {
	w := &walk{Input: in}
	if err := w.compileGlobs(); err != nil {
		return Output{}, err
	}
	if in.Directory.DisableExtensionFilter && in.Directory.Include == "" && in.Directory.Exclude == "" {
		w.warn("directory.disableExtensionFilter without include or exclude: every file is read as a manifest")
	}
	if err := w.dir(in.Dir, ""); err != nil {
		return Output{}, err
	}
	return w.out, nil
}

type walk struct {
	Input
	include, exclude *glob.Pattern
	size             int64
	programs         *jsonnet.Evaluator // made for the first program
	out              Output
}

func (w *walk) warn(format string, args ...any) {
	w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, args...))
}

// compileGlobs compiles the globs as Argo CD does: without separators, so that
// a single star also crosses directories.
func (w *walk) compileGlobs() (err error) {
	if w.include, err = compile("directory.include", w.Directory.Include); err != nil {
		return err
	}
	w.exclude, err = compile("directory.exclude", w.Directory.Exclude)
	return err
}

func compile(field, pattern string) (*glob.Pattern, error) {
	if pattern == "" {
		return nil, nil
	}
	g, err := glob.Compile(pattern)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s: glob %q", field, pattern)
	}
	return g, nil
}

// dir renders the directory at name; rel is its path relative to the source's.
func (w *walk) dir(name, rel string) error {
	entries, err := w.Files.Dir(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		child, childRel := path.Join(name, entry.Name()), path.Join(rel, entry.Name())
		if entry.IsDir() {
			if !w.Directory.Recurse {
				continue
			}
			if err := w.dir(child, childRel); err != nil {
				return err
			}
			continue
		}
		if err := w.file(child, childRel, entry); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) file(name, rel string, entry fs.DirEntry) error {
	if !w.Directory.DisableExtensionFilter && !isManifestName(name) || isOverrideName(entry.Name()) || w.JsonnetDisabled && isProgramName(name) {
		return nil
	}
	// Exclude is tested first and wins.
	if w.exclude != nil && w.exclude.Match(rel) || w.include != nil && !w.include.Match(rel) {
		return nil
	}
	if err := w.Files.Err(); err != nil {
		return err
	}
	info, err := w.Files.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		w.warn("%s is not a regular file and was left out", name)
		return nil
	}
	data, err := w.Files.Raw(name) // whose own limit is larger, for files that are skipped
	if err != nil {
		return err
	}
	text, unreadable := readable(name, data)
	if bytes.Contains(text, []byte(SkipMarker)) {
		return nil
	}
	if isProgramName(name) && unreadable == nil {
		return w.program(name, data)
	}
	if err := w.fits(name, len(data)); err != nil {
		return err
	}
	if unreadable != nil {
		return w.leaveOut(unreadable, isManifestName(name))
	}
	return w.manifest(name, text)
}

// program renders a Jsonnet file. As in Argo CD go-jsonnet reads the bytes as they
// are, and refuses a byte order mark.
func (w *walk) program(name string, text []byte) (err error) {
	if w.programs == nil {
		in := jsonnet.Input{Files: w.Files, Dir: w.Dir, Options: w.Directory.Jsonnet, Env: w.Env}
		if w.programs, err = jsonnet.New(in); err != nil {
			return err
		}
	}
	objects, err := w.programs.Objects(name, text)
	w.out.Objects = append(w.out.Objects, objects...)
	return err
}

// readable is the text of a file that holds what it stands for: git-crypt's files
// are no text, Git LFS leaves a pointer.
func readable(name string, data []byte) ([]byte, error) {
	if err := tree.CheckPointer(name, data); err != nil {
		return nil, err
	}
	return manifest.Text(name, data)
}

// leaveOut leaves a file out with a warning, unless it was meant to be a
// manifest: what was in it would be pruned.
func (w *walk) leaveOut(err error, meant bool) error {
	if meant {
		return err
	}
	w.warn("left out, since it is not a manifest: %s", tree.Clip(err.Error()))
	return nil
}

// fits counts a file and refuses it if it does not fit any more.
func (w *walk) fits(name string, size int) error {
	if w.size += int64(size); w.MaxBytes > 0 && w.size > w.MaxBytes {
		return fault.New(fault.Broken, "%s: the manifests are larger than %d bytes in all", name, w.MaxBytes)
	}
	return nil
}

func isManifestName(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json", ".jsonnet":
		return true
	}
	return false
}

func isProgramName(name string) bool { return path.Ext(name) == ".jsonnet" }

// isOverrideName says whether a file holds overrides of a source (argo-cd.md §1.1).
func isOverrideName(name string) bool {
	return name == ".argocd-source.yaml" || strings.HasPrefix(name, ".argocd-source-") && path.Ext(name) == ".yaml"
}

func (w *walk) manifest(name string, text []byte) error {
	objects, err := manifest.Decoder{}.Decode(name, text)
	if err != nil {
		return w.leaveOut(err, len(objects) > 0 || !isKustomization(name) && meant(text, err))
	}
	w.out.Objects = append(w.out.Objects, objects...)
	return nil
}

// isKustomization says whether a file is what Kustomize reads. It has a kind and
// lies in many a directory that is walked; Argo CD fails to apply it.
func isKustomization(name string) bool {
	base := path.Base(name)
	return base == "kustomization.yaml" || base == "kustomization.yml"
}

// meant says whether a file that cannot be decoded was meant to be a manifest,
// or is merely some other YAML or JSON. What has a kind was. Otherwise Argo CD's
// test is that three words occur; of a file that cannot even be parsed, such as
// one that was cut off, two are enough here.
func meant(text []byte, err error) bool {
	words := []string{"apiVersion", "kind", "metadata"}
	switch {
	case errors.Is(err, manifest.ErrObject):
		return true
	case !errors.Is(err, manifest.ErrForeign):
		words = words[:2]
	}
	for _, word := range words {
		if !bytes.Contains(text, []byte(word+":")) && !bytes.Contains(text, []byte(`"`+word+`"`)) {
			return false
		}
	}
	return true
}
