package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestStopEndsGrandchildren(t *testing.T) {
	alive := filepath.Join(t.TempDir(), "alive")
	must(t, syscall.Mkfifo(alive, 0o600))
	lines := make(chan string, 1)
	c := shell(t, `exec 9>`+alive+`; sleep 1000 & echo started; wait`, lines)
	held, err := os.Open(alive) // once there is a writer
	must(t, err)
	defer func() { _ = held.Close() }()
	if _, err := await(t.Context(), c, lines); err != nil {
		t.Fatal(err)
	}
	c.stop()
	if _, err := io.ReadAll(held); err != nil { // until there is none
		t.Fatal(err)
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

func TestUpCleansUpAfterFailures(t *testing.T) {
	for _, tc := range []struct {
		reason   string
		programs map[string]string
		want     []string
	}{
		{"no program", nil, []string{"evenkeel-playground is not built", "make build"}},
		{"a program that fails", map[string]string{
			"evenkeel-playground": "echo no memory for etcd >&2; exit 1", "evenkeel": "exit 1",
		}, []string{"Kubernetes control plane", "exit status 1", "no memory for etcd"}},
	} {
		bin, tmp := t.TempDir(), t.TempDir()
		t.Setenv("TMPDIR", tmp)
		for name, script := range tc.programs {
			must(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
		}
		shown, err := demoContent()
		must(t, err)
		err = up(t.Context(), upOptions{
			bin: bin, state: filepath.Join(tmp, "demo.json"), port: 18400, content: shown, ready: func(demo) {},
		}, newConsole(io.Discard, false))
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error is %v, want one with %q", tc.reason, err, want)
			}
		}
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("%s: left are %v, %v", tc.reason, left, err)
		}
	}
}

func TestInterruptedWhileStarting(t *testing.T) {
	bin, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	started := filepath.Join(bin, "started")
	must(t, syscall.Mkfifo(started, 0o600))
	must(t, os.WriteFile(filepath.Join(bin, "evenkeel"), nil, 0o755))
	must(t, os.WriteFile(filepath.Join(bin, "evenkeel-playground"), []byte("#!/bin/sh\nexec sleep 1000 9>"+started+"\n"), 0o755))
	shown, err := demoContent()
	must(t, err)
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- up(ctx, upOptions{bin: bin, state: filepath.Join(tmp, "demo.json"), content: shown}, newConsole(io.Discard, false))
	}()
	held, err := os.Open(started) // once the program runs
	must(t, err)
	defer func() { _ = held.Close() }()
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("up: %v, want no error: somebody stopped it", err)
	}
	if _, err := io.ReadAll(held); err != nil { // until it does no more
		t.Error(err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
