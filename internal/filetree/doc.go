// Package filetree is what trees of files share that do not lie on a disk: how a path is
// followed through symbolic links, of which none leads out of its tree, and what an open
// directory does.
//
// It is pure. What a link leads to is decided here and nowhere else, as it decides what a
// stranger's repository or archive can make this process read.
package filetree
