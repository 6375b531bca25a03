package git

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// maxComplaint is how much of git's complaint becomes part of an error, in bytes.
const maxComplaint = 600

// symptoms tell from git's and ssh's words what went wrong; the first that
// matches decides. An explanation replaces words that help nobody.
var symptoms = []struct {
	words   *regexp.Regexp
	kind    fault.Kind
	explain string
}{
	{
		regexp.MustCompile(`REMOTE HOST IDENTIFICATION HAS CHANGED`), fault.Broken,
		"the server's host key is not the one in argocd-ssh-known-hosts-cm: it has changed, or somebody else answers",
	},
	{
		regexp.MustCompile(`host key is known for|Host key verification failed`), fault.Broken,
		"the server's host key is unknown; add it to argocd-ssh-known-hosts-cm",
	},
	{regexp.MustCompile(`Load key .*(error in libcrypto|invalid format)`), fault.Broken, "the SSH private key cannot be read"},
	{regexp.MustCompile(`Permission denied \(`), fault.Broken, "the server accepts no SSH key of the repository's"},
	{
		regexp.MustCompile(`Authentication failed|could not read (Username|Password)|returned error: (401|403)`), fault.Broken,
		"the server refuses the credentials, or wants some",
	},
	{regexp.MustCompile(`[Oo]ut of memory|File too large`), fault.Broken, "the server sends more than is accepted"},
	{regexp.MustCompile(`certificate|SSL|TLS fatal alert`), fault.Broken, ""},
	{regexp.MustCompile(`[Rr]epository .*not found|does not appear to be a git repository|returned error: 404|does not exist`), fault.NotFound, ""},
	{regexp.MustCompile(`mismatched algorithms`), fault.Unsupported, "the repository's objects are named by SHA-256"},
	{regexp.MustCompile(`transport '.*' not allowed`), fault.Denied, ""},
}

// errAbsent is what the server does not have or does not give; another way to it may be left.
var errAbsent = errors.New("not on the server")

var absent = regexp.MustCompile(`couldn't find remote ref|not our ref|unadvertised object|no such remote ref`)

// errDamaged is a mirror that cannot be read or fetched into any more.
var errDamaged = errors.New("the mirror is damaged")

// damage is how git reports that, in lines that are not the server's.
var damage = regexp.MustCompile(`(?i)corrupt|bad object|unable to read|missing (blob|tree|commit|object)|is empty|bad signature|` +
	`cannot be accessed|is far too short|inflate|delta base|not a git repository|bad (pack|index|tree)|unresolved delta|invalid sha1 pointer|cannot be read`)

// moved is how git reports a redirect that it was told not to follow.
var moved = regexp.MustCompile(`returned error: 30[12378]`)

// failure says what went wrong with a git process that talked to a server.
func (a *access) failure(verb string, err error, stderr string) error {
	what := "git " + verb + " " + source.RedactURL(a.remote.URL)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "%s: not done within the time limit", what)
	case errors.Is(err, context.Canceled):
		return fault.Wrap(fault.Unavailable, context.Canceled, "%s", what)
	case errors.Is(err, errTooMuchOutput):
		return fault.New(fault.Broken, "%s: the server lists more refs than are accepted", what)
	}
	said := a.scrub(stderr)
	if said == "" {
		said = err.Error()
	}
	if absent.MatchString(stderr) {
		return fault.Wrap(fault.NotFound, errAbsent, "%s: %s", what, said)
	}
	if verb == "fetch" && damage.MatchString(ours(stderr)) {
		return fault.Wrap(fault.Unavailable, errDamaged, "%s: %s", what, said)
	}
	for _, s := range symptoms {
		if !s.words.MatchString(stderr) {
			continue
		}
		if s.explain != "" {
			said = s.explain
		}
		return fault.New(s.kind, "%s: %s", what, said)
	}
	return fault.New(fault.Unavailable, "%s: %s", what, said)
}

var quoted = regexp.MustCompile(`'[^']*'`)

// ours is what git said of itself: neither a server's words nor a name must
// make us drop a mirror.
func ours(stderr string) string {
	var b strings.Builder
	for line := range strings.Lines(stderr) {
		if !strings.Contains(line, "remote") {
			b.WriteString(quoted.ReplaceAllString(line, ""))
		}
	}
	return b.String()
}

// scrub is what git said, in one line, without credentials and control characters.
func (a *access) scrub(stderr string) string {
	for _, s := range a.secrets {
		if s != "" {
			stderr = strings.ReplaceAll(stderr, s, "[redacted]")
		}
	}
	lines := slices.DeleteFunc(source.Lines(stderr), func(line string) bool { return strings.HasPrefix(line, "hint:") })
	said := strings.ToValidUTF8(strings.Join(lines, "; "), "�")
	if len(said) > maxComplaint {
		said = "…" + strings.ToValidUTF8(said[len(said)-maxComplaint:], "")
	}
	return said
}
