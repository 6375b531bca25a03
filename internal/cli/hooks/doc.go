// Package hooks is what people say and see of hooks that run once per input: the
// flags --hooks and --hook of "app sync", and the commands "app hooks …", which
// show the ledger and settle failures.
//
// A decision enters as everything does, as an operation of the Application: it
// stands in operation.info (once.Choices), and the controller alone writes the
// ledger. A failure is settled for the key that the person saw: what a newer
// commit brings in between is not meant.
//
// The package reaches the cluster only through Options, and owns no state.
package hooks
