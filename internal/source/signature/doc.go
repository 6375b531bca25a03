// Package signature says whether a Git commit is signed as its project demands
// (argo-cd.md §1.8), from raw objects and in process: there is no gpg, no keyring
// on a disk and no output to parse. It is pure and safe for concurrent use.
//
// It demands what Argo CD demands of signatureKeys and of sourceIntegrity, with the
// keys of argocd-gpg-keys-cm, and knows SSH's signatures as well: a value of that
// config map may be SSH public keys, which a project allows by their fingerprint
// (SHA256:...). It differs on purpose in that
//
//   - a key is allowed by its primary key's id too, not only by the id of the subkey
//     that has signed;
//   - SHA-1 is not accepted, nor more than one signature on an object;
//   - a policy for a URL holds for all spellings of it.
//
// # What the controller does
//
// Before it renders a source of type Git, ref and values sources too, with
// PolicyFor(project.Spec, source.RepoURL); an error is a ComparisonError, as
// every error here is. With Policy.Mode None that is all. Else
//
//	sha, ref, err := refs.Resolve(target)
//	subject := signature.Subject{Commit: sha, Read: func(commit string) ([]byte, error) {
//		return store.RawCommit(ctx, repo, commit)
//	}}
//	if tag := refs.Tag(ref); tag != "" {
//		subject.TagName = strings.TrimPrefix(ref, "refs/tags/")
//		subject.Tag, err = store.RawTag(ctx, repo, tag, ref, sha)
//	}
//	problems, err := policy.Check(subject, keyring, now)
//
// Each problem is a condition ComparisonError of its own. What was rendered is still
// compared and shown, as in Argo CD, but nothing of it is applied: an operation
// fails with the problems for its message, and autosync starts none. A rollback to
// an old commit, a revision given for one sync and a hook are no exceptions. Where a
// project demands anything of one of the sources (Mode other than None), manifests
// that somebody sends along (sync with local manifests) are refused.
//
// The keyring is made of settings.Snapshot.SignatureKeys once per Snapshot; its
// errors are problems of the settings. Head mode reads one object and costs 0.1 to
// 0.3 ms beside that (BenchmarkVerify), so nothing needs to be remembered, and what is
// not remembered ends by itself when a key expires or is taken away. Strict mode
// costs that for every commit back to the last seal: its outcome is remembered by
// Commit, tag, Policy and *Keyring, that there were no problems for an hour at most
// (internal/controller/integrity).
package signature
