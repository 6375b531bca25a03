// Package spec turns flags and files into Applications, with the flags of
// "argocd app create". Nothing that was given is dropped: an unknown field of a
// file and a flag that cannot be applied are errors.
package spec
