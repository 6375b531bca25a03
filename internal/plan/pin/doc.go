// Package pin reads and judges the pin of an Application: annotations that hold it
// at one revision, whatever its source's target says. A rollback is a pin to an
// entry of the history, so nothing has to be turned off for it: drift is healed to
// the pin, hooks run as in every sync, and removing the annotations goes forward
// again. It is pure.
package pin
