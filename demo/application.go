package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
)

// controlNamespace is where the Applications are.
const controlNamespace = "argocd"

func applicationKind() schema.GroupKind {
	return v1alpha1.GroupVersion.WithKind("Application").GroupKind()
}

func applicationObject(name string) object {
	return object{kind: applicationKind(), namespace: controlNamespace, name: name}
}

// readApplications are the Applications of a directory, for sources in this repository.
func readApplications(dir fs.FS, repository string) ([]*unstructured.Unstructured, error) {
	objs, err := readObjects(dir)
	if err != nil {
		return nil, err
	}
	for _, obj := range objs {
		obj.SetNamespace(controlNamespace)
		if err := unstructured.SetNestedField(obj.Object, repository, "spec", "source", "repoURL"); err != nil {
			return nil, fmt.Errorf("application %s: %w", obj.GetName(), err)
		}
	}
	return objs, nil
}

// decodeApplication reads an Application; one that is not there is empty.
func decodeApplication(obj *unstructured.Unstructured) (*v1alpha1.Application, error) {
	app := &v1alpha1.Application{}
	if obj == nil {
		return app, nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, app); err != nil {
		return nil, fmt.Errorf("application %s: %w", obj.GetName(), err)
	}
	return app, nil
}

// well says whether an Application is what its source says, and works.
func well(app *v1alpha1.Application) bool {
	return app.Status.Sync.Status == v1alpha1.SyncStatusSynced && app.Status.Health.Status == v1alpha1.HealthStatusHealthy
}

// complaint is the first error that an Application has as a condition.
func complaint(app *v1alpha1.Application) (v1alpha1.ApplicationCondition, bool) {
	for _, condition := range app.Status.Conditions {
		if strings.HasSuffix(string(condition.Type), "Error") {
			return condition, true
		}
	}
	return v1alpha1.ApplicationCondition{}, false
}

// refresh has Evenkeel look at the repository now. A webhook of the Git server
// would do the same: set an annotation.
func (c *cluster) refresh(ctx context.Context, name string) error {
	_, err := c.merge(ctx, applicationObject(name), map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationRefresh: v1alpha1.RefreshNormal}},
	})
	if err != nil {
		return fmt.Errorf("refresh application %s: %w", name, err)
	}
	return nil
}

// followApplication watches an Application until seen says that it is done. When
// the time is over, the error says what became of the Application.
func (c *cluster) followApplication(ctx context.Context, name string, since time.Time, seen func(*v1alpha1.Application) bool) (time.Duration, error) {
	last, broken := &v1alpha1.Application{}, error(nil)
	took, err := c.follow(ctx, applicationObject(name), since, func(obj *unstructured.Unstructured) bool {
		last, broken = decodeApplication(obj)
		return broken != nil || seen(last)
	})
	if broken != nil {
		return 0, broken
	}
	if err != nil {
		return 0, fmt.Errorf("application %s is %s: %w", name, standing(last), err)
	}
	return took, nil
}

// standing is an Application's state in a line.
func standing(app *v1alpha1.Application) string {
	sync, health := orElse(string(app.Status.Sync.Status), "new"), orElse(string(app.Status.Health.Status), "new")
	if condition, ok := complaint(app); ok {
		return fmt.Sprintf("%s, %s (%s: %s)", sync, health, condition.Type, condition.Message)
	}
	return sync + ", " + health
}

func orElse(text, unset string) string {
	if text == "" {
		return unset
	}
	return text
}

// showApplications shows the Applications until all are well.
func (c *cluster) showApplications(ctx context.Context, con *console, names []string) error {
	client, err := c.kind(applicationKind(), controlNamespace)
	if err != nil {
		return err
	}
	board := con.board(names...)
	defer board.close()
	var broken error
	states := make([]string, len(names))
	err = followAll(ctx, client, metav1.ListOptions{}, func(objs map[string]*unstructured.Unstructured) bool {
		done := true
		for i, name := range names {
			app, err := decodeApplication(objs[name])
			if err != nil {
				broken = err
				return true
			}
			states[i] = name + ": " + standing(app)
			done = show(board, i, name, app) && done
		}
		return done
	})
	if broken != nil {
		return broken
	}
	if err != nil {
		return fmt.Errorf("the applications: %w; %s", err, strings.Join(states, "; "))
	}
	return nil
}

// show shows an Application in a line, and says whether it is well.
func show(b *board, i int, name string, app *v1alpha1.Application) bool {
	sync, health := orElse(string(app.Status.Sync.Status), "…"), orElse(string(app.Status.Health.Status), "…")
	text := fmt.Sprintf("%-20s %-10s %-12s", name, sync, health)
	if condition, ok := complaint(app); ok {
		text += string(condition.Type)
	}
	if !well(app) {
		b.set(i, text)
		return false
	}
	b.end(i, markDone, text+count(len(app.Status.Resources), "object"))
	return true
}

// count is "1 object", "2 objects".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
