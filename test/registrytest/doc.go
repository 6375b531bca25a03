// Package registrytest runs a real OCI registry, distribution's, for tests, with or
// without TLS, passwords and tokens, and puts charts and artifacts into it.
//
// The registry is the program of test/registry, which make builds as
// bin/evenkeel-registry; REGISTRY_BIN names another place. What it holds is in its
// memory and goes with it.
package registrytest
