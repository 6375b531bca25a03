// Package credential finds what is needed to reach a repository: from Argo CD's
// repository and repo-creds Secrets, the TLS certificates and the SSH known
// hosts (argo-cd.md §1.17), all of them decoded beforehand.
//
// A Book is immutable and safe for concurrent use. No credential is ever part
// of an error.
package credential
