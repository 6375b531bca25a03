package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

const usage = `usage: evenkeel-demo VERB [flags]

  up       start the demo; Ctrl-C stops it and leaves nothing behind

While it runs, in another terminal:

  push     push a change to Git, and see it live
  edit     edit a live object, and see it healed
  delete   delete a file in Git, and see its objects pruned
  break    push a broken manifest, and see that nothing is lost
  fix      mend what break broke

evenkeel-demo VERB -h lists the flags.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, program{name: os.Args[0], out: os.Stdout, err: os.Stderr}, os.Args[1:]))
}

// program is how the program was called.
type program struct {
	name     string // as it was typed, so that what is printed can be typed too
	out, err io.Writer
}

func (p program) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(p.err, format, args...) // the exit code says it too
}

// settings are the flags.
type settings struct {
	bin, crds, state string
	port, nodes      int
	plain            bool
}

func run(ctx context.Context, p program, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		p.complain("%s", usage)
		return exitUsage
	}
	verb, known := tries()[args[0]]
	if !known && args[0] != "up" {
		p.complain("evenkeel-demo: there is no verb %q\n\n%s", args[0], usage)
		return exitUsage
	}
	s, err := parse(args[0], args[1:], p.err)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		p.complain("evenkeel-demo %s: %v\n", args[0], err)
		return exitUsage
	}
	con := newConsole(p.out, s.plain)
	if known {
		err = try(ctx, s, con, verb)
	} else {
		err = upDemo(ctx, p, s, con)
	}
	if err != nil {
		p.complain("evenkeel-demo %s: %v\n", args[0], err)
		return exitFailed
	}
	return 0
}

func upDemo(ctx context.Context, p program, s settings, con *console) error {
	shown, err := demoContent()
	if err != nil {
		return err
	}
	return up(ctx, upOptions{
		bin: s.bin, crds: s.crds, state: s.state, port: s.port, nodes: s.nodes, content: shown,
		ready: func(d demo) { announce(con, p.name, d) },
	}, con)
}

func parse(verb string, args []string, stderr io.Writer) (settings, error) {
	self, err := os.Executable()
	if err != nil {
		return settings{}, err
	}
	bin := filepath.Dir(self)
	var s settings
	fs := flag.NewFlagSet("evenkeel-demo "+verb, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&s.state, "state", filepath.Join(bin, "demo.json"), "the `file` by which the verbs find the demo")
	fs.BoolVar(&s.plain, "plain", false, "never redraw a line, also on a terminal")
	if verb == "up" {
		fs.StringVar(&s.bin, "bin", bin, "the `directory` with evenkeel and evenkeel-playground")
		fs.StringVar(&s.crds, "crds", filepath.Join(bin, "..", "manifests", "crds"), "the `directory` with Evenkeel's CRDs")
		fs.IntVar(&s.port, "port", 8080, "the web UI's port on 127.0.0.1; if it is taken, the next free one")
		fs.IntVar(&s.nodes, "nodes", 2, "how many fake nodes the control plane has")
	}
	if err := fs.Parse(args); err != nil {
		return settings{}, err
	}
	if fs.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q; all is said by flags", fs.Arg(0))
	}
	return s, nil
}
