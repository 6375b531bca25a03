package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ticks are the kernel's for a second of CPU: USER_HZ, a constant of Linux's ABI.
const ticks = 100

// usage is what a process has used: the CPU time includes that of its children,
// living and ended, and theirs.
func usage(pid int) (cpuSeconds float64, err error) {
	all, err := processes()
	if err != nil {
		return 0, err
	}
	if _, ok := all[pid]; !ok {
		return 0, fmt.Errorf("process %d does not run", pid)
	}
	sum := 0
	for id := range all {
		if descends(all, id, pid) {
			sum += all[id].ticks
		}
	}
	return float64(sum) / ticks, nil
}

// ownUsage is the CPU time of a process without that of its children.
func ownUsage(pid int) (cpuSeconds float64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	p, err := parseStat(string(b))
	return float64(p.own) / ticks, err
}

// process is a line of /proc/PID/stat: its parent, the ticks that it has used, and with
// those the ones of its children that it has waited for.
type process struct{ parent, own, ticks int }

func processes() (map[int]process, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := make(map[int]process, len(files))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err != nil {
			return nil, err
		}
		if all[pid], err = parseStat(string(b)); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	return all, nil
}

// parseStat reads what proc(5) describes. The second field, a name in brackets,
// may hold anything.
func parseStat(line string) (process, error) {
	const ppid, utime, stime, cutime, cstime = 4, 14, 15, 16, 17
	f := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	var p process
	for _, field := range [...]int{ppid, utime, stime, cutime, cstime} {
		at := field - 3 // the first two are cut off, and proc(5) counts from 1
		if at >= len(f) {
			return p, fmt.Errorf("only %d fields", len(f))
		}
		n, err := strconv.Atoi(f[at])
		if err != nil {
			return p, err
		}
		switch field {
		case ppid:
			p.parent = n
		case utime, stime:
			p.own += n
			p.ticks += n
		default:
			p.ticks += n
		}
	}
	return p, nil
}

func descends(all map[int]process, pid, from int) bool {
	for range len(all) {
		if pid == from {
			return true
		}
		p, ok := all[pid]
		if !ok || p.parent == 0 {
			return false
		}
		pid = p.parent
	}
	return false
}

// resetPeak makes the kernel forget the highest resident size of a process.
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// peak is the highest resident size of a process, in MiB.
func peak(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kib); err == nil {
			return kib / 1024, nil
		}
	}
	return 0, fmt.Errorf("process %d: no VmHWM", pid)
}

// load is the machine's load average, for the reader of figures.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b))
}

func TestParseStat(t *testing.T) {
	for _, tt := range []struct {
		line   string
		want   process
		ok     bool
		reason string
	}{
		{"7 (git) S 5 7 7 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0", process{5, 30, 4330}, true, ""},
		{"7 (a) (b c) S 5 7 7 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0", process{5, 30, 4330}, true, "names may have brackets and spaces"},
		{"7 (git) S 5 7", process{}, false, "cut off"},
	} {
		got, err := parseStat(tt.line)
		if (err == nil) != tt.ok || tt.ok && got != tt.want {
			t.Errorf("%s (%s): %+v, %v", tt.line, tt.reason, got, err)
		}
	}
}

func TestUsage(t *testing.T) {
	before, err := usage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	after := before
	for after <= before { // until a tick was used up
		if after, err = usage(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := peak(os.Getpid()); err != nil {
		t.Error(err)
	}
}
