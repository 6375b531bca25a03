package kube

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// attempts is how often a change is decided anew because somebody else changed
// the Application in between.
const attempts = 5

// change is a decision about an Application as the cluster has it now.
type change struct {
	client          *Client
	namespace, name string
	// verb says what is being done, for errors.
	verb string
}

func (c *Client) change(verb, namespace, name string) change {
	return change{client: c, namespace: namespace, name: name, verb: verb}
}

func (c change) what() string { return c.verb + " application " + c.namespace + "/" + c.name }

// refuse is why the change cannot be made.
func (c change) refuse(kind fault.Kind, reason string) error {
	return fault.New(kind, "%s: %s", c.what(), reason)
}

// attempt makes one try. The error of a lost race is the API server's own.
type attempt func(app *v1alpha1.Application, obj *unstructured.Unstructured) (*unstructured.Unstructured, error)

// run reads the Application and makes a try, again if it lost a race.
func (c change) run(ctx context.Context, try attempt) (*v1alpha1.Application, error) {
	var lost error
	for range attempts {
		obj, err := c.client.apps.Namespace(c.namespace).Get(ctx, c.name, metav1.GetOptions{})
		if err != nil {
			return nil, explain(err, c.what())
		}
		app, err := decode(obj)
		if err != nil {
			return nil, err
		}
		after, err := try(app, obj)
		if apierrors.IsConflict(err) {
			lost = err
			continue
		}
		if err != nil {
			return nil, c.explain(err)
		}
		return decode(after)
	}
	return nil, explain(lost, c.what())
}

// explain leaves what the change itself decided as it is.
func (c change) explain(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return explain(err, c.what())
}

// patch merges fields into the Application if it still is the one that was read.
func (c change) patch(ctx context.Context, app *v1alpha1.Application, fields map[string]any) (*unstructured.Unstructured, error) {
	metadata, _ := fields["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["resourceVersion"], metadata["uid"] = app.ResourceVersion, app.UID
	fields["metadata"] = metadata
	return c.merge(ctx, fields)
}

// merge merges fields into whatever the Application is by then.
func (c change) merge(ctx context.Context, fields map[string]any) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return c.client.apps.Namespace(c.namespace).Patch(ctx, c.name, types.MergePatchType, body, metav1.PatchOptions{})
}

// replace writes obj if the Application still is the one that obj was made from.
func (c change) replace(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return c.client.apps.Namespace(c.namespace).Update(ctx, obj, metav1.UpdateOptions{})
}
