// Package diff says whether applying a desired object to a live one would change
// anything, and what.
//
// Predict answers offline. It follows server-side apply (KEP-555, and structured-merge-diff
// to the letter, quirks and all): a desired field must have its value in live, what our
// field manager owns and no longer wants must be gone, and lists get desired's order.
// Which lists are maps, sets or atoms, and which maps are merged, is read from the live
// object's own managed fields, whoever wrote them. Built-in kinds normalize values and
// have defaults; those that depend on nothing are known here, and so are the names of
// their maps that are replaced as a whole. Custom kinds need no schema and no OpenAPI
// document, which for the built-in kinds alone are 6.7 MB.
//
// When Predict says equal, it is. When it says different, the API server may still
// disagree, for webhooks above all; a Change that managed fields cannot be sure of says
// so (Unsure): what is in an atom of a custom kind besides what is desired may be its
// defaults, what left the source may come back as a default, and of what nobody owns
// the shape is not known. Then a dry run decides, Compare turns its answer into changes,
// and Digest identifies what it called no difference, so that it is asked once.
//
// Package test/truth tries all that against an API server and prints how often a dry run
// was needless.
//
// The package is pure: no network, disk, clock or log.
package diff
