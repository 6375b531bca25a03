package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// maxCopied bounds what the copy operations of a JSON patch may add up to.
const maxCopied = 1 << 20

// Create makes an Application with app's metadata and spec; status and operation
// are not for whoever creates to say and are left out. Its error is
// fault.Conflict when there is one of that name.
func (c *Client) Create(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	ch := c.change("create", app.Namespace, app.Name)
	if reason := flaw(app); reason != "" {
		return nil, ch.refuse(fault.Invalid, reason)
	}
	obj, err := encode(app)
	if err != nil {
		return nil, explain(err, ch.what())
	}
	unstructured.RemoveNestedField(obj.Object, "metadata", "resourceVersion")
	unstructured.RemoveNestedField(obj.Object, "metadata", "uid")
	unstructured.RemoveNestedField(obj.Object, "metadata", "managedFields")
	created, err := c.apps.Namespace(app.Namespace).Create(ctx, obj, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if apierrors.IsAlreadyExists(err) {
		return nil, ch.refuse(fault.Conflict, "it exists already")
	}
	if err != nil {
		return nil, explain(err, ch.what())
	}
	return decode(created)
}

// Update replaces the spec, labels, annotations and finalizers of the Application
// that has app's resource version; fault.Conflict when it has moved on.
func (c *Client) Update(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	ch := c.change("update", app.Namespace, app.Name)
	if reason := flaw(app); reason != "" {
		return nil, ch.refuse(fault.Invalid, reason)
	}
	wanted, err := encode(app)
	if err != nil {
		return nil, explain(err, ch.what())
	}
	return ch.run(ctx, func(now *v1alpha1.Application, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		if now.ResourceVersion != app.ResourceVersion {
			return nil, ch.refuse(fault.Conflict, "it was changed meanwhile: read it again")
		}
		obj.Object["spec"] = wanted.Object["spec"]
		obj.SetLabels(app.Labels)
		obj.SetAnnotations(app.Annotations)
		obj.SetFinalizers(app.Finalizers)
		return ch.replace(ctx, obj)
	})
}

// Patch changes spec, labels, annotations or finalizers by a JSON patch or a
// merge patch. A patch that changes anything else is fault.Invalid, as is one
// whose outcome is no valid Application; one whose test fails is fault.Conflict.
func (c *Client) Patch(ctx context.Context, namespace, name string, kind types.PatchType, patch []byte) (*v1alpha1.Application, error) {
	ch := c.change("patch", namespace, name)
	return ch.run(ctx, func(app *v1alpha1.Application, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		before, err := json.Marshal(obj.Object)
		if err != nil {
			return nil, err
		}
		after, err := applyPatch(before, kind, patch)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "%s", ch.what())
		}
		patched, reason := patchedApplication(obj, after)
		if reason != "" {
			return nil, ch.refuse(fault.Invalid, reason)
		}
		if equality.Semantic.DeepEqual(obj.Object, patched.Object) {
			return obj, nil
		}
		patched.SetResourceVersion(app.ResourceVersion)
		return ch.replace(ctx, patched)
	})
}

func applyPatch(doc []byte, kind types.PatchType, patch []byte) ([]byte, error) {
	switch kind {
	case types.MergePatchType:
		// Numbers and nulls count, so what is no object is refused, not merged.
		if !bytes.HasPrefix(bytes.TrimSpace(patch), []byte("{")) {
			return nil, fault.New(fault.Invalid, "the merge patch is no JSON object")
		}
		after, err := jsonpatch.MergePatch(doc, patch)
		return after, fault.Wrap(fault.Invalid, err, "the merge patch cannot be applied")
	case types.JSONPatchType:
		ops, err := jsonpatch.DecodePatch(patch)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the JSON patch cannot be read")
		}
		o := jsonpatch.NewApplyOptions()
		o.AccumulatedCopySizeLimit = maxCopied
		after, err := ops.ApplyWithOptions(doc, o)
		if errors.Is(err, jsonpatch.ErrTestFailed) {
			return nil, fault.Wrap(fault.Conflict, err, "the JSON patch does not fit")
		}
		return after, fault.Wrap(fault.Invalid, err, "the JSON patch cannot be applied")
	}
	return nil, fault.New(fault.Invalid, "patch type %q: want a JSON patch or a merge patch", kind)
}

