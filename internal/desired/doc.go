// Package desired turns rendered objects into the desired state of an
// Application: each object as it will be applied, keyed, tracked and in its
// wave.
//
// It is a pure function of its Input and changes none of the objects given to
// it, so that a remembered rendering can be used again. Bodies leave it as
// compact JSON with sorted keys and never as maps; that is what is compared and
// what is applied. Whether a project permits an object is the business of
// internal/desired/project, whether a kind is known to the cluster that of the
// caller.
package desired
