package main

import (
	"os"

	"golang.org/x/term"

	"evenkeel.dev/internal/cli"
)

// terminal describes who reads. Colours need a terminal that has not
// said no (https://no-color.org).
func terminal() cli.Terminal {
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) || os.Getenv("TERM") == "dumb" {
		return cli.Terminal{}
	}
	t := cli.Terminal{Out: true, Color: os.Getenv("NO_COLOR") == "", Environ: os.Environ()}
	if width, _, err := term.GetSize(out); err == nil {
		t.Width = width
	}
	return t
}
