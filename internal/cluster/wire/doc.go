// Package wire decodes what a Kubernetes API server sends: pages of lists, and events of
// watches. Of every object the metadata is decoded, and the body only where somebody wants
// it: most events of a cluster are of objects that are nobody's.
package wire
