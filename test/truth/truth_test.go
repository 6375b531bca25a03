package truth

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"evenkeel.dev/internal/diff"
)

var (
	pairsFlag = flag.Int("pairs", 500, "how many pairs of a desired and a live object are tried")
	seedFlag  = flag.Int("seed", 1, "which ones")
	kindFlag  = flag.String("kinds", "", "a regular expression of the kinds to try, like Deployment.apps/v1")
)

// TestTruth makes the experiments.
func TestTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	l := newLab(t)
	out := newTally()
	only := regexp.MustCompile(*kindFlag)
	subjects := slices.DeleteFunc(l.subjects, func(s *subject) bool { return !only.MatchString(s.name) })
	each := (*pairsFlag + len(subjects) - 1) / len(subjects)
	var g errgroup.Group
	g.SetLimit(4)
	for i, s := range subjects {
		g.Go(func() error {
			for done, try := 0, 0; done < each && try < each+5; try++ {
				x := &session{subject: s, ctx: t.Context(), seed: *seedFlag*1_000_003 + i*10_007 + try, out: out, agreed: map[string]bool{}}
				n, err := x.run(each - done)
				if err != nil {
					return err
				}
				done += n
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	out.report(t)
}

type counts struct {
	applied, spurious, unstable, single, asked, misnamed int
	pairs, equal, remembered, refused, unsound, needless int
}

// tally is what came of the experiments.
type tally struct {
	mu       sync.Mutex
	total    counts
	kinds    map[string]int
	failures map[string]int
	notes    map[string]int
}

func newTally() *tally {
	return &tally{kinds: map[string]int{}, failures: map[string]int{}, notes: map[string]int{}}
}

// often lists messages with how often each came.
func often(messages map[string]int) []string {
	var out []string
	for m, n := range messages {
		out = append(out, fmt.Sprintf("%5d %s", n, m))
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

func (a *tally) count(f func(*counts)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(&a.total)
}

func (a *tally) fail(message string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures[message]++
}

func (a *tally) pair(s *session, f func(*counts)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total.pairs++
	a.kinds[s.name]++
	f(&a.total)
}

// agree is a pair of which it was known without asking what is true, or asked for a
// reason.
func (a *tally) agree(s *session, predicted, equal bool) {
	a.pair(s, func(c *counts) {
		switch {
		case predicted:
			c.equal++
		case equal:
			c.remembered++
		}
	})
}

func (a *tally) unsound(s *session, p pairOf, predicted []diff.Change, truth []string) {
	a.pair(s, func(c *counts) { c.unsound++ })
	a.fail(fmt.Sprintf("%s was predicted equal and differs in %s (seed %d; remembered %q)\n  %s", s.name, strings.Join(truth, ", "), s.seed, show(predicted), p))
}

func (a *tally) needless(s *session, predicted []diff.Change, changes []change) {
	a.pair(s, func(c *counts) { c.needless++ })
	a.note(s, "needless", predicted, changes)
}

// note remembers a prediction that was not true, in few words.
func (a *tally) note(s *session, word string, predicted []diff.Change, changes []change) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kind := s.name
	if strings.HasPrefix(kind, "Thing") {
		kind = "Thing"
	}
	var ops []string
	for _, c := range changes {
		ops = append(ops, c.what)
	}
	a.notes[fmt.Sprintf("%s: %s %s %s", word, kind, show(predicted), strings.Join(ops, ","))]++
}

func show(changes []diff.Change) string {
	var out []string
	for _, c := range changes {
		word := ""
		if c.Removed {
			word = " removed"
		}
		if c.Unsure {
			word += " unsure"
		}
		out = append(out, fmt.Sprintf("%s%s: %v <- %v", c.Path, word, c.Desired, c.Live))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func (a *tally) report(t *testing.T) {
	t.Helper()
	c := a.total
	t.Logf("pairs %d, kinds %d, predicted equal %d, known to be equal from an earlier answer %d, dry runs needed %d, of which needless %d (%.2f %% of pairs); refused by the API server %d",
		c.pairs, len(a.kinds), c.equal, c.remembered, c.pairs-c.equal-c.remembered-c.unsound, c.needless, 100*float64(c.needless)/float64(max(c.pairs, 1)), c.refused)
	t.Logf("compared at once after an apply %d, of which needed a dry run to be called equal %d, and changed by another apply %d", c.applied, c.spurious, c.unstable)
	t.Logf("single changes by others %d, of which told as exactly that one after a dry run %d, and never %d", c.single, c.asked, c.misnamed)
	for _, m := range often(a.notes) {
		t.Log(m)
	}
	for _, m := range often(a.failures) {
		t.Error(m)
	}
}
