package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/test/playgroundtest"
)

// requests are those of the program, in the order of their answers.
type requests []playgroundtest.Request

// requests are what the program asked of the API server between two times.
func (w *world) requests(from, to time.Time) requests {
	w.t.Helper()
	return ours(w.cluster.AuditLog(), from, to)
}

func ours(log []playgroundtest.Request, from, to time.Time) requests {
	var out requests
	for _, r := range log {
		if strings.HasPrefix(r.UserAgent, "evenkeel/") && !r.Time.Before(from) && r.Time.Before(to) {
			out = append(out, r)
		}
	}
	return out
}

// verb is that of a request, or "dryrun" for one that changes nothing.
func verb(r playgroundtest.Request) string {
	if strings.Contains(r.URI, "dryRun=All") {
		return "dryrun"
	}
	return r.Verb
}

// counts are the requests by verb and what they were about, which describe says.
func (rs requests) counts(describe func(playgroundtest.Request) string) map[string]int {
	counts := map[string]int{}
	for _, r := range rs {
		counts[verb(r)+describe(r)]++
	}
	return counts
}

func byVerb(playgroundtest.Request) string { return "" }

// byObject names the object, and of a list or watch the kind.
func byObject(r playgroundtest.Request) string {
	return strings.TrimRight(fmt.Sprintf(" %s %s/%s", r.Resource, r.Namespace, r.Name), "/ ")
}

// without are the requests of other verbs.
func (rs requests) without(verbs ...string) requests {
	return slices.DeleteFunc(slices.Clone(rs), func(r playgroundtest.Request) bool { return slices.Contains(verbs, verb(r)) })
}

func TestRequests(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	request := func(s int, agent, verb, uri, resource, name string) playgroundtest.Request {
		return playgroundtest.Request{Time: at(s), UserAgent: agent, Verb: verb, URI: uri, Resource: resource, Namespace: "shop", Name: name}
	}
	log := []playgroundtest.Request{
		request(1, "evenkeel/1", "patch", "/x", "configmaps", "early"),
		request(3, "evenkeel/1", "patch", "/x?force=true&dryRun=All", "configmaps", "a"),
		request(2, "evenkeel/1", "patch", "/x?force=true", "configmaps", "a"), // a longer way to its answer
		request(3, "evenkeel/1", "watch", "/x", "configmaps", ""),
		request(3, "tester", "patch", "/x", "configmaps", "a"),
		request(4, "evenkeel/1", "patch", "/x", "configmaps", "late"),
	}
	rs := ours(log, at(2), at(4))
	if diff := cmp.Diff(map[string]int{"patch": 1, "dryrun": 1, "watch": 1}, rs.counts(byVerb)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := map[string]int{"patch configmaps shop/a": 1, "dryrun configmaps shop/a": 1}
	if diff := cmp.Diff(want, rs.without("watch").counts(byObject)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
