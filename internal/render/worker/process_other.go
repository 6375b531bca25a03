//go:build !linux

package worker

import (
	"syscall"
	"time"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// limit is the garbage collection's watch in the child alone.
func limit(int, int64) error { return nil }

func cpuTime(int) time.Duration { return 0 }
