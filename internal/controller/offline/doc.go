// Package offline renders and compares Applications without a running controller,
// with the same code and the caller's own rights: for the command line. It writes
// nothing.
package offline
