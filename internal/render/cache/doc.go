// Package cache remembers renderings, together with what they read, below a directory.
//
// A rendering is a function of its request and of what it read. So one that was made
// before is the one that would be made now if the request is the same, the program is,
// and each question that was asked of the trees has the same answer: the same object
// id for a file, the same names in a directory, still nothing where nothing was; and
// if what was fetched from elsewhere is still the same. Whoever has a new commit
// therefore renders just what the commit changed, and after a restart nothing at all.
// It also keeps what a chart made at random, as long as its inputs stay.
//
// What a cache must not know it does not keep: a rendering with a Secret among its
// objects, or one for which a URL with something secret was read, is made anew each time.
// Results lie in a few files for this user alone, which grow until the oldest has to go.
// Any of them can be deleted at any time; one that cannot be read is as good as none.
package cache
