package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestChild(t *testing.T) {
	lines := make(chan string, 1)
	c := shell(t, `echo starting; sleep 1000 & echo "at $!"; wait`, lines)
	at, err := await(t.Context(), c, lines)
	if err != nil {
		t.Fatal(err)
	}
	if at != "starting" {
		t.Errorf("the first line is %q", at)
	}
	c.stop()
	if err := syscall.Kill(-c.cmd.Process.Pid, 0); err == nil {
		t.Errorf("the group of process %d is still there", c.cmd.Process.Pid)
	}
}

func TestChildThatEnds(t *testing.T) {
	c := shell(t, `echo listen: address in use >&2; exit 3`, nil)
	_, err := await(t.Context(), c, make(chan string))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "address in use") {
		t.Errorf("error is %v, want its status and its last words", err)
	}
	c.stop()
}

func TestChildMissing(t *testing.T) {
	_, err := programPath(t.TempDir(), "evenkeel")
	if err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("error is %v, want what to do next", err)
	}
}

func shell(t *testing.T, script string, lines chan string) *child {
	t.Helper()
	c, err := startChild(childOptions{
		name: "sh", path: "/bin/sh", args: []string{"-c", script}, log: filepath.Join(t.TempDir(), "log"),
		line: func(line string) { offer(lines, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
