package action

import "slices"

const (
	numaIconPause = "fa-solid fa-fw fa-pause"
	numaIconPlay  = "fa-solid fa-fw fa-play"
	upgradeState  = "numaplane.numaproj.io/upgrade-state"
)

func numaflow(kind string) []definition {
	force := forcePromote()
	switch kind {
	case "InterStepBufferService":
		force.display = ""
		return []definition{force}
	case "MonoVertex":
		p := pausable{
			spec: []string{"spec"}, meta: []string{"spec", "metadata"},
			allowed: func(o object) bool { return !ownedBy(o, "MonoVertexRollout") },
			fast:    func(object) {},
			gradual: func(o object) { o.remove("spec", "replicas") },
		}
		return append(p.definitions(), force)
	case "Pipeline":
		const strategy = "numaflow.numaproj.io/resume-strategy"
		p := pausable{
			spec: []string{"spec"}, meta: []string{"spec", "metadata"},
			allowed: func(o object) bool {
				return !ownedBy(o, "PipelineRollout") || o.text(label(upgradeState)...) == "recyclable-expired"
			},
			fast:    func(o object) { o.set("fast", annotation(strategy)...) },
			gradual: func(o object) { o.set("slow", annotation(strategy)...) },
		}
		return append(p.definitions(), force, definition{
			name: "delete", display: "Delete", icon: "fa-solid fa-fw fa-trash",
			patch: sets("true", annotation("numaplane.numaproj.io/marked-for-deletion")...),
			state: func(o object) state {
				return enabledIf(slices.Contains([]string{"recyclable", "recyclable-expired"}, o.text(label(upgradeState)...)))
			},
		})
	}
	return nil
}

func forcePromote() definition {
	const forced = "numaplane.numaproj.io/force-promote"
	return definition{
		name: "force-promote", display: "Force Promote", icon: "fa-solid fa-fw fa-forward",
		patch: sets("true", label(forced)...),
		state: func(o object) state {
			upgrading := slices.Contains([]string{"in-progress", "trial"}, o.text(label(upgradeState)...))
			return enabledIf(upgrading && o.text(label(forced)...) != "true")
		},
	}
}

func numaplane(kind string) []definition {
	resume := func(fast bool) func(object) {
		return func(o object) { o.set(fast, "spec", "strategy", "pauseResume", "fastResume") }
	}
	child := map[string]string{"MonoVertexRollout": "monoVertex", "PipelineRollout": "pipeline"}[kind]
	if child == "" {
		return nil
	}
	p := pausable{
		spec: []string{"spec", child, "spec"}, meta: []string{"spec", child, "metadata"},
		allowed: func(object) bool { return true }, fast: resume(true), gradual: resume(false),
	}
	if kind != "PipelineRollout" {
		return p.definitions()
	}
	loss := annotation("numaplane.numaproj.io/allow-data-loss")
	return append(
		p.definitions(),
		definition{
			name: "allow-data-loss", display: "Allow (Possible) Data Loss", icon: "fa-solid fa-fw fa-unlock", patch: sets("true", loss...),
			state: func(o object) state {
				return enabledIf(o.text("status", "upgradeInProgress") == "PipelinePauseAndDrain")
			},
		},
		definition{
			name: "disallow-data-loss", display: "Disallow Data Loss", icon: "fa-solid fa-fw fa-lock", patch: sets("false", loss...),
			state: func(o object) state { return enabledIf(o.text(loss...) == "true") },
		},
	)
}

// pausable is how pausing is written in a kind of Numaflow's or Numaplane's: where its
// spec and the metadata are that say how it may be resumed, whether people may do it,
// and what a resumption adds.
type pausable struct {
	spec, meta    []string
	allowed       func(object) bool
	fast, gradual func(object)
}

func (p pausable) phase() []string { return append(slices.Clone(p.spec), "lifecycle", "desiredPhase") }

func (p pausable) definitions() []definition {
	return []definition{
		{
			name: "pause", icon: numaIconPause, patch: sets("Paused", p.phase()...),
			state: func(o object) state { return enabledIf(p.allowed(o) && !p.paused(o)) },
		},
		{
			name: "unpause-gradual", display: "Unpause (gradual)", icon: numaIconPlay, patch: p.run(p.gradual),
			state: func(o object) state { return enabledIf(p.allowed(o) && p.paused(o) && p.strategies(o) != "fast") },
		},
		{
			name: "unpause-fast", display: "Unpause (fast)", icon: numaIconPlay, patch: p.run(p.fast),
			state: func(o object) state {
				s := p.strategies(o)
				return enabledIf(p.allowed(o) && p.paused(o) && (s == "fast" || s == "slow, fast"))
			},
		},
	}
}

func (p pausable) paused(o object) bool { return o.text(p.phase()...) == "Paused" }

// strategies are those by which it may be resumed; none named means slow.
func (p pausable) strategies(o object) string {
	return o.text(append(slices.Clone(p.meta), "annotations", "numaflow.numaproj.io/allowed-resume-strategies")...)
}

func (p pausable) run(more func(object)) func(object, Input) error {
	return func(o object, _ Input) error {
		o.set("Running", p.phase()...)
		more(o)
		return nil
	}
}

func ownedBy(o object, kind string) bool {
	return slices.ContainsFunc(o.list("metadata", "ownerReferences"), func(r any) bool {
		m, _ := r.(map[string]any)
		return m["kind"] == kind
	})
}
