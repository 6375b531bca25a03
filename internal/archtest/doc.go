// Package archtest holds the architecture as tests: who may import whom
// (ARCHITECTURE.md), what the deciding packages may not touch, how large things
// may grow, and that each direct dependency has a reason.
//
// A failing test names the place and the reason of the rule. The rules read the
// source with go/parser, without building it; generated files, tests and other
// modules in the tree do not count. Each rule is tried on a small module in
// testdata that breaks it.
package archtest
