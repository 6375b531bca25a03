// Package cause says why an object is not healthy: "3 pods ImagePullBackOff
// registry/x:1.2" rather than the colour of the Deployment that owns them.
//
// It has two halves. Of condenses the body of one object, as it passes by, into a
// Trouble: some words and a time, and nil for an object that is well, so that it costs
// nothing to remember. Explain goes from an object down to what it owns and gives back
// the deepest objects that are in trouble, those with the same trouble as one Group.
//
// What it says stands still while the cause does. There is no age in it, only a time
// since when; restarts are counted apart from what tells one trouble from another; and
// what flips back and forth by itself (ErrImagePull and ImagePullBackOff, a container that
// has crashed and is being started again) has one name. So it can stand in a status that is
// written only when something has changed.
//
// The package is pure: its functions read their arguments, keep nothing, and may be
// called from any goroutine.
package cause
