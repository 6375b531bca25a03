//go:build amd64 || arm64

package jail

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a program needs of a system besides programs: to read, and to read and write.
// What does not exist is passed over. There is no /etc/passwd: programs are told their
// HOME. There is no /proc: it shows other processes.
var (
	readable = []string{ //nolint:gochecknoglobals // a table
		"/etc/ssl", "/etc/ca-certificates", "/etc/pki/tls", "/etc/pki/ca-trust", "/etc/alternatives", "/etc/localtime", "/etc/nsswitch.conf",
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path", "/etc/os-release",
		"/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
	}
	writable = []string{"/dev/null"} //nolint:gochecknoglobals // a table
)

// The rights of Landlock's versions. What a version does not know it allows.
const (
	rightsOfFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	rightsV1 = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
	rightsV2 = rightsV1 | unix.LANDLOCK_ACCESS_FS_REFER
	rightsV3 = rightsV2 | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	rightsV5 = rightsV3 | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	reading  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	devices  = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK

	versionTruncate = 3
	versionNetwork  = 4
	versionDevices  = 5
	versionScopes   = 6
)

// confine takes from this thread all that a plugin does not need, and from what it
// becomes.
func confine(s spec) error {
	// When memory runs out on the node, the plugin goes and not its parent.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // there may be no /proc
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	// Root's; with no_new_privs executing a program brings none back.
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	version, err := shutFiles(s)
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if err := shutCalls(version); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}

// shutFiles leaves the thread those files that it may have, with Landlock.
func shutFiles(s spec) (version int, err error) {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, errno
	}
	version = int(v) //nolint:gosec // a small number
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rightsV1}
	switch {
	case version >= versionDevices:
		attr.Handled_access_fs = rightsV5
	case version >= versionTruncate:
		attr.Handled_access_fs = rightsV3
	case version == 2:
		attr.Handled_access_fs = rightsV2
	}
	if version >= versionNetwork {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= versionScopes {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return 0, errno
	}
	rules := ruleset{fd: int(fd), handled: attr.Handled_access_fs} //nolint:gosec // a descriptor
	defer unix.Close(rules.fd)                                     //nolint:errcheck // only a name
	err = errors.Join(
		rules.allow(reading|unix.LANDLOCK_ACCESS_FS_EXECUTE, append(append([]string{}, programs...), s.Programs...)...),
		rules.allow(reading, readable...),
		rules.allow(reading|unix.LANDLOCK_ACCESS_FS_WRITE_FILE|unix.LANDLOCK_ACCESS_FS_TRUNCATE, writable...),
		rules.allow(rules.handled&^devices, s.Dir),
	)
	if err != nil {
		return 0, err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return 0, errno
	}
	return version, nil
}

type ruleset struct {
	fd      int
	handled uint64
}

// allow gives rights on files and on all below directories.
func (r ruleset) allow(rights uint64, paths ...string) error {
	for _, path := range paths {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		err = r.add(fd, rights)
		_ = unix.Close(fd) // only a name
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (r ruleset) add(fd int, rights uint64) error {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= rightsOfFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights & r.handled, Parent_fd: int32(fd)} //nolint:gosec // a descriptor
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
