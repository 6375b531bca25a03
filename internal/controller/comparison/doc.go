// Package comparison brings together what an Application desires and what is live:
// one Object for each, with a sync verdict, its health, and why.
//
// Verdicts come from the cluster index, where they were concluded as the bodies
// passed by. A body is read only where there is no verdict on what is desired
// now, and the API server is asked, by a dry run, only about what looks different
// although it was applied. When nothing has changed no request is sent.
package comparison
