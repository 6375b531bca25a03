// Package diff says whether applying a desired object to a live one would change
// anything, and what.
//
// Predict answers offline. It follows server-side apply (KEP-555): a desired
// field must have its value in live, and a field that our field manager owns but
// no longer wants must be gone. Which lists are maps, sets or atoms is read from
// the live object's own managed fields, so built-in kinds and custom resources
// need no schema and no OpenAPI document. When Predict says equal, it is; when it
// says different, the API server may still disagree (defaults, webhooks): then a
// dry run decides, and Compare turns its answer into changes.
//
// The package is pure: no network, disk, clock or log.
package diff
