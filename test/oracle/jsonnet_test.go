package oracle_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

// TestJsonnet compares with jsonnet, run for each program of the directory.
func TestJsonnet(t *testing.T) {
	t.Parallel()
	bin := program(t, "jsonnet")
	testCases(t, "jsonnet", 10, func(t *testing.T, r request, home, repo string) ([]*unstructured.Unstructured, error) {
		dir := filepath.Join(repo, r.Source.Path)
		names, err := filepath.Glob(filepath.Join(dir, "*.jsonnet"))
		if err != nil {
			t.Fatal(err)
		}
		var objects []*unstructured.Unstructured
		for _, name := range names {
			out, err := run(t.Context(), home, repo, bin, append(jsonnetArgs(r, dir, repo), name)...)
			if err != nil {
				return nil, err
			}
			more, err := elements(out)
			if err != nil {
				return nil, err
			}
			objects = append(objects, more...)
		}
		return objects, nil
	})
}

// jsonnetArgs are what the virtual machine that Argo CD makes would be given (makeJsonnetVM).
func jsonnetArgs(r request, dir, repo string) []string {
	args := []string{"--jpath", dir}
	if r.Source.Directory == nil {
		return args
	}
	o := r.Source.Directory.Jsonnet
	for _, lib := range o.Libs {
		args = append(args, "--jpath", filepath.Join(repo, lib))
	}
	bind := func(prefix string, vars []v1alpha1.JsonnetVar) {
		for _, v := range vars {
			args = append(args, prefix+map[bool]string{false: "-str", true: "-code"}[v.Code], v.Name+"="+v.Value)
		}
	}
	bind("--ext", o.ExtVars)
	bind("--tla", o.TLAs)
	return args
}

// elements are what a program's result holds: an object, or an array of them.
func elements(out []byte) ([]*unstructured.Unstructured, error) {
	out = bytes.TrimSpace(out)
	if !bytes.HasPrefix(out, []byte("[")) {
		return decode(out)
	}
	var list []any
	if err := yaml.Unmarshal(out, &list); err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for i, item := range list {
		data, err := yaml.Marshal(item)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		more, err := decode(data)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		objects = append(objects, more...)
	}
	return objects, nil
}
