// Package reconcile is the one loop that the playground's fake side is made of:
// watch a kind of object, and call a function for each that appears or changes,
// again after a failure, again at a time that the function asks for. There is
// no poll: an object at rest costs nothing.
package reconcile
