// Package revisions has the flags with which commands are told at which revisions an
// Application's sources are to be: --revision where there is one source, and else
// --revisions with --source-positions or --source-names, as Argo CD has them. It does
// no input or output.
package revisions
