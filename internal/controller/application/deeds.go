package application

import (
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Deeds are what was done to an Application, for those who look at it.
func (c *Controller) Deeds(namespace, name string) []view.Deed {
	key := types.NamespacedName{Namespace: namespace, Name: name}
	app := c.store.App(key)
	if app == nil {
		return nil
	}
	waves := c.waves(key)
	return view.DeedsOf(app, func(phase string, key resource.Key) int {
		if w, ok := waves[hookPlace{phase, key}]; ok {
			return w
		}
		if w, ok := waves[hookPlace{"", key}]; ok {
			return w
		}
		if r := c.cluster.Get(key); r != nil { // what is not desired any more
			return r.Hints.Wave
		}
		return 0
	})
}

// hookPlace is where a hook runs; other objects have no phase.
type hookPlace struct {
	phase string
	key   resource.Key
}

// waves are those of an Application's desired objects and hooks.
func (c *Controller) waves(key types.NamespacedName) map[hookPlace]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[key]
	if s == nil || s.rendering == nil {
		return nil
	}
	out := make(map[hookPlace]int, len(s.rendering.Claims)+len(s.rendering.Hooks))
	for _, x := range s.rendering.Claims {
		out[hookPlace{"", x.Object.Key}] = x.Object.Wave
	}
	for _, h := range s.rendering.Hooks {
		for _, t := range h.HookTypes {
			out[hookPlace{string(t), h.Key}] = h.Wave
		}
	}
	return out
}
