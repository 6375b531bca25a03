// Package preview is the command "evenkeel app plan": what a sync would do, step by
// step, and the command that does exactly that. It also says of two plans what moved
// between them, for a sync that was refused because something had.
//
// It reaches the cluster and renders only through the functions of Options.
package preview
