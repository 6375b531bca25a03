// Package jail runs config management plugins: programs that an administrator declared,
// on files that strangers wrote.
//
// A run begins with a fresh directory below Options.Dir that holds a copy of the tree.
// The parent makes it, bounded in bytes and files, and starts this same program as
// "evenkeel render-plugin" in it. That process gives away all that it could do and then
// becomes the plugin's command. What is left (see docs/plugins.md):
//
//   - files: Landlock lets it read and execute the system's programs, and write
//     below its own directory. Nothing else can be opened: no token of the service
//     account, no mirror, no other run, nothing in /proc.
//   - no network: seccomp refuses every socket, abstract ones as well.
//   - nobody else: it can neither signal, trace, nor change the limits of another
//     process, gain a privilege, or leave its process group, by which it is killed whole.
//   - bounds: time, output, processes, memory, disk. The parent looks at the last
//     three all the time, and the kernel's limits of a process stand behind it.
//   - an environment of what Argo CD gives, PATH, HOME and TMPDIR.
//
// Where the kernel cannot do that, nothing runs, unless Options.Unconfined.
//
// The directory is removed when the run ends. What a parent that was killed has left
// is removed by the next one that has the same Options.Dir; several may share it.
//
// A Jail is safe for concurrent use. Main is the child's side.
package jail
