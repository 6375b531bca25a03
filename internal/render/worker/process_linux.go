package worker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes make a child die with its parent and keep signals of a terminal from it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// limit gives a child that has said hello its hard bounds. Garbage may be as much as
// what is alive, so data may be twice the memory, over what the program takes itself.
func limit(pid int, memory int64) error {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return err
	}
	const dataField = 5
	fields := strings.Fields(string(statm))
	if len(fields) <= dataField {
		return fmt.Errorf("/proc/%d/statm is %q", pid, statm)
	}
	pages, err := strconv.ParseUint(fields[dataField], 10, 64)
	if err != nil {
		return err
	}
	data := pages*uint64(os.Getpagesize()) + 2*uint64(memory) //nolint:gosec // sizes
	if raceDetector {
		data = unix.RLIM_INFINITY
	}
	for resource, most := range map[int]uint64{unix.RLIMIT_DATA: data, unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0} {
		if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("limit %d: %w", resource, err)
		}
	}
	// When memory runs out on the node, the child goes and not its parent.
	return os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0)
}

// cpuTime is what a process has computed; 0 if that cannot be told.
func cpuTime(pid int) time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED of linux/posix-timers.h
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|scheduled), &t) != nil { //nolint:gosec // a pid is small
		return 0
	}
	return time.Duration(t.Nano())
}
