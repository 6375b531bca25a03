package kustomize

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The words of Kustomize's messages about what a kustomization is made of. It tries each
// entry as a file and then as a directory, tells of both, and of a directory once more
// all that went wrong below.
const (
	ofResources  = "accumulating resources: "
	ofComponents = "accumulating components: "
	mustBuild    = "must build at directory: "
	below        = "recursed accumulation of path '"
	notLoaded    = "couldn't make target for path '"
	inQuotes     = "accumulateDirectory: "
)

var (
	fromEntry = regexp.MustCompile(`^(?:accumulating|merging) resources from '(.*?)': `)
	// secondTry is where what is said of an entry as a directory begins.
	secondTry = regexp.MustCompile("': (?:" + mustBuild + "|" + below + "|" + notLoaded + ")")
	noMatch   = regexp.MustCompile(`(no resource matches strategic merge patch "[^"]*"): .*`)
	// nameless is the metadata of an object that has no name, as Go prints it.
	nameless = regexp.MustCompile(`missing metadata\.name in object \{\{(\S*) (\S*)\}.*`)
	outside  = regexp.MustCompile(`^security; file '/?([^']*)' is not in or below '/?([^']*)'$`)
)

// entry is one of the resources or components of a kustomization.
type entry struct{ dir, field, name string }

func (e entry) String() string {
	s := e.dir + ": " + e.field
	if e.name != "" {
		s += ": " + e.name
	}
	return s
}

// explain is Kustomize's message about the kustomization in dir with the innermost
// kustomization, its entry and the cause in the first line, and in those that follow the
// entries that led there.
func explain(dir, message string) string {
	message = noMatch.ReplaceAllString(withoutContent(message), "$1")
	var way []entry
	for {
		e, cause, ok := accumulated(dir, message)
		if !ok {
			break
		}
		way = append(way, e)
		path, deeper, ok := recursed(cause)
		if !ok {
			message = cause
			break
		}
		dir, message = path, deeper
	}
	if len(way) == 0 {
		return dir + ": " + message
	}
	first := dir
	if last := way[len(way)-1]; last.dir == dir {
		first, way = last.String(), way[:len(way)-1]
	}
	var b strings.Builder
	b.WriteString(first + ": " + message)
	for _, step := range slices.Backward(way) {
		b.WriteString("\n  which is in " + step.String())
	}
	return b.String()
}

// recursed takes apart what is said of a directory.
func recursed(message string) (path, cause string, ok bool) {
	rest, ok := strings.CutPrefix(message, below)
	if !ok {
		if rest, ok = strings.CutPrefix(message, notLoaded); !ok {
			return "", "", false
		}
	}
	path, cause, ok = strings.Cut(rest, "': ")
	if path = strings.TrimPrefix(path, "/"); path == "" {
		path = "."
	}
	return path, cause, ok
}

// accumulated takes apart what is said of an entry of the kustomization in dir.
func accumulated(dir, message string) (e entry, cause string, ok bool) {
	if rest, is := strings.CutPrefix(message, ofComponents); is {
		e = entry{dir: dir, field: "components"}
		if quoted, is := strings.CutPrefix(rest, inQuotes); is {
			if text, err := strconv.Unquote(quoted); err == nil {
				rest = text
			}
		}
		return e, rest, true
	}
	rest, ok := strings.CutPrefix(message, ofResources)
	if !ok {
		return e, "", false
	}
	e = entry{dir: dir, field: "resources"}
	tried, twice := strings.CutPrefix(rest, "accumulation err='")
	m := fromEntry.FindStringSubmatch(tried)
	if m == nil {
		return e, rest, true
	}
	e.name = m[1]
	rest = tried[len(m[0]):]
	if !twice {
		return e, rest, true
	}
	file, directory, ok := strings.Cut(rest, "': ")
	if at := secondTry.FindStringIndex(rest); at != nil {
		file, directory, ok = rest[:at[0]], rest[at[0]+len("': "):], true
	}
	if !ok {
		return e, rest, true
	}
	if directory, ok := strings.CutPrefix(directory, mustBuild); ok {
		return e, causeOf(file, directory), true
	}
	return e, directory, true
}

// causeOf is what of two messages matters: of an entry as a file, and as a directory.
func causeOf(file, directory string) string {
	switch {
	case strings.HasSuffix(directory, "file is not directory"): // it is a file
		if m := outside.FindStringSubmatch(file); m != nil {
			return m[1] + " is not below " + m[2] + ", and only directories may be; kustomize.buildOptions --load-restrictor LoadRestrictionsNone permits it"
		}
		return nameless.ReplaceAllString(file, "a $2 has no metadata.name")
	case strings.Contains(directory, "file does not exist") && strings.Contains(file, "file does not exist"):
		return "there is no such file or directory"
	}
	return directory
}