// patchedApplication reads what a patch made of obj, or says why it is not allowed.
func patchedApplication(obj *unstructured.Unstructured, after []byte) (patched *unstructured.Unstructured, flawed string) {
	var app v1alpha1.Application
	strict, err := kjson.UnmarshalStrict(after, &app)
	if err != nil {
		return nil, "the outcome is no application: " + err.Error()
	}
	// Fields that this build does not know may stand in what others wrote; they are
	// an error only if the patch brought them.
	if len(strict) > 0 && !unknownBefore(obj) {
		return nil, "the outcome is no application: " + strict[0].Error()
	}
	patched = &unstructured.Unstructured{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(after, &patched.Object); err != nil {
		return nil, "the outcome is no application: " + err.Error()
	}
	if !equality.Semantic.DeepEqual(fixed(obj), fixed(patched)) {
		return nil, "a patch may change spec, labels, annotations and finalizers only"
	}
	return patched, flaw(&app)
}

func unknownBefore(obj *unstructured.Unstructured) bool {
	raw, err := json.Marshal(obj.Object)
	if err != nil {
		return false
	}
	var app v1alpha1.Application
	strict, err := kjson.UnmarshalStrict(raw, &app)
	return err == nil && len(strict) > 0
}

// fixed is what a patch must leave as it is.
func fixed(obj *unstructured.Unstructured) map[string]any {
	rest := maps.Clone(obj.Object)
	delete(rest, "spec")
	metadata, ok := rest["metadata"].(map[string]any)
	if !ok {
		return rest
	}
	metadata = maps.Clone(metadata)
	for _, field := range [...]string{"labels", "annotations", "finalizers"} {
		delete(metadata, field)
	}
	rest["metadata"] = metadata
	return rest
}

// encode is app without status and operation.
func encode(app *v1alpha1.Application) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(app)
	if err != nil {
		return nil, err
	}
	delete(fields, "status")
	delete(fields, "operation")
	obj := &unstructured.Unstructured{Object: fields}
	obj.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Application"))
	unstructured.RemoveNestedField(obj.Object, "metadata", "creationTimestamp")
	return obj, nil
}

// flaw is what is wrong with an Application whatever the cluster's state; empty
// if nothing is. The CRD's schema checks the rest.
func flaw(app *v1alpha1.Application) string {
	if problems := validation.IsDNS1123Subdomain(app.Name); len(problems) > 0 {
		return "metadata.name: " + problems[0]
	}
	if problems := validation.IsDNS1123Label(app.Namespace); len(problems) > 0 {
		return "metadata.namespace: " + problems[0]
	}
	d := app.Spec.Destination
	switch {
	case d.Server != "" && d.Name != "":
		return "spec.destination: server and name exclude each other"
	case d.Server == "" && d.Name == "":
		return "spec.destination: server or name is missing"
	}
	return sourceFlaw(app)
}

func sourceFlaw(app *v1alpha1.Application) string {
	if app.Spec.SourceHydrator != nil {
		return ""
	}
	sources := app.Spec.Sources
	if len(sources) == 0 && app.Spec.Source != nil {
		sources = []v1alpha1.ApplicationSource{*app.Spec.Source}
	}
	if len(sources) == 0 {
		return "spec.source or spec.sources is missing"
	}
	for _, s := range sources {
		if s.RepoURL == "" {
			return "spec.source: repoURL is missing"
		}
		if s.Path == "" && s.Chart == "" && s.Ref == "" {
			return "spec.source: path or chart is missing for " + s.RepoURL
		}
	}
	return ""
}
