// Package truth holds what package diff predicts against what the API server of a
// playground does.
//
// Objects of every built-in kind that can be created, and of two dozen generated
// custom kinds, are applied as package apply applies them, changed by other managers
// in every way there is, and compared with desired objects drawn at random. Each pair
// of a desired and a live object is one experiment: where Predict says equal, a dry
// run must change nothing. Where it says different and the dry run says equal, the dry
// run was needless; those are counted.
//
//	go test ./test/truth -v -pairs 10000 -timeout 30m
//
// A kind is a valid object in testdata/kinds.yaml; what is put into it comes from the
// cluster's own OpenAPI v3 documents, and where those do not know what validation
// asks for, from testdata/words.yaml. What the API server refuses is no pair.
package truth
