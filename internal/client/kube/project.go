package kube

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// GetProject reads one AppProject; NotFound when there is none.
func (c *Client) GetProject(ctx context.Context, namespace, name string) (*v1alpha1.AppProject, error) {
	what := "get project " + namespace + "/" + name
	obj, err := c.projects.Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, explain(err, what)
	}
	project := &v1alpha1.AppProject{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, project); err != nil {
		return nil, explain(err, what)
	}
	return project, nil
}

// SetWindows replaces the sync windows of the AppProject that has project's resource
// version by project's; fault.Conflict when it has moved on. As windows are known by
// their place, nobody but whoever asked can say what is meant then.
func (c *Client) SetWindows(ctx context.Context, project *v1alpha1.AppProject) error {
	what := "change the sync windows of project " + project.Namespace + "/" + project.Name
	windows := project.Spec.SyncWindows
	if len(windows) == 0 {
		windows = nil // null takes the field away
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": project.ResourceVersion, "uid": project.UID},
		"spec":     map[string]any{"syncWindows": windows},
	})
	if err != nil {
		return explain(err, what)
	}
	_, err = c.projects.Namespace(project.Namespace).Patch(ctx, project.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if apierrors.IsConflict(err) {
		return fault.New(fault.Conflict, "%s: it was changed meanwhile: look at its windows again", what)
	}
	return explain(err, what)
}
