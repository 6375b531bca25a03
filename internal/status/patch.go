package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"evenkeel.dev/api/v1alpha1"
)

// Change is what is written to an Application.
type Change struct {
	Status v1alpha1.ApplicationStatus
	// ClearOperation removes .operation, which has been carried out.
	ClearOperation bool
	// ClearAnnotations are removed: requests that have been answered.
	ClearAnnotations []string
	// SetAnnotations are set.
	SetAnnotations map[string]string
	// Finalizers replaces metadata.finalizers when not nil.
	Finalizers []string
}

// Patch is the JSON merge patch (RFC 7386) that makes the change, or nil when
// there is nothing to write. It holds the resource version when it removes what
// somebody else wrote, so that a newer request is never swept away.
func Patch(app *v1alpha1.Application, c Change) ([]byte, error) {
	body := map[string]json.RawMessage{}
	status, err := mergePatch(app.Status, c.Status)
	if err != nil {
		return nil, fmt.Errorf("status of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	if len(status) > len("{}") {
		body["status"] = status
	}
	meta := map[string]any{}
	if c.ClearOperation && app.Operation != nil {
		body["operation"] = json.RawMessage("null")
		meta["resourceVersion"] = app.ResourceVersion
	}
	annotations := map[string]any{}
	for _, a := range c.ClearAnnotations {
		if _, ok := app.Annotations[a]; ok {
			annotations[a] = nil
			meta["resourceVersion"] = app.ResourceVersion
		}
	}
	for a, value := range c.SetAnnotations {
		if app.Annotations[a] != value {
			annotations[a] = value
			meta["resourceVersion"] = app.ResourceVersion
		}
	}
	if len(annotations) > 0 {
		meta["annotations"] = annotations
	}
	if c.Finalizers != nil && !slices.Equal(c.Finalizers, app.Finalizers) {
		meta["finalizers"] = c.Finalizers
		meta["resourceVersion"] = app.ResourceVersion
	}
	if len(meta) > 0 {
		if body["metadata"], err = json.Marshal(meta); err != nil {
			return nil, err
		}
	}
	if len(body) == 0 {
		return nil, nil
	}
	return json.Marshal(body)
}

func mergePatch(before, after v1alpha1.ApplicationStatus) (json.RawMessage, error) {
	a, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(after)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(a, b) {
		return nil, nil // as most passes find it: parsing both again takes six times as long
	}
	return jsonpatch.CreateMergePatch(a, b)
}
