// Package resource holds the words that everyone shares: the key of an object,
// its tracking id, the order of kinds, sync waves, options in annotations, and
// the masking of Secrets. All of it is pure and safe for concurrent use.
package resource
