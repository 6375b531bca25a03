// Package reach decides whether an address that a stranger wrote may be connected
// to: the URL of a submodule, the target of a redirect, the place that a server of
// large files names.
//
// Whoever writes into a repository must not make this process knock at doors that
// he cannot reach himself: the metadata service of a cloud (169.254.169.254),
// something on the loopback interface, the inside of a company's network. So the
// address is one of the world, or of a class of addresses that the repository
// itself is on. Names are resolved, and the addresses that were judged are the ones
// to connect to, so that a name that means something else a moment later gains nothing.
//
// A Client of a Guard is what to ask such an address with. Everything here is safe for
// concurrent use.
package reach
