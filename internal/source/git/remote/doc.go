// Package remote reads the address of a Git repository. What git, ssh or a shell could
// take for anything else than an address is refused.
//
// Everything here is pure.
package remote
