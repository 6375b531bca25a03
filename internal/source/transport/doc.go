// Package transport makes the HTTP clients that reach Helm repositories, OCI
// registries and files of values as a source.Repository says: its certificates,
// its proxy, its credentials.
//
// A client gives credentials, and presents a client certificate, to the host of the
// repository only: not to where it is redirected, and not to other hosts that an
// index names, unless Options.PassCredentials says so for these. Once a chain of
// redirects has left the host it is without them for good. A redirect from https to
// http is not followed, nor is one to anything but HTTP.
//
// Names are checked when they have become addresses, so that nothing that a name
// resolves to later makes a difference: link-local addresses, where clouds keep the
// credentials of machines, are never reached, and this machine's own only if the
// repository is named by such an address. Where a stranger has named the URL
// (Repository.Within), addresses are public or on the networks that Within is on. What a
// proxy reaches is the proxy's to guard.
//
// Times are bounded. Sizes are up to who reads an answer.
//
// Clients are safe for concurrent use; one that is not used any more is to be told
// so with CloseIdleConnections.
package transport
