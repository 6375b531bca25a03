// Package admission checks what can be checked of an Application without its source:
// the shape of its spec, and what its project allows. Its errors are conditions.
package admission
