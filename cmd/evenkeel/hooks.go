package main

import (
	"evenkeel.dev/internal/controller/application"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/server/webhook"
	"evenkeel.dev/internal/settings"
)

// hooks hand events of Git servers and registries to the controller.
type hooks struct {
	settings *settings.Watcher
	control  *application.Controller
}

// Settings are known when they were read once: until then no secret would be asked for.
func (h hooks) Settings() (settings.Webhooks, bool) {
	select {
	case <-h.settings.Ready():
		return h.settings.Current().Webhooks, true
	default:
		return settings.Webhooks{}, false
	}
}

func (h hooks) Pushed(p webhook.Push) int { return h.control.Pushed(repository.Push(p)) }
