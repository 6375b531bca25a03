// Package worker renders in processes that can do nothing else.
//
// Templates, kustomizations and programs in Jsonnet are written by people we do not
// know and run in the renderer's process. So that process is a child of ours: this
// same program, executed again as "evenkeel render-worker", with an empty environment, no
// file descriptors but three pipes, no credentials, and from its first request on a seccomp
// filter that leaves it memory, time and those pipes: no file can be opened, no
// socket made, no program started. What it reads of a tree it asks its parent for,
// which answers from an fs.FS and so knows everything that was asked. What it needs
// beyond the tree its parent fetches, and when it needs a plugin its parent has that
// run, in another jail (package plugin/jail), by the name of a declaration.
//
// A question costs both processes about 0.05 ms, and twenty of them more than a chart.
// So with an answer come the small files that are likely to be asked for next. In the end
// the child says which of these it has used, and only they count as read. A template
// that has taken its child over may leave some out; it may as well make what it likes
// of all that this child renders after it.
//
// A Pool is the parent's side. Its Render has the contract of render.Render, and
// bounds what render.Render cannot: time, memory, output, and a stack that
// overflows. A worker that goes beyond a bound is killed and replaced; the error
// says which bound it was. Requests run at once in as many processes as the Pool may
// have, of one repository or of many.
//
// Main is the child's side. It trusts its parent; the Pool does not trust the child.
package worker
