// Package git turns a Git repository and a revision into an immutable fs.FS,
// without a checkout.
//
// A Store holds one bare mirror per repository, whatever the number of
// Applications. Git's own program talks to the outside (Refs, Fetch); files are
// read straight from the mirror's object store (Tree, Commit) through one
// long-lived "git cat-file" per repository. A commit that has been fetched once
// stays readable, whatever is force-pushed later, and costs no process again.
//
// # Safety
//
// Git runs with an empty environment, without hooks, helpers, prompts or
// configuration of its own, and with exactly one transport allowed: that of the
// URL at hand (https, http, ssh; file where Options.Local says so). URLs and revisions that git could take
// for anything else are refused before. Credentials reach git through its
// environment or through files in a private directory that is removed
// afterwards, never through arguments, and never follow a redirect to another
// host. Errors hold no credentials. Whoever reads a commit must have shown to the
// server, with these very credentials, that they may read the repository. Who names
// a proxy of his own for it has a mirror of his own.
//
// Redirects are followed by us, after a look at where they lead: never by git, never
// with credentials to another host, never further inside (package reach).
//
// Of a path in a Tree nothing outside of the repository can be reached:
// symbolic links are resolved inside the commit or refused.
//
// # Submodules
//
// A submodule is a directory of the Tree, read from a mirror of its own and fetched
// when somebody first looks into it. Its URL was written by a stranger: it reaches
// public hosts and those on the networks of the repository, with the credentials that
// Options.Repository has for it or, on the same server, with the repository's.
//
// # Large files
//
// Where the repository's Secret says enableLfs, pointers of Git LFS are read as the
// files that they stand for, which are got when they are read (package lfs) and kept in
// the mirror. Elsewhere they are read as pointers, which renderers refuse.
//
// # Reading
//
// BenchmarkTreeRead reads 1000 files of 2 kB in 0.12 to 0.14 s of one caller's
// time on two shared cores (about 0.05 ms of git's CPU and 0.08 ms of ours per
// file, no process started). Rendering an application costs more than reading
// it, so that a reader of packs of our own, which would save the pipe, is not
// worth its code as long as that holds.
//
// # How much is fetched
//
// All of the history, or as much as the depth in the repository's Secret says, as in
// Argo CD. Measured with 2,000 files of 2 kB in 500 commits over local HTTP: the first
// fetch takes 0.83 s and 4.4 MB, with depth 1 0.19 s and 2.0 MB, and without blobs
// (--filter=blob:none) 0.33 s and 0.4 MB; the next commit is 0.05 to 0.19 s in each case.
// But without blobs the 20 files of an application take 0.06 s and two requests at each
// rendering, 2 s and 40 requests when they are asked for as they are read, instead of
// 3 ms and none. Reading would need the server and the credentials again, and an outage
// would take away what is rendered. So blobs are always fetched.
//
// # Disk
//
// Each fetch adds a pack. When there are more than Options.MaxPacks of them the
// small ones are rolled up (git repack --geometric), which keeps their number
// logarithmic. Nothing is ever pruned: a history that is force-pushed often
// grows. To start over remove the mirror's directory while no Store is open.
//
// Everything exported is safe for concurrent use.
package git
