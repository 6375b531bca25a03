// Package helm renders charts.
package helm
