// Package field reads the fields of an unstructured object without copying or
// converting it.
//
// It is for the health rules, which run for every watch event. A field that is
// absent, or not of the type that is asked for, reads as its zero value, so no
// object, however malformed, makes a reader fail. Nothing is ever changed, and
// everything may be called from any goroutine.
package field
