package evenkeeltest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// wrapper is a git that writes its subcommand, the first argument that is no
// option, to a file before it becomes the real one. It costs a start of sh.
const wrapper = `#!/bin/sh
for a; do
  case $a in
  -*) ;;
  *) echo "$a" >>%s; break ;;
  esac
done
exec %s "$@"
`

// countGit puts a counting git first on PATH. Processes that git starts by itself
// go past it: they take the git beside them.
func countGit(env []string, dir, file string) ([]string, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, ".git-bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	script := fmt.Sprintf(wrapper, quote(file), quote(git))
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o700); err != nil {
		return nil, err
	}
	path := os.Getenv("PATH")
	for _, v := range env {
		if p, ok := strings.CutPrefix(v, "PATH="); ok {
			path = p
		}
	}
	return append(env, "PATH="+bin+string(filepath.ListSeparator)+path), nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Git are the subcommands of the git processes that programs of this Dir have
// started so far, in that order. It needs Options.CountGit.
func (p *Program) Git() ([]string, error) {
	b, err := os.ReadFile(p.git)
	if os.IsNotExist(err) {
		return nil, nil
	}
	return strings.Fields(string(b)), err
}
