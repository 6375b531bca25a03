package main

import (
	"os"

	"golang.org/x/term"

	"evenkeel.dev/internal/cli"
)

// terminal describes who reads and writes. Colours need a terminal that has not
// said no (https://no-color.org).
func terminal() cli.Terminal {
	t := cli.Terminal{In: term.IsTerminal(int(os.Stdin.Fd()))}
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) || os.Getenv("TERM") == "dumb" {
		return t
	}
	t.Out = true
	t.Color = os.Getenv("NO_COLOR") == ""
	t.Environ = os.Environ()
	if width, _, err := term.GetSize(out); err == nil {
		t.Width = width
	}
	return t
}
