// Package rendering makes what an Application desires at one commit: it renders
// the source, brings the objects into their final form, asks the project's rules,
// and notes what was read, so that a later commit which changed none of that needs
// no rendering.
//
// A Rendering is made whole or not at all: a source that cannot be read in part
// yields an error and never a smaller desired state.
package rendering
