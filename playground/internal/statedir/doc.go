// Package statedir is the directory that a playground's cluster lives in:
// certificates, kubeconfigs, the ports it had the last time, the log, etcd's
// data and sockets.
//
// An open directory belongs to one process. The lock that keeps it so is the
// kernel's and goes with the process, so one that was killed leaves nothing
// that the next must clear by guessing.
package statedir
