package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindDemo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.json")
	find := func(reason string, want error) demo {
		t.Helper()
		d, err := findDemo(path)
		if !errors.Is(err, want) {
			t.Errorf("%s: error is %v, want %v", reason, err, want)
		}
		return d
	}
	find("no file", errNotRunning)
	state, err := claim(path)
	if err != nil {
		t.Fatal(err)
	}
	find("claimed and empty", errStarting)
	running := demo{Dir: "/tmp/evenkeel-demo-1", PID: 7}
	must(t, state.write(running))
	find("without the URL", errStarting)
	running.URL = "http://127.0.0.1:8080"
	must(t, state.write(running))
	if diff := cmp.Diff(running, find("ready", nil)); diff != "" {
		t.Errorf("demo (-want +got):\n%s", diff)
	}
	if _, err := claim(path); err == nil || !strings.Contains(err.Error(), "process 7") {
		t.Errorf("a second claim: %v, want one that names process 7", err)
	}
	must(t, state.release())
	find("released", errNotRunning)
}

func TestClaimSweeps(t *testing.T) {
	for _, tc := range []struct {
		reason, dir string
		swept       bool
	}{
		{"what a killed demo left is removed", dirPrefix + "123", true},
		{"nothing else is ever removed", "precious", false},
	} {
		root := t.TempDir()
		left := filepath.Join(root, tc.dir)
		must(t, os.MkdirAll(filepath.Join(left, "k8s"), 0o700))
		path := filepath.Join(root, "demo.json")
		killed, err := claim(path)
		if err != nil {
			t.Fatal(err)
		}
		must(t, killed.write(demo{Dir: left, PID: 1}))
		must(t, killed.file.Close()) // as the kernel does when a process is killed
		next, err := claim(path)
		if err != nil {
			t.Fatal(err)
		}
		must(t, next.release())
		if _, err := os.Stat(left); errors.Is(err, os.ErrNotExist) != tc.swept {
			t.Errorf("%s: %v", tc.reason, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
