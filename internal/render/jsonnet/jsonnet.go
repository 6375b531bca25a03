package jsonnet

import (
	"io"
	"slices"

	gojsonnet "github.com/google/go-jsonnet"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/tree"
)

// maxStack is how deep calls and values may be nested: the default of the jsonnet
// program, and Argo CD's.
const maxStack = 500

// Input is what the programs of a source see.
type Input struct {
	Files *tree.Reader
	// Dir is the tree path of the source's directory.
	Dir     string
	Options v1alpha1.ApplicationSourceJsonnet
	// Env is expanded in the values of TLAs and extVars.
	Env buildenv.Env
}

// Evaluator evaluates the programs of one source. It is for one rendering and one
// goroutine. Programs share what they import, which is read and parsed once.
type Evaluator struct {
	files    *tree.Reader
	vm       *gojsonnet.VM
	importer *importer
	tlas     []v1alpha1.JsonnetVar
	extVars  []v1alpha1.JsonnetVar
}

// New is an Evaluator of the programs of a source.
func New(in Input) (*Evaluator, error) {
	e := &Evaluator{
		files: in.Files, vm: gojsonnet.MakeVM(), importer: &importer{files: in.Files, known: map[string]*gojsonnet.Contents{}},
		tlas: expanded(in.Options.TLAs, in.Env), extVars: expanded(in.Options.ExtVars, in.Env),
	}
	for _, lib := range slices.Backward(in.Options.Libs) {
		dir, err := tree.ResolveRooted("directory.jsonnet.libs", ".", lib)
		if err != nil {
			return nil, err
		}
		e.importer.paths = append(e.importer.paths, dir)
	}
	e.importer.paths = append(e.importer.paths, in.Dir)
	e.vm.MaxStack = maxStack
	e.vm.SetTraceOut(io.Discard)
	e.vm.Importer(e.importer)
	bind(e.tlas, e.vm.TLAVar, e.vm.TLACode)
	bind(e.extVars, e.vm.ExtVar, e.vm.ExtCode)
	return e, nil
}

// expanded is vars with the build environment in their values. Argo CD expands them
// anew for each file, so that of $$ nothing is left in the second; once is what was meant.
func expanded(vars []v1alpha1.JsonnetVar, env buildenv.Env) []v1alpha1.JsonnetVar {
	vars = slices.Clone(vars)
	for i := range vars {
		vars[i].Value = env.Expand(vars[i].Value)
	}
	return vars
}

func bind(vars []v1alpha1.JsonnetVar, text, code func(name, value string)) {
	for _, v := range vars {
		if v.Code {
			code(v.Name, v.Value)
		} else {
			text(v.Name, v.Value)
		}
	}
}

// Objects is what the program in the file at name evaluates to: one object, or an
// array of them in which null is none. The TLAs are for a program that is a function.
func (e *Evaluator) Objects(name string, program []byte) ([]*unstructured.Unstructured, error) {
	if err := e.files.Err(); err != nil {
		return nil, err
	}
	node, err := gojsonnet.SnippetToAST(name, string(program))
	if err != nil {
		return nil, e.explain(name, err)
	}
	result, err := e.vm.Evaluate(node)
	if err != nil {
		return nil, e.explain(name, err)
	}
	if err := e.files.Spend(name+": the result", int64(len(result))); err != nil {
		return nil, err
	}
	return manifest.Decoder{}.Generated(name, []byte(result))
}
