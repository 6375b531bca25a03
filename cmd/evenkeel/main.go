// Command evenkeel is all of Evenkeel: the controller and web server ("run") and
// the command line ("app …"). It reads the environment, wires the parts and runs.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/render/plugin/jail"
	"evenkeel.dev/internal/render/worker"
)

func main() {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case worker.Argument:
			os.Exit(worker.Main(os.Args[2:]))
		case jail.Argument:
			os.Exit(jail.Main(os.Args[2:]))
		}
	}
	os.Exit(run())
}

func run() int {
	// Helm's library writes warnings with values of charts to the standard logger.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Main(ctx, cli.Env{
		In:           os.Stdin,
		Out:          os.Stdout,
		Err:          os.Stderr,
		Terminal:     terminal(),
		Now:          time.Now,
		Build:        build(),
		ReadFile:     os.ReadFile,
		Connect:      connect,
		OpenPipeline: openPipeline,
		OpenActions:  openActions,
		Plans:        keptPlans(),
		Run:          runAll,
	}, os.Args[1:])
}
