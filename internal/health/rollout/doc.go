// Package rollout judges the Rollouts of Argo Rollouts, and says in words how far they
// are: at which step, paused since when and until what, aborted.
//
// Times are told as the object has them, so the words stay the same while nothing
// changes; nothing here reads a clock. A Rollout, however malformed, is read and
// never changed, from any goroutine. Its tests are those of internal/health/shipped,
// whose table it is a part of.
package rollout
