package action

import (
	"strconv"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

const (
	iconRedo   = "fa fa-fw fa-redo"
	iconPause  = "fa fa-fw fa-pause"
	iconPlay   = "fa fa-fw fa-play"
	iconPlus   = "fa fa-fw fa-plus"
	iconPaused = "fa fa-fw fa-pause-circle"
	iconPlayed = "fa fa-fw fa-play-circle"
	iconMore   = "fa fa-fw fa-plus-circle"
)

// restartedAt is the annotation of kubectl rollout restart.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

func workloads(kind string) []definition {
	restart := definition{name: "restart", icon: iconRedo, patch: stamps("spec", "template", "metadata", "annotations", restartedAt)}
	switch kind {
	case "DaemonSet":
		return []definition{restart}
	case "StatefulSet":
		return []definition{restart, scale()}
	case "Deployment":
		return []definition{
			restart,
			{
				name: "pause", icon: iconPaused, patch: sets(true, "spec", "paused"),
				state: func(o object) state { return enabledIf(!o.flag("spec", "paused")) },
			},
			{
				name: "resume", icon: iconPlayed, patch: removes("spec", "paused"),
				state: func(o object) state { return enabledIf(o.flag("spec", "paused")) },
			},
			scale(),
		}
	}
	return nil
}

const replicasParam = "replicas"

func scale() definition {
	return definition{
		name: "scale", icon: iconMore,
		params: func(o object) []Param {
			n, ok := o.number("spec", "replicas")
			if !ok {
				n = 1
			}
			return []Param{{Name: replicasParam, Default: strconv.FormatInt(n, 10)}}
		},
		patch: func(o object, in Input) error {
			n, err := replicas(in)
			if err == nil {
				o.set(n, "spec", "replicas")
			}
			return err
		},
		sample: func(o object) map[string]string {
			n, _ := o.number("spec", "replicas")
			return map[string]string{replicasParam: strconv.FormatInt(n+1, 10)}
		},
	}
}

// replicas reads the parameter. Argo CD takes whatever Lua takes for a number, and has
// the API server refuse -1 and 1.5.
func replicas(in Input) (int64, error) {
	text, ok := in.Params[replicasParam]
	if !ok {
		return 0, fault.New(fault.Invalid, "parameter %s is missing", replicasParam)
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fault.New(fault.Invalid, "parameter %s: %s is not a number from 0 up", replicasParam, resource.Shown(text))
	}
	return int64(n), nil
}
