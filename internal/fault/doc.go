// Package fault gives every error of Evenkeel a kind, and says in one table what
// a kind means for an HTTP client, for a script and for an Application's
// conditions.
//
// An error says what was done, where and to which input, once: the function
// that knows the input adds it, its callers add nothing. Credentials never
// belong into an error.
package fault
