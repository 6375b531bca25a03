//go:build !linux

package jail

import (
	"syscall"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// waitable leaves the waiting to exec.Cmd.
func waitable(int) {}

func limitMemory(spec) error { return nil }

func limitProcesses(spec) error { return nil }

func (run) watch(_ *process, done <-chan struct{}) { <-done }
