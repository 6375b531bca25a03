//go:build !linux

package main

import "syscall"

// ownGroup cannot tie the program to the demo: only Linux does that.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
