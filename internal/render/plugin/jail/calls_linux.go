//go:build amd64 || arm64

package jail

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// refused are system calls that fail with EPERM, by what they would reach.
var refused = []uint32{ //nolint:gochecknoglobals // a table
	// The network, and other processes' ends of anything. What goes around these
	// calls (io_uring) is refused with them.
	unix.SYS_SOCKET, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN, unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET,
	// Other processes, and leaving the group by which a run is killed.
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_SETSID, unix.SYS_SETPGID, unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETSCHEDULER,
	unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	// What Landlock does not ask about: owners, modes and attributes of any file of the
	// same user. By descriptor they can be changed, of files that could be opened.
	unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWNAT, unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR,
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_INOTIFY_ADD_WATCH, unix.SYS_FANOTIFY_INIT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
	// The machine.
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR, unix.SYS_STATMOUNT, unix.SYS_LISTMOUNT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_USERFAULTFD, unix.SYS_PERSONALITY,
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_REBOOT,
	unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SYSLOG, unix.SYS_ACCT, unix.SYS_VHANGUP,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME, unix.SYS_LOOKUP_DCOOKIE,
}

// refusedBefore are those that a version of Landlock and later ones take care of.
var refusedBefore = map[int][]uint32{ //nolint:gochecknoglobals // a table
	versionTruncate: {unix.SYS_TRUNCATE},
	versionScopes: {
		unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_SEND_SIGNAL,
	},
}

// newest is the last system call that was looked at when this was written; later ones
// are unknown to the plugin, as on an older kernel. So are those of amd64's x32.
const newest = unix.SYS_MSEAL

// namespaces are the flags of clone for which a process would have more rights.
const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS |
	unix.CLONE_NEWCGROUP

// FIOSETOWN and SIOCSPGRP of asm-generic/sockios.h.
const (
	fioSetOwn    = 0x8901
	siocSetGroup = 0x8902
)

// Where things are in struct seccomp_data.
const (
	offsetNumber   = 0
	offsetArch     = 4
	offsetArgument = 16
	lengthArgument = 8
)

// shutCalls leaves the thread the system calls of a program that computes. Forks are
// not counted here: a filter that asks the parent (SECCOMP_RET_USER_NOTIF) makes fork
// fail with EINTR when a signal comes meanwhile, as SIGCHLD does in each pipeline of a
// shell, and dash gives up then.
func shutCalls(version int) error {
	filter := filterOf(version)
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // some hundred instructions
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog))); errno != 0 {
		return errno
	}
	return nil
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func answer(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

// unless skips instructions if a test fails.
func unless(test uint16, k uint32, skip uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jf: skip}
}

func filterOf(version int) []unix.SockFilter {
	const (
		allow = unix.SECCOMP_RET_ALLOW
		done  = unix.SECCOMP_RET_ERRNO // with 0: says that it was done
		deny  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		lack  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	equal := func(k uint32, skip uint8) unix.SockFilter { return unless(unix.BPF_JEQ, k, skip) }
	out := []unix.SockFilter{
		load(offsetArch),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: architecture, Jt: 1},
		answer(unix.SECCOMP_RET_KILL_PROCESS),
		load(offsetNumber), unless(unix.BPF_JGT, newest, 1), answer(lack),
	}
	no := append(append([]uint32{}, refused...), refusedHere...)
	for since, numbers := range refusedBefore {
		if version < since {
			no = append(no, numbers...)
		}
	}
	for _, number := range no {
		out = append(out, equal(number, 1), answer(deny))
	}
	// Times of files in a copy that is thrown away: to fail would end tar and cp.
	for _, number := range timesHere {
		out = append(out, equal(number, 1), answer(done))
	}
	// By descriptor, without a path, they are set.
	out = append(out, equal(unix.SYS_UTIMENSAT, 6), load(argument(1)), equal(0, 3), load(argument(1)+4), equal(0, 1), answer(allow), answer(done))
	// A pair of streams leads nowhere else; datagrams of a pair could be sent anywhere.
	out = append(out, equal(unix.SYS_SOCKETPAIR, 5), load(argument(1)), unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0xf},
		equal(unix.SOCK_STREAM, 1), answer(allow), answer(deny))
	// Its own limits.
	out = append(out, equal(unix.SYS_PRLIMIT64, 4), load(argument(0)), equal(0, 1), answer(allow), answer(deny))
	// Who is told by SIGIO, which Landlock looks at since it looks at signals.
	if version < versionScopes {
		out = append(out, equal(unix.SYS_FCNTL, 6), load(argument(1)), equal(unix.F_SETOWN, 1), answer(deny), equal(unix.F_SETOWN_EX, 1), answer(deny), answer(allow))
		out = append(out, equal(unix.SYS_IOCTL, 6), load(argument(1)), equal(fioSetOwn, 1), answer(deny), equal(siocSetGroup, 1), answer(deny), answer(allow))
	}
	// The flags of clone3 a filter cannot see: who asks by it is told to use clone.
	return append(out,
		equal(unix.SYS_CLONE3, 1), answer(lack),
		equal(unix.SYS_CLONE, 3), load(argument(0)), unless(unix.BPF_JSET, namespaces, 1), answer(deny),
		answer(allow),
	)
}

func argument(n uint32) uint32 { return offsetArgument + lengthArgument*n }
