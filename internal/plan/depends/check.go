package depends

import (
	"fmt"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
)

// Facts are what is known of an Application.
type Facts struct {
	Sync   v1alpha1.SyncStatusCode
	Health v1alpha1.HealthStatusCode
	// Observed says that Sync and Health are of its newest spec.
	Observed bool
	// Revisions are what Sync is of, one per source; Desired what the sources are to be
	// at now. Without Desired it is not known, and waited for.
	Revisions, Desired []string
	// Syncing says that an operation is running, so that Sync and Health may be of
	// something that is half done.
	Syncing bool
	// Deleting says that it is being deleted.
	Deleting bool
	// DependsOn is what it depends on itself.
	DependsOn []Ref
}

// Graph gives the facts of an Application, whose Ref has a namespace, and whether
// there is one.
type Graph func(Ref) (Facts, bool)

// Wait is an Application that is waited for.
type Wait struct {
	On Ref
	// Missing says that it does not exist.
	Missing bool
	// Reason is what is not so yet, as "it is Progressing".
	Reason string
}

// Verdict says whether an Application may sync.
type Verdict struct {
	Ready bool
	// Waits are those that are not ready, in the order of the annotation.
	Waits []Wait
	// Cycle is the cycle that the Application is part of: the last is the first again.
	Cycle []Ref

	namespace string
}

// Check says whether what app depends on is ready. app has a namespace, and is known
// to the graph; what is not depends on nothing.
func Check(app Ref, graph Graph) Verdict {
	v := Verdict{namespace: app.Namespace}
	facts, _ := graph(app)
	for _, on := range resolved(app, facts.DependsOn) {
		f, ok := graph(on)
		switch {
		case !ok:
			v.Waits = append(v.Waits, Wait{On: on, Missing: true})
		case on == app:
			// Its own state says nothing: it is the cycle that is wrong.
		default:
			if reason := f.Unready(); reason != "" {
				v.Waits = append(v.Waits, Wait{On: on, Reason: reason})
			}
		}
	}
	v.Cycle = cycle(app, graph)
	v.Ready = len(v.Waits) == 0 && len(v.Cycle) == 0
	return v
}

// resolved are what app depends on, each once and with its namespace.
func resolved(app Ref, on []Ref) []Ref {
	var out []Ref
	for _, r := range on {
		if r = r.from(app.Namespace); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// Unobserved says whether Sync and Health may be of another spec or revision than
// the newest.
func (f Facts) Unobserved() bool { return !f.Observed || len(f.behind()) > 0 }

// Unready is what is not so yet; empty if nothing.
func (f Facts) Unready() string {
	switch {
	case f.Deleting:
		return "it is being deleted"
	case !f.Observed:
		return "it has not been compared since its spec changed"
	}
	var reasons []string
	switch f.Sync {
	case v1alpha1.SyncStatusSynced:
		reasons = f.behind()
	case "", v1alpha1.SyncStatusUnknown:
		reasons = append(reasons, "its sync status is not known")
	default:
		reasons = append(reasons, "it is "+cut(string(f.Sync)))
	}
	if f.Syncing {
		reasons = append(reasons, "it is being synced")
	}
	switch f.Health {
	case v1alpha1.HealthStatusHealthy:
	case "", v1alpha1.HealthStatusUnknown:
		reasons = append(reasons, "its health is not known")
	default:
		reasons = append(reasons, "it is "+cut(string(f.Health)))
	}
	return strings.Join(reasons, " and ")
}

// behind is why it is not Synced to what its source says now.
func (f Facts) behind() []string {
	switch {
	case len(f.Desired) == 0:
		return []string{"what its source says now is not known"}
	case !slices.Equal(f.Revisions, f.Desired):
		return []string{fmt.Sprintf("it is Synced to %s, and its source is at %s", revisions(f.Revisions), revisions(f.Desired))}
	}
	return nil
}

func revisions(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	short := make([]string, len(all))
	for i, r := range all {
		short[i] = cut(r)
		if len(r) == 40 && strings.Trim(r, "0123456789abcdef") == "" {
			short[i] = r[:7]
		}
	}
	return strings.Join(short, ", ")
}

// String says what is waited for; empty when nothing is.
func (v Verdict) String() string {
	var out []string
	if len(v.Cycle) > 0 {
		out = append(out, "cycle: "+chain(v.Cycle))
	}
	for _, w := range v.Waits {
		name := w.On.seen(v.namespace)
		if w.Missing {
			out = append(out, name+" does not exist")
			continue
		}
		out = append(out, "waits for "+name+": "+w.Reason)
	}
	return strings.Join(out, "; ")
}

// chain names a cycle the same way for whoever is part of it.
func chain(refs []Ref) string {
	namespace := refs[0].Namespace
	if slices.ContainsFunc(refs, func(r Ref) bool { return r.Namespace != namespace }) {
		namespace = ""
	}
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.seen(namespace)
	}
	return strings.Join(names, " → ")
}

// quote is what somebody wrote, in a length that a sentence can bear.
func quote(s string) string { return fmt.Sprintf("%q", cut(s)) }

func cut(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
