package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	yaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/fault"
)

// Limits of a Decoder that sets none.
const (
	DefaultMaxObjects = 20_000
	DefaultMaxDepth   = 500
)

const documentsPerObject = 5

// Decoder decodes manifests. The zero value works.
type Decoder struct {
	// MaxObjects is how many objects one file may hold, 0 for DefaultMaxObjects.
	// It may have documentsPerObject times as many documents, empty ones included.
	MaxObjects int
	// MaxDepth is how deep values may be nested, 0 for DefaultMaxDepth.
	MaxDepth int
	// OnDuplicateKey is told of duplicate keys, of which the last then wins. If
	// nil, a duplicate key is an error. Charts in the wild do have them.
	OnDuplicateKey func(what string)
}

// Decode is the objects in data, in order. The name is the file's, for errors.
func (d Decoder) Decode(name string, data []byte) ([]*unstructured.Unstructured, error) {
	data, err := Text(name, data)
	if err != nil {
		return nil, err
	}
	run := &run{Decoder: d.withDefaults(), name: name}
	if looksLikeJSON(data) {
		return run.json(data)
	}
	return run.yaml(data)
}

func (d Decoder) withDefaults() Decoder {
	if d.MaxObjects == 0 {
		d.MaxObjects = DefaultMaxObjects
	}
	if d.MaxDepth == 0 {
		d.MaxDepth = DefaultMaxDepth
	}
	return d
}

// run is the decoding of one file.
type run struct {
	Decoder
	name     string
	document int // the number of the current document, from 1; 0 in JSON
	aliased  int // what aliases have added so far
	objects  []*unstructured.Unstructured
}

// failf says what is wrong at a line; line 0 means the document as a whole.
func (r *run) failf(line int, format string, args ...any) error {
	return fault.New(fault.Broken, "%s%s", r.where(line), fmt.Sprintf(format, args...))
}

func (r *run) where(line int) string {
	s := r.name
	switch {
	case r.document > 0 && line > 0:
		s += fmt.Sprintf(": document %d, line %d", r.document, line)
	case r.document > 0:
		s += fmt.Sprintf(": document %d", r.document)
	case line > 0:
		s += fmt.Sprintf(": line %d", line)
	}
	return s + ": "
}

func (r *run) yaml(data []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		r.document++
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return r.objects, nil
		}
		if r.document > documentsPerObject*r.MaxObjects {
			return r.objects, r.failf(node.Line, "more than %d documents in one file", documentsPerObject*r.MaxObjects)
		}
		if err != nil {
			return r.objects, r.syntax(err)
		}
		if err := r.yamlDocument(&node); err != nil {
			return r.objects, err
		}
	}
}

func (r *run) yamlDocument(node *yaml.Node) error {
	if node.Kind != yaml.DocumentNode || len(node.Content) != 1 {
		return r.failf(node.Line, "not a YAML document")
	}
	root := node.Content[0]
	c := converter{run: r}
	value, err := c.value(root, 0)
	if err != nil {
		return err
	}
	if value == nil {
		return nil
	}
	return r.add(value, root.Line)
}

var lineInMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax is the YAML parser's error with the file and document in front.
func (r *run) syntax(err error) error {
	message := err.Error()
	line := 0
	if m := lineInMessage.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if m[1] != "" {
			line, _ = strconv.Atoi(m[1])
		}
	}
	return r.failf(line, "%s", message)
}
