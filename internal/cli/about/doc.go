// Package about prints what the program was built from. It owns no state.
package about
