// Package credential finds what is needed to reach a repository: from Argo CD's
// repository and repo-creds Secrets, the TLS certificates and the SSH known
// hosts (argo-cd.md §1.17), all of them decoded beforehand, and, where such a
// Secret describes a token instead of being one, the token itself.
//
// A Book is immutable and pure. A Minter talks to the service that gives a token:
// GitHub for an App, Google for a service account, Entra for a service principal
// or for the workload identity of this process. It is asked right before a
// repository is, with
//
//	repo, err = minter.SignIn(ctx, repo)
//
// and told with Refused when the server did not accept what came of it. What a
// Book finds stays the same while tokens come and go, and is the name by which
// everything is remembered; what SignIn returns is for one request and is not kept.
//
// There is nothing here for Amazon's ECR, as no field of Argo CD's could drive it:
// its users have the password of twelve hours written into the repository's Secret
// from outside (External Secrets' ECRAuthorizationToken, or a CronJob; argo-cd
// #8952, #10218), which works here as well. To take the process's own AWS identity
// for any registry of that name would hand its rights to whoever may write an
// Application.
//
// Both are safe for concurrent use. No credential is ever part of an error, a log
// or a file, and none follows a redirect.
package credential
