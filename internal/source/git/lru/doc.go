// Package lru remembers what was used last, up to a bound, in memory. A Cache is safe
// for concurrent use.
package lru
