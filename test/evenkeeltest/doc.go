// Package evenkeeltest runs the program as a whole in tests: it builds
// cmd/evenkeel once per test binary, prepares a control plane for it, and starts
// and ends "evenkeel run" against that.
//
// A test package holds one [Build] and hands its TestMain to [Build.Main]. What
// goes wrong is returned, not reported, so that a scenario may want it to. A
// [Program] is for one goroutine at a time.
//
// Readiness is the only thing that is asked for repeatedly, as nothing tells of it.
package evenkeeltest
