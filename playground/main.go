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
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"evenkeel.dev/playground/internal/controlplane"
)

// Starting makes much garbage and little to keep; afterwards memory counts.
const (
	startGCPercent  = 400
	steadyGCPercent = 75
)

// echo is how long a repeated signal counts as the same one: a signal to the
// process group may arrive twice.
const echo = time.Second

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

const usage = `usage: evenkeel-playground up --dir DIR [--nodes N]
       (evenkeel-playground up -h lists all flags)
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] != "up" {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	o, err := parse(args[1:], stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "evenkeel-playground up:", err)
		return exitUsage
	}
	if err := up(o, stdout); err != nil {
		fmt.Fprintln(stderr, "evenkeel-playground:", err)
		return exitFailed
	}
	return 0
}

func up(o controlplane.Options, stdout io.Writer) error {
	debug.SetGCPercent(startGCPercent)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go stopOn(signals, cancel)

	// A component that gives up because it is being stopped ends the process by klog,
	// before the others have stopped and with a code that says that something is wrong.
	klog.OsExit = func(code int) {
		if ctx.Err() != nil {
			select {} // the process ends when all have stopped
		}
		os.Exit(code)
	}

	o.Ready = func(kubeconfig string) {
		fmt.Fprintln(stdout, kubeconfig)
		debug.SetGCPercent(steadyGCPercent)
		debug.FreeOSMemory()
	}
	return controlplane.Run(ctx, o)
}

// stopOn cancels at the first signal and ends the process at the second.
func stopOn(signals <-chan os.Signal, cancel func()) {
	<-signals
	cancel()
	for settled := time.After(echo); ; {
		select {
		case <-signals:
			continue
		case <-settled:
		}
		break
	}
	<-signals
	os.Exit(exitFailed)
}

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func parse(args []string, stderr io.Writer) (controlplane.Options, error) {
	var o controlplane.Options
	fs := flag.NewFlagSet("evenkeel-playground up", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.Dir, "dir", "", "where all state is kept: etcd's data, certificates, kubeconfig, log (required)")
	fs.IntVar(&o.Nodes, "nodes", 2, "how many fake nodes")
	fs.IntVar(&o.Port, "port", 0, "the API server's port on 127.0.0.1 (0: the last one used with this --dir if it is free, else any)")
	fs.StringVar(&o.AuditLog, "audit-log", "", "write the API server's audit log to this `file`, one JSON line for each request")
	fs.BoolVar(&o.Full, "full", false, "run all controllers and admission plugins, also those that fake nodes have little use for")
	fs.UintVar(&o.Verbosity, "v", 0, "verbosity of DIR/playground.log")
	fs.Var((*list)(&o.APIServerArgs), "apiserver-arg", "one more `flag` for kube-apiserver, such as --v=2 (may be repeated)")
	fs.Var((*list)(&o.ControllerManagerArgs), "controller-manager-arg", "one more `flag` for kube-controller-manager (may be repeated)")
	fs.Var((*list)(&o.SchedulerArgs), "scheduler-arg", "one more `flag` for kube-scheduler (may be repeated)")
	if err := fs.Parse(args); err != nil {
		return controlplane.Options{}, err
	}
	if fs.NArg() > 0 {
		return controlplane.Options{}, fmt.Errorf("unexpected argument %q; all is said by flags", fs.Arg(0))
	}
	if o.Dir == "" {
		return controlplane.Options{}, errors.New("--dir is missing; name a directory of its own for this cluster")
	}
	if o.Nodes < 0 {
		return controlplane.Options{}, fmt.Errorf("--nodes %d: there cannot be fewer than 0", o.Nodes)
	}
	if o.AuditLog == "" {
		return o, nil
	}
	path, err := filepath.Abs(o.AuditLog)
	o.AuditLog = path
	return o, err
}
