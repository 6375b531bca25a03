// Package integrity asks internal/source/signature about commits, with what the
// controller knows: a project, a repository, the keys of the settings. What comes out
// are the reasons why nothing of a commit may be applied. It reads mirrors, which may
// fetch what they lack; it writes nothing, and is safe for concurrent use.
//
// It remembers the outcome of strict mode only, which looks at a whole history: that
// all was well for an hour, that it was not for a minute, so that an Application whose
// objects change all the time does not have its history read as often. Both are kept by
// commit, tag, policy and keyring, so a change of any of them is seen at once; what
// only time changes, as a key that expires, is seen when the outcome is forgotten.
package integrity
