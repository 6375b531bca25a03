// Package immutable knows which fields the API server refuses to change. It is knowledge
// written down, and pure: a refusal that it does not know of is told when the object is
// applied.
package immutable
