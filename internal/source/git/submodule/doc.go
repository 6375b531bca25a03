// Package submodule reads what a repository says about its submodules: which path
// stands for which repository (.gitmodules, gitmodules(5)), and what a URL in it
// means that is relative to the repository's own.
//
// Everything here is pure. What it reads was written by strangers: whether a URL may
// be asked is not decided here.
package submodule
