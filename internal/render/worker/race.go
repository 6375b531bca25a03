//go:build race

package worker

// raceDetector says that the race detector is built in. It takes address space of its
// own without bound, so that a process under it has no limit of data.
const raceDetector = true
