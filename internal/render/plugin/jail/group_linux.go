package jail

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"evenkeel.dev/internal/fault"
)

// attributes make the child the first of a session and group, without a terminal,
// that dies with its parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// waitable returns when a child has ended. It stays a zombie.
func waitable(pid int) {
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
}

func limitMemory(s spec) error {
	// Threads reserve more than they use; the parent looks at what is used.
	most := 2 * uint64(s.Memory) //nolint:gosec // a size
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most})
}

// limitProcesses sets the kernel's limit, which is one of all processes of the user, in
// this container and in others. So it first finds out how many those are, from below
// which limit a fork fails, and adds to that. For root there is no such limit: what is left
// then is the watch, which a fork bomb outruns less if it has one processor only.
func limitProcesses(s spec) error {
	if os.Getuid() == 0 {
		return oneProcessor()
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &old); err != nil {
		return err
	}
	const most = 1 << 22 // PID_MAX_LIMIT of linux/threads.h
	var failed error
	now := sort.Search(most, func(n int) bool {
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: min(uint64(n), old.Max), Max: old.Max}); err != nil { //nolint:gosec // not negative
			failed = err
			return true
		}
		// The process is made, cannot become the program, and is gone.
		_, err := syscall.ForkExec("/", []string{"/"}, nil)
		return !errors.Is(err, unix.EAGAIN)
	})
	// Twice as many, so that the watch comes first, which knows what to say, and others
	// of the user may start something meanwhile.
	limit := min(uint64(now+2*s.Tasks), old.Max) //nolint:gosec // not negative
	return errors.Join(failed, unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: limit, Max: limit}))
}

// oneProcessor leaves the thread, and all that comes of it, one of its processors.
func oneProcessor() error {
	var all, last unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	for i, left := 0, all.Count(); left > 0; i++ {
		if !all.IsSet(i) {
			continue
		}
		if left--; left == 0 {
			last.Set(i)
		}
	}
	return unix.SchedSetaffinity(0, &last)
}

// usage is what the processes of a group have together.
type usage struct {
	tasks int   // processes and threads
	bytes int64 // memory of their own
}

// usageOf looks at all processes, until a group has more tasks than most.
func usageOf(group, most int) (u usage) {
	proc, err := os.Open("/proc")
	if err != nil {
		return u
	}
	defer proc.Close()                //nolint:errcheck // it was only read
	names, _ := proc.Readdirnames(-1) // those that could be read
	for _, name := range names {
		if u.tasks > most {
			break
		}
		if name[0] >= '1' && name[0] <= '9' {
			u.add(name, strconv.Itoa(group))
		}
	}
	return u
}

// add adds a process if it is one of the group. Pages of files that are shared with
// others do not count: the kernel can take them away.
func (u *usage) add(pid, group string) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return // it has ended
	}
	// The name of the program stands in parentheses and may hold any character.
	const groupField, threadsField = 2, 17
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= threadsField || fields[groupField] != group {
		return
	}
	threads, _ := strconv.Atoi(fields[threadsField])
	u.tasks += max(threads, 1) // a zombie has no thread, and its number all the same
	statm, _ := os.ReadFile("/proc/" + pid + "/statm")
	const residentField, sharedField = 1, 2
	if fields = strings.Fields(string(statm)); len(fields) > sharedField {
		resident, _ := strconv.ParseInt(fields[residentField], 10, 64)
		shared, _ := strconv.ParseInt(fields[sharedField], 10, 64)
		u.bytes += (resident - shared) * int64(os.Getpagesize())
	}
}

const (
	// watchPause is short since processes multiply fast.
	watchPause = 10 * time.Millisecond
	// watchShare bounds what watching costs: so many times what a look took is the
	// pause to the next one.
	watchShare = 5
	diskPause  = 100 * time.Millisecond
	diskShare  = 20
)

// watch kills the group when it has more processes, memory or disk than it may.
func (r run) watch(p *process, done <-chan struct{}) {
	processes, disk := time.NewTimer(watchPause), time.NewTimer(diskPause)
	defer processes.Stop()
	defer disk.Stop()
	for {
		var err error
		select {
		case <-done:
			return
		case began := <-processes.C:
			err = r.usage(p)
			processes.Reset(max(watchPause, watchShare*time.Since(began)))
		case began := <-disk.C:
			err = r.disk()
			disk.Reset(max(diskPause, diskShare*time.Since(began)))
		}
		if err != nil {
			p.stop(err)
		}
	}
}

func (r run) usage(p *process) error {
	u := usageOf(p.cmd.Process.Pid, r.o.Processes)
	switch {
	case u.tasks > r.o.Processes:
		return fault.New(fault.Broken, "it has more than %d processes and threads", r.o.Processes)
	case u.bytes > r.o.Memory:
		return fault.New(fault.Broken, "it needs more than %d MiB of memory", r.o.Memory>>20)
	}
	return nil
}

// disk says whether the run's directory holds too much. Files come and go meanwhile.
func (r run) disk() error {
	var files int
	var bytes int64
	return filepath.WalkDir(r.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it has gone
		}
		if info, err := d.Info(); err == nil {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				bytes += stat.Blocks * 512
			}
		}
		if files++; files > r.o.Files || bytes > r.o.Disk+r.o.Disk/8 { // blocks are larger than what is in them
			return fault.New(fault.Broken, "its directory holds more than the %d MiB or %d files that are allowed", r.o.Disk>>20, r.o.Files)
		}
		return nil
	})
}
