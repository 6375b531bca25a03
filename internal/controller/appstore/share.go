package appstore

import (
	"slices"

	"evenkeel.dev/api/v1alpha1"
)

// lean makes a decoded Application smaller. Its status names each object twice, in lists
// for which the decoder left room, with texts of which most are the same for all: that is
// half of what hundreds of Applications take.
func lean(app *v1alpha1.Application) {
	app.SetManagedFields(nil)
	texts := map[string]string{}
	app.Status.Resources = slices.Clip(slices.Clone(app.Status.Resources))
	for i := range app.Status.Resources {
		r := &app.Status.Resources[i]
		share(texts, &r.Group, &r.Version, &r.Kind, &r.Namespace, &r.Name, (*string)(&r.Status))
		if r.Health != nil {
			share(texts, (*string)(&r.Health.Status), &r.Health.Message)
		}
	}
	if s := app.Status.OperationState; s != nil && s.SyncResult != nil {
		s.SyncResult.Resources = slices.Clip(slices.Clone(s.SyncResult.Resources))
		for _, r := range s.SyncResult.Resources {
			if r == nil {
				continue
			}
			share(texts, &r.Group, &r.Version, &r.Kind, &r.Namespace, &r.Name, (*string)(&r.Status), &r.Message)
			share(texts, &r.HookType, (*string)(&r.HookPhase), &r.SyncPhase)
		}
	}
}

// share gives equal texts one memory.
func share(known map[string]string, texts ...*string) {
	for _, t := range texts {
		if *t == "" {
			continue
		}
		if have, ok := known[*t]; ok {
			*t = have
			continue
		}
		known[*t] = *t
	}
}
