package claim

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/health/custom"
	"evenkeel.dev/internal/settings"
)

// Rules keeps the rules for health that the settings have, compiled once for each
// change of them. The zero Rules has none; it is safe for concurrent use.
type Rules struct {
	// Now is the clock that rules may ask; nil means time.Now.
	Now func() time.Time

	current atomic.Pointer[health.Rules]

	mu       sync.Mutex
	specs    []custom.Spec
	problems []custom.Problem
}

// Current are the rules in force.
func (r *Rules) Current() *health.Rules { return r.current.Load() }

// Adopt puts the rules of a snapshot in force, and tells what is wrong with them.
func (r *Rules) Adopt(s settings.Snapshot) []settings.Problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	specs, keys := specsOf(s.Customizations)
	if !slices.Equal(specs, r.specs) {
		now := r.Now
		if now == nil {
			now = time.Now
		}
		rules, problems := health.NewRules(specs, custom.Options{Now: now})
		r.specs, r.problems = specs, problems
		r.current.Store(rules)
	}
	told := make([]settings.Problem, 0, len(r.problems))
	for _, p := range r.problems {
		key := keys[p.Spec].lua
		if p.CEL {
			key = keys[p.Spec].cel
		}
		told = append(told, settings.Problem{Object: settings.ConfigMap, Key: key, Reason: p.Reason + "; what it is for has Unknown health"})
	}
	return told
}

type keys struct{ lua, cel string }

func specsOf(list []settings.Customization) ([]custom.Spec, map[custom.Spec]keys) {
	var specs []custom.Spec
	found := map[custom.Spec]keys{}
	for _, c := range list {
		if c.Health == "" && c.HealthCEL == "" {
			continue
		}
		s := custom.Spec{Group: c.Group, Kind: c.Kind, Lua: c.Health, OpenLibs: c.UseOpenLibs, CEL: c.HealthCEL}
		specs = append(specs, s)
		found[s] = keys{lua: c.HealthKey, cel: c.HealthCELKey}
	}
	return specs, found
}

// Anew has objects judged again that were judged by rules no longer in force.
type Anew struct {
	Cluster *cluster.Cluster
	Rules   func() *health.Rules

	mu   sync.Mutex
	last *health.Rules
}

// Judge is called before the cluster runs, and when the rules may have changed. Kinds
// of which the same is said as before are left alone.
func (a *Anew) Judge() {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, now := a.last, a.Rules()
	if before == now {
		return
	}
	a.last = now
	a.Cluster.JudgeAnew(func(gk schema.GroupKind) bool { return !before.Same(now, gk) })
}
