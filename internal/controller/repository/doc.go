// Package repository keeps an eye on Git repositories: one actor for each
// repository and credential, whatever the number of Applications. An actor lists
// the remote's refs once per interval, when asked, or when a push tells of it,
// resolves what its Applications want, fetches what is new, and wakes exactly the
// Applications for which something changed.
//
// Actors are keyed by credential as well, so an Application never reads with
// another project's rights: a commit is served only after the refs were listed
// with the Application's own credential.
package repository
