package jail

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Argument is what a program is called with to become a plugin's command, as its first
// argument; the second says which.
const Argument = "render-plugin"

// talkFD is where the child can say why it does not become the plugin: the first of
// ExtraFiles.
const talkFD = 3

// Main shuts the jail and becomes the plugin's command; it returns the exit status
// when that cannot be. It is called first of all in a program whose first argument is
// Argument, with the plugin's directory and environment.
func Main(args []string) int {
	// What a thread gives away is gone for the program that it becomes.
	runtime.LockOSThread()
	unix.CloseOnExec(talkFD)
	var s spec
	if err := json.Unmarshal([]byte(args[0]), &s); err != nil || len(s.Argv) == 0 {
		return fail("a child that does not know what to do")
	}
	program, err := exec.LookPath(s.Argv[0])
	if errors.Is(err, exec.ErrNotFound) {
		return fail("there is no program " + s.Argv[0] + " where plugins look for them; it has to be in Evenkeel's image, or in a directory of --plugin-programs")
	}
	if err != nil {
		return fail(err.Error())
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, niceness) // it is a kindness
	if err := limitSelf(s); err != nil {
		return fail("its limits: " + err.Error())
	}
	if err := limitProcesses(s); err != nil {
		return fail("its limit of processes: " + err.Error())
	}
	if err := confine(s); err != nil && !s.Unconfined {
		say(report{Open: err.Error()})
		return 1
	}
	// The last of the limits, which this program itself would not keep to.
	if err := limitMemory(s); err != nil {
		return fail("its limit of memory: " + err.Error())
	}
	return fail(syscall.Exec(program, s.Argv, syscall.Environ()).Error()) //nolint:gosec // the administrator's command
}

func fail(text string) int {
	say(report{Error: text})
	return 1
}

// say sends the one report.
func say(r report) {
	b, err := json.Marshal(r)
	if err == nil {
		_, _ = unix.Write(talkFD, b) // nobody else could be told
	}
}

// limitSelf sets the limits that this program keeps to as well.
func limitSelf(s spec) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_CORE: 0, unix.RLIMIT_CPU: s.Seconds, unix.RLIMIT_NOFILE: maxOpen, unix.RLIMIT_FSIZE: uint64(s.Disk), //nolint:gosec // a size
	} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return os.NewSyscallError("setrlimit", err)
		}
	}
	return nil
}

// niceness is that of plugins. It also lets the parent's watch run in time when a
// plugin keeps all processors busy: with 10 a fork bomb of root's, whom no limit of the
// kernel's holds, got to ten thousand processes, with 19 to some hundreds.
const niceness = 19

// maxOpen is how many files a process of a plugin may have open.
const maxOpen = 1024
