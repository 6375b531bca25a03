package submodule

import (
	"slices"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// maxModules is how many submodules one repository may have.
const maxModules = 4096

// Parse reads the output of git config --null --list of a .gitmodules, and is the
// URLs by path. A submodule without a path or a URL is none. Of two values of the same
// submodule the first counts, and of two submodules at one path the last, as in git.
func Parse(list []byte) (map[string]string, error) {
	type module struct{ path, url string }
	modules := map[string]*module{}
	var order []*module
	for item := range strings.SplitSeq(string(list), "\x00") {
		key, value, _ := strings.Cut(item, "\n")
		// The name in the middle may hold dots, and keeps its case; section and key are lower case.
		rest, ok := strings.CutPrefix(key, "submodule.")
		dot := strings.LastIndex(rest, ".")
		if !ok || dot < 0 {
			continue
		}
		name, field := rest[:dot], rest[dot+1:]
		if modules[name] == nil {
			if len(order) == maxModules {
				return nil, fault.New(fault.Broken, ".gitmodules has more than %d submodules", maxModules)
			}
			modules[name] = &module{}
			order = append(order, modules[name])
		}
		switch m := modules[name]; {
		case field == "path" && m.path == "":
			m.path = strings.TrimSuffix(value, "/")
		case field == "url" && m.url == "":
			m.url = value
		}
	}
	urls := make(map[string]string, len(order))
	for _, m := range order {
		if m.path != "" && m.url != "" {
			urls[m.path] = m.url
		}
	}
	return urls, nil
}

// URL is what a URL in .gitmodules means to the repository at parent. One that begins
// with ./ or ../ is relative to the parent's, whose last part is left by "..", as if
// it were a directory (git-submodule(1)). It cannot lead to another host.
func URL(parent, url string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fault.New(fault.Invalid, "the URL %.128q in .gitmodules %s", source.RedactURL(url), why)
	}
	switch {
	case url == "":
		return refuse("is empty")
	case strings.HasPrefix(url, "-"):
		return refuse("begins with a dash")
	}
	if !relative(url) {
		if _, path := split(url); slices.Contains(strings.Split(path, "/"), "..") {
			return refuse("has .. in its path")
		}
		return url, nil
	}
	place, path := split(strings.TrimRight(strings.TrimSpace(parent), "/"))
	if path == "" {
		return refuse("is relative, and the repository's own has no path")
	}
	rest := url
	for relative(rest) {
		up := strings.HasPrefix(rest, "../")
		rest = strings.TrimLeft(rest[strings.Index(rest, "/"):], "/")
		if !up {
			continue
		}
		if path == "" {
			return refuse("leads out of the host")
		}
		path = path[:max(strings.LastIndex(path, "/"), 0)]
	}
	rest = strings.TrimRight(rest, "/")
	switch {
	case slices.Contains(strings.Split(rest, "/"), ".."):
		return refuse("has .. in its path")
	case strings.Trim(path+rest, "/") == "":
		return refuse("leads out of the host")
	}
	// user@host:path is the only form whose path needs no slash in front.
	if path != "" || strings.HasSuffix(place, "/") || strings.Contains(place, "://") {
		path += "/"
	}
	return strings.TrimRight(place+path+rest, "/"), nil
}

func relative(url string) bool {
	return strings.HasPrefix(url, "./") || strings.HasPrefix(url, "../")
}

// split is a URL's scheme and host, and its path: https://host and /a/b, or
// user@host: and a/b.
func split(url string) (place, path string) {
	if scheme, rest, ok := strings.Cut(url, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		return scheme + "://" + host, rest[len(host):]
	}
	host, path, _ := strings.Cut(url, ":")
	return host + ":", path
}
