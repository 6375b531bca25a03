package webhook

import (
	"encoding/json"
	"errors"
	"strings"

	"evenkeel.dev/internal/fault"
)

const (
	// maxAddress is the longest URL of a repository that is looked at, in bytes.
	maxAddress = 2048
	// maxRefs is how many refs are told apart; of more it is said that any has moved.
	maxRefs = 1000
)

// event is what a provider tells, in words of ours.
type event struct {
	// ignored says why there is nothing to do; the rest is empty then.
	ignored string
	// repos are the addresses by which the repository may be known.
	repos []address
	// artifact: an artifact of a registry, which may be a chart of the repository.
	artifact bool
	// refs are the full names of what has moved; none means that anything may have.
	refs []string
	// head is the full name of the default branch; "" means that any may be it.
	head string
}

// ignore is an event that has nothing to do.
func ignore(why string) (event, error) { return event{ignored: why}, nil }

// read decodes a payload. What is null is as if it were not there.
func read[T any](body []byte) (T, error) {
	var payload T
	err := json.Unmarshal(body, &payload)
	if err == nil {
		return payload, nil
	}
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return payload, fault.New(fault.Invalid, "the payload is no JSON")
	}
	kind, _, _ := strings.Cut(wrong.Value, " ") // a number's own digits come after it
	if wrong.Field == "" {
		return payload, fault.New(fault.Invalid, "the payload is a JSON %s", kind)
	}
	return payload, fault.New(fault.Invalid, "field %s of the payload cannot be a JSON %s", wrong.Field, kind)
}

// about adds what is an address to those of the repository.
func (e *event) about(urls ...string) {
	for _, u := range urls {
		if a, ok := parseAddress(u); ok {
			e.repos = append(e.repos, a)
		}
	}
}

// checked is the event, or why nothing can be done with it.
func (e event) checked() (event, error) {
	if len(e.repos) == 0 {
		return event{}, fault.New(fault.Invalid, "the payload names no repository")
	}
	return e, nil
}

// branch is the full name of a branch, given with or without what makes it one.
func branch(name string) string {
	if name == "" || strings.HasPrefix(name, "refs/") {
		return name
	}
	return "refs/heads/" + name
}

// moved says that refs have moved. A name that is not in full may be a branch or a
// tag; one that is missing may be anything.
func (e *event) moved(names ...string) {
	for _, name := range names {
		switch {
		case name == "" || len(e.refs) >= maxRefs:
			e.refs = nil
			return
		case strings.HasPrefix(name, "refs/"):
			e.refs = append(e.refs, name)
		default:
			e.refs = append(e.refs, "refs/heads/"+name, "refs/tags/"+name)
		}
	}
}

// concerns says whether a target revision may have moved: in doubt it has.
func (e event) concerns(target string) bool {
	if len(e.refs) == 0 {
		return true
	}
	for _, ref := range e.refs {
		if e.movedTo(ref, target) {
			return true
		}
	}
	return false
}

// perhapsRange are characters one of which every range of versions has.
const perhapsRange = "*^~<>=!|, xX0123456789"

func (e event) movedTo(ref, target string) bool {
	if target == "" || target == "HEAD" {
		return ref == e.head || e.head == "" && strings.HasPrefix(ref, "refs/heads/")
	}
	if strings.HasPrefix(ref, "refs/tags/") && strings.ContainsAny(target, perhapsRange) {
		return true
	}
	for _, prefix := range [...]string{"", "refs/", "refs/tags/", "refs/heads/"} {
		if prefix+target == ref {
			return true
		}
	}
	return false
}

// isAbout says whether the event is about the repository of a URL.
func (e event) isAbout(repo string) bool {
	is, ok := parseAddress(repo)
	if !ok {
		return false
	}
	for _, told := range e.repos {
		if told.is(is) || e.artifact && told.isBelow(is) {
			return true
		}
	}
	return false
}
