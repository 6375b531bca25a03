package jsonnet

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	gojsonnet "github.com/google/go-jsonnet"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// importer finds what programs import. Jsonnet has no way to go on after an import
// that failed, so it keeps the error, whose kind go-jsonnet would lose.
type importer struct {
	files *tree.Reader
	// paths are searched in this order, after the directory of the importing file.
	paths []string
	// known is what was read; nil if there is nothing.
	known  map[string]*gojsonnet.Contents
	failed error
}

var _ gojsonnet.Importer = (*importer)(nil)

// Import implements gojsonnet.Importer. Code of a TLA or an extVar imports from "".
func (i *importer) Import(from, written string) (gojsonnet.Contents, string, error) {
	contents, name, err := i.find(from, written)
	if err != nil {
		i.failed = err
		return gojsonnet.Contents{}, "", err
	}
	return *contents, name, nil
}

func (i *importer) find(from, written string) (*gojsonnet.Contents, string, error) {
	dirs := i.paths
	if from != "" {
		dirs = append([]string{path.Dir(from)}, dirs...)
	}
	var outside error
	for _, dir := range dirs {
		name, err := tree.Resolve("import", dir, written)
		if err != nil {
			outside = fault.New(fault.Broken, "%s", err)
			continue
		}
		contents, err := i.read(name)
		if contents != nil || err != nil {
			return contents, name, err
		}
	}
	if outside != nil {
		return nil, "", outside
	}
	return nil, "", fault.New(fault.Broken, "import: there is no %q beside the file or in %s", written, strings.Join(i.paths, ", "))
}

// read is the file at name, or nil if there is none.
func (i *importer) read(name string) (*gojsonnet.Contents, error) {
	if contents, known := i.known[name]; known {
		return contents, nil
	}
	data, err := i.files.File(name)
	if errors.Is(err, fs.ErrNotExist) {
		i.known[name] = nil
		return nil, nil
	}
	if err != nil {
		return nil, fault.Keep(fault.Broken, err, "import")
	}
	contents := gojsonnet.MakeContentsRaw(data)
	i.known[name] = &contents
	return &contents, nil
}
