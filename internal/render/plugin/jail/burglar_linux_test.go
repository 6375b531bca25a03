package jail

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// burglary is what the test's program is called with to try what a plugin cannot do,
// with its parent's number and a directory of the parent's that is open to all.
const burglary = "burgle"

// burgle tries everything once and says what went wrong.
func burgle(parent, outside string) {
	ppid, _ := strconv.Atoi(parent)
	for _, t := range refusedTries(ppid, outside) {
		if err := t.do(); err == nil {
			fmt.Printf("%s: done\n", t.name)
		} else if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EXDEV) {
			fmt.Printf("%s: refused for the wrong reason: %v\n", t.name, err)
		}
	}
	for _, t := range allowedTries() {
		if err := t.do(); err != nil {
			fmt.Printf("%s: %v\n", t.name, err)
		}
	}
	fmt.Println("tried everything")
}

type try struct {
	name string
	do   func() error
}

func refusedTries(ppid int, outside string) []try {
	file := filepath.Join(outside, "file")
	read := func(path string) func() error {
		return func() error { _, err := os.ReadFile(path); return err }
	}
	call := func(number uintptr, a ...uintptr) func() error {
		return func() error {
			a = append(a, 0, 0, 0, 0, 0, 0)
			if _, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
				return errno
			}
			return nil
		}
	}
	socket := func(domain, kind int) func() error {
		return func() error { _, err := unix.Socket(domain, kind, 0); return err }
	}
	home := os.Getenv("HOME")
	tries := []try{
		{"read a file of the parent's", read(file)},
		{"read what comes from far above", read(filepath.Join(home, "../../../../../../../../../../..", file))},
		{"read /etc/passwd", read("/etc/passwd")},
		{"read /etc/shadow", read("/etc/shadow")},
		{"read the parent's environment", read(fmt.Sprintf("/proc/%d/environ", ppid))},
		{"read the parent's memory", func() error { _, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", ppid), os.O_RDWR, 0); return err }},
		{"list the parent's files", func() error { _, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", ppid)); return err }},
		{"list processes", func() error { _, err := os.ReadDir("/proc"); return err }},
		{"list the other runs", func() error { _, err := os.ReadDir(filepath.Join(home, "../..")); return err }},
		{"read by a link", func() error {
			link := filepath.Join(home, "link")
			if err := os.Symlink(file, link); err != nil {
				return fmt.Errorf("no link: %w", syscall.EINVAL)
			}
			return read(link)()
		}},
		{"make a hard link", func() error { return os.Link(file, filepath.Join(home, "hard")) }},
		{"move a file away", func() error { return os.Rename(file, filepath.Join(home, "moved")) }},
		{"write a file of the parent's", func() error { return os.WriteFile(file, nil, 0o600) }},
		{"make a file", func() error { return os.WriteFile(filepath.Join(outside, "new"), nil, 0o600) }},
		{"remove a file", func() error { return os.Remove(file) }},
		{"truncate a file", func() error { return os.Truncate(file, 0) }},
		{"change the mode of a file", func() error { return os.Chmod(file, 0) }},
		{"give a file away", func() error { return os.Lchown(file, 1, 1) }},
		{"set an attribute", func() error { return unix.Setxattr(file, "user.x", []byte("x"), 0) }},
		{"watch a directory", call(unix.SYS_INOTIFY_ADD_WATCH)},
		{"TCP", socket(unix.AF_INET, unix.SOCK_STREAM)},
		{"TCP over IPv6", socket(unix.AF_INET6, unix.SOCK_STREAM)},
		{"UDP", socket(unix.AF_INET, unix.SOCK_DGRAM)},
		{"netlink", socket(unix.AF_NETLINK, unix.SOCK_RAW)},
		{"packets", socket(unix.AF_PACKET, unix.SOCK_RAW)},
		{"vsock", socket(unix.AF_VSOCK, unix.SOCK_STREAM)},
		{"unix sockets", socket(unix.AF_UNIX, unix.SOCK_STREAM)},
		{"a pair of datagram sockets", func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0); return err }},
		{"an abstract socket by its library", func() error { _, err := net.Dial("unix", "@evenkeel-test"); return err }},
		{"io_uring", call(unix.SYS_IO_URING_SETUP, 1)},
		{"an unknown call", call(newest + 1)},
		{"memory that is a file", call(unix.SYS_MEMFD_CREATE)},
		{"shared memory", call(unix.SYS_SHMGET, 0, 4096)},
		{"kill the parent", func() error { return unix.Kill(ppid, unix.SIGKILL) }},
		{"signal the parent by its descriptor", func() error {
			fd, err := unix.PidfdOpen(ppid, 0)
			if err != nil {
				return err
			}
			return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}},
		{"trace the parent", func() error { return unix.PtraceAttach(ppid) }},
		{"read the parent's memory by number", call(unix.SYS_PROCESS_VM_READV, uintptr(ppid))},
		{"limit the parent", func() error { return unix.Prlimit(ppid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: 1}, nil) }},
		{"slow the parent down", func() error { return unix.Setpriority(unix.PRIO_PROCESS, ppid, 19) }},
		{"a session of its own", func() error { _, err := unix.Setsid(); return err }},
		{"a group of its own", func() error { return unix.Setpgid(0, 0) }},
		{"a user namespace", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"a child in a user namespace", func() error {
			cmd := exec.Command("/bin/true")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
			return cmd.Run()
		}},
		{"mount", call(unix.SYS_MOUNT)},
		{"change the root", func() error { return unix.Chroot("/usr") }},
		{"raise a limit", func() error { return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 62, Max: 1 << 62}) }},
		{"be another user", func() error {
			if os.Getuid() != 0 {
				return unix.EPERM
			}
			return unix.Setresuid(1, 1, 1)
		}},
	}
	if unsafe.Sizeof(uintptr(0)) == 8 {
		const x32 = 0x40000000
		tries = append(tries, try{"a call of x32", call(x32 + unix.SYS_SOCKET)})
	}
	return tries
}

func allowedTries() []try {
	return []try{
		{"write at home", func() error { return os.WriteFile(filepath.Join(os.Getenv("HOME"), "x"), []byte("x"), 0o600) }},
		{"a temporary file", func() error { f, err := os.CreateTemp("", "x"); _ = f.Close(); return err }},
		{"the times of its own file", func() error {
			return os.Chtimes(filepath.Join(os.Getenv("HOME"), "x"), syscallTime(), syscallTime())
		}},
		{"the mode of its own open file", func() error {
			f, err := os.Create(filepath.Join(os.Getenv("HOME"), "y"))
			if err != nil {
				return err
			}
			return f.Chmod(0o700)
		}},
		{"a program", func() error {
			out, err := exec.Command("/bin/sh", "-c", "true | cat").CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		}},
		{"a signal to its own child", func() error {
			cmd := exec.Command("/bin/sleep", "100")
			if err := cmd.Start(); err != nil {
				return err
			}
			if err := cmd.Process.Signal(unix.SIGKILL); err != nil {
				return err
			}
			_ = cmd.Wait() // it was killed
			return nil
		}},
		{"a pair of streams", func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
		{"/dev/null", func() error { return os.WriteFile(os.DevNull, []byte("x"), 0) }},
		{"chance", func() error { _, err := os.Open("/dev/urandom"); return err }},
	}
}
