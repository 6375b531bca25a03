// Package burst makes connections that read what arrives in bursts together.
//
// Each event of a watch that arrives on its own wakes threads and goroutines, from the
// socket to the index, and that takes several times as much CPU time as the event itself.
// What is dialed here is read at once as long as it is read seldom. When it is read often,
// a read takes what has come since the last, and the kernel wakes nobody in between.
//
// It is for connections that nothing but watches go over: an answer to a request has no
// reason to wait.
package burst
