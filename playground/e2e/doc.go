// Package e2e holds no code, only tests that start bin/evenkeel-playground, or
// what PLAYGROUND_BIN names, and look at it through its API as its users do.
// They are skipped with -short. The package imports none of the playground's,
// so that its tests are built without building Kubernetes.
package e2e
