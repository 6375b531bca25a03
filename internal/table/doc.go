// Package table has a hash table whose entries hold their own keys. A map keeps a copy of
// every key beside a pointer, and a third of both is empty: with a hundred thousand objects
// and keys of several words that is four times the memory.
//
// A Table probes linearly, grows by half when it is three quarters full, and shrinks. It is
// not safe for concurrent use.
package table
