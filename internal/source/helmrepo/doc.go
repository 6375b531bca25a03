// Package helmrepo reads Helm repositories over HTTP: their index, the charts that
// it lists, and, of other servers, single files of values. Charts come as immutable
// trees in memory (package archive) whose root holds Chart.yaml.
//
// # Indexes
//
// An index is decoded as it arrives and only what is needed to find a chart is kept:
// names, versions, first URL, digest, date. An index of 107 MB with 100,000 versions
// costs 0.3 s of CPU, and 162 bytes of each version are kept (BenchmarkIndex); to decode
// a hundredth of it as a whole costs 0.18 s and 16 MB (BenchmarkWhole). It is asked for
// each time, with ETag and Last-Modified, unless the caller says how old it may be.
//
// That needs the form in which Helm, and all servers that were looked at, write: block
// style YAML, or JSON. Small indexes of any other form are decoded as a whole.
//
// # Charts
//
// A chart must have the digest that the index says. Argo CD does not look; a chart
// that was replaced under its version is an error here, and names both digests.
// Without a digest a chart is taken if it comes over TLS, or if the repository itself
// does not; it is asked for again each time, with ETag and Last-Modified.
//
// Charts are kept on disk, in a directory that nobody else can read. It is bounded,
// checked when read, and can be deleted at any time. It holds no credentials, and a chart
// in it is given only to who has shown to the server, with its own credentials, that it
// may have that chart: one request of one byte. Who has kept the digest of a chart as it
// was read (Kept) has it from there while the repository is away, without an index.
//
// # Safety
//
// Connections are those of package transport. Every size, count and time is bounded.
// Errors have a kind, name URLs without what may be secret in them, and hold no
// credentials.
//
// Requests for the same thing at the same time share one download, which goes on when
// the first of those who want it leaves. Everything exported is safe for concurrent use.
package helmrepo
