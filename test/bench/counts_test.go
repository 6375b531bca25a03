package bench

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// interval is that of the listings while requests are counted. It is short, and
// without jitter, so that a few of them are soon over.
const interval = 3 * time.Second

// TestCounts counts, with 100 Applications of 10 objects from one repository, what
// the program asks of the API server and of Git.
//
// No count depends on luck. Each part begins when world.settle has returned, and
// ends with it: of what has come in before, everything is in the log, and nothing
// of it is still to come. How long nothing happens is measured by the program's own
// clock, the listings that the Git server sees.
func TestCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane and a minute")
	}
	c := content{apps: 100, objects: 10}
	w := newWorld(t, c, map[string]any{
		"timeout.reconciliation": interval.String(), "timeout.reconciliation.jitter": "0s",
	})
	w.create()
	w.synced(w.all(), "")
	w.settle()
	for _, part := range []struct {
		name  string
		count func(*testing.T)
	}{{"quiet", w.countQuiet}, {"commit", w.countCommit}, {"drift", w.countDrift}} {
		t.Run(part.name, func(t *testing.T) {
			w.t = t
			part.count(t)
		})
		w.t = t
	}
	w.must(w.program.Stop())
}

// gitSince are the git processes started after the first n.
func (w *world) gitSince(n int) map[string]int {
	w.t.Helper()
	all, err := w.program.Git()
	w.must(err)
	counts := map[string]int{}
	for _, verb := range all[n:] {
		counts[verb]++
	}
	return counts
}

func (w *world) gitSoFar() int {
	w.t.Helper()
	all, err := w.program.Git()
	w.must(err)
	return len(all)
}

// countQuiet: while nothing happens nothing is asked of the API server, and one
// git process starts per repository and interval.
func (w *world) countQuiet(t *testing.T) {
	const intervals = 3
	ctx, cancel := w.patient()
	defer cancel()
	first, err := w.git.next(ctx, 1)
	w.must(err)
	from, git := time.Now(), w.gitSoFar()
	asked, err := w.git.next(ctx, intervals)
	w.must(err)
	processes := w.gitSince(git)
	to := w.settle()
	asked = append(first, asked...)
	for i := range intervals {
		if d := asked[i+1].Sub(asked[i]); d < interval {
			t.Errorf("two listings within %s, want at least %s", d, interval)
		}
	}
	if diff := cmp.Diff(map[string]int{"ls-remote": intervals}, processes); diff != "" {
		t.Errorf("git processes in %d intervals (-want +got):\n%s", intervals, diff)
	}
	if got := w.requests(from, to).without("watch").counts(byObject); len(got) > 0 {
		t.Errorf("requests in %s of quiet, want none but watches: %v", to.Sub(from), got)
	}
	// What follows is counted by the same means.
	answers := w.requests(to, time.Now()).counts(byVerb)
	if got := answers["patch"]; got < w.content.apps {
		t.Errorf("%d patches when %d refreshes were answered: requests are not all counted", got, w.content.apps)
	}
}

// most are the requests that something may cost: from the first number to the second.
type most map[string][2]int

// check compares requests with what they may be; there may be no others.
func (m most) check(t *testing.T, got map[string]int) {
	t.Helper()
	t.Logf("requests: %v", got)
	for request, n := range got {
		if _, ok := m[request]; !ok {
			t.Errorf("%d × %s, want none", n, request)
		}
	}
	for request, want := range m {
		if n := got[request]; n < want[0] || n > want[1] {
			t.Errorf("%d × %s, want %d to %d", n, request, want[0], want[1])
		}
	}
}

// countCommit: a commit to one Application costs one fetch, one PATCH of the object
// that it changes, at most three writes to the Application, and nothing else. The
// object is read once: its body is not kept, and it has to be compared with
// what is desired now.
func (w *world) countCommit(t *testing.T) {
	const i = 42
	app := w.content.app(i)
	object := " configmaps " + app + "/" + probe
	from, git := time.Now(), w.gitSoFar()
	sha := w.commit("counted", i)
	w.shows("counted", i)
	w.synced([]string{w.all()[i]}, sha)
	to := w.settle()
	processes := w.gitSince(git)
	delete(processes, "ls-remote") // one per interval; that is counted above
	delete(processes, "cat-file")  // one reads all files, and rests when there is nothing to read
	if diff := cmp.Diff(map[string]int{"fetch": 1}, processes); diff != "" {
		t.Errorf("git processes (-want +got):\n%s", diff)
	}
	most{
		"patch applications argocd/" + app: {1, 3},
		"patch" + object:                   {1, 1},
		"get" + object:                     {0, 1},
	}.check(t, w.requests(from, to).without("watch").counts(byObject))
}

// countDrift: a drift costs one PATCH of the object, before that at most one
// read and one dry run, at most three writes to its Application, and nothing else.
func (w *world) countDrift(t *testing.T) {
	const i = 17
	app := w.content.app(i)
	object := " configmaps " + app + "/" + probe
	from, git := time.Now(), w.gitSoFar()
	version := w.drift(i, "drifted")
	w.showsAfter(version, "initial", i)
	w.syncedAfter(version, []string{w.all()[i]}, "")
	to := w.settle()
	processes := w.gitSince(git)
	delete(processes, "ls-remote")
	if len(processes) > 0 {
		t.Errorf("git processes, want none: %v", processes)
	}
	most{
		"patch applications argocd/" + app: {1, 3},
		"patch" + object:                   {1, 1},
		"get" + object:                     {0, 1},
		"dryrun" + object:                  {0, 1},
	}.check(t, w.requests(from, to).without("watch").counts(byObject))
}
