// Package summary writes what is known of one Application for people to read, in the
// words and columns of "argocd app get". It asks nobody: what it writes is what it is
// given.
package summary
