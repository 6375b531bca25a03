// Package appstore reads the Applications and AppProjects of the control namespace
// by watches, and is the one writer of Applications. What was written is seen at
// once, even before the watch tells of it, so nobody decides on what they have
// just changed.
package appstore
