package script

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
)

const appKind = "Application.argoproj.io"

func (w *world) refresh(_ *testscript.TestScript, args []string) error {
	kind := v1alpha1.RefreshNormal
	if len(args) == 2 {
		kind = args[1]
	}
	res, name, err := w.find(appKind, "argocd/"+args[0])
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationRefresh, kind)
	if _, err := res.Patch(w.ctx, name, types.MergePatchType, []byte(body), metav1.PatchOptions{FieldManager: tester}); err != nil {
		return err
	}
	return w.await(appKind, "argocd/"+args[0], func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		if _, still := o.GetAnnotations()[v1alpha1.AnnotationRefresh]; still {
			return "the refresh is not answered"
		}
		return ""
	})
}

// app waits until an Application is as wanted.
func (w *world) app(ts *testscript.TestScript, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: app APP WANT...")
	}
	last := ""
	err := w.await(appKind, "argocd/"+args[0], func(o *unstructured.Unstructured) string {
		if o == nil {
			if args[1] == "gone" {
				return ""
			}
			return "it is not there"
		}
		var app v1alpha1.Application
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &app); err != nil {
			return err.Error()
		}
		for _, want := range args[1:] {
			key, value, _ := strings.Cut(want, "=")
			why, err := appIs(&app, key, value)
			if err != nil {
				ts.Fatalf("%s: %v", want, err)
			}
			if why != "" {
				last = fmt.Sprintf("%+v", app.Status.Conditions)
				return want + ": " + why
			}
		}
		return ""
	})
	if err != nil && last != "" {
		return fmt.Errorf("%w\nconditions: %s", err, last)
	}
	return err
}

// appIs says what an Application has instead of a wanted property.
func appIs(app *v1alpha1.Application, key, value string) (string, error) {
	got := ""
	switch s := &app.Status; key {
	case "sync":
		got = string(s.Sync.Status)
	case "health":
		got = string(s.Health.Status)
	case "revision":
		got = s.Sync.Revision
	case "history":
		got = fmt.Sprint(len(s.History))
	case "op":
		if s.OperationState != nil {
			got = string(s.OperationState.Phase)
		}
	case "message":
		return messageIs(s.OperationState, value)
	case "condition":
		return hasCondition(s.Conditions, value)
	case "nocondition":
		for _, c := range s.Conditions {
			if string(c.Type) == value {
				return "it has: " + c.Message, nil
			}
		}
		return "", nil
	case "resource":
		return resourceIs(s.Resources, value)
	case "gone":
		return "it is still there", nil
	default:
		return "", fmt.Errorf("no such property")
	}
	if got != value {
		return "it is " + got, nil
	}
	return "", nil
}

func messageIs(op *v1alpha1.OperationState, pattern string) (string, error) {
	re, err := regexp.Compile(pattern)
	switch {
	case err != nil:
		return "", err
	case op == nil:
		return "there was no operation", nil
	case !re.MatchString(op.Message):
		return "it is " + op.Message, nil
	}
	return "", nil
}

func hasCondition(conditions []v1alpha1.ApplicationCondition, want string) (string, error) {
	t, pattern, _ := strings.Cut(want, ":")
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	for _, c := range conditions {
		if string(c.Type) == t && re.MatchString(c.Message) {
			return "", nil
		}
	}
	return "there is no such condition", nil
}

// resourceIs reads KIND/NAME:STATUS[:HEALTH], where STATUS may be Prune, and
// KIND/NAME:none.
func resourceIs(resources []v1alpha1.ResourceStatus, want string) (string, error) {
	parts := strings.Split(want, ":")
	kind, name, ok := strings.Cut(parts[0], "/")
	if !ok || len(parts) < 2 {
		return "", errors.New("want KIND/NAME:STATUS[:HEALTH]")
	}
	for _, r := range resources {
		if r.Kind != kind || r.Name != name {
			continue
		}
		status, health := string(r.Status), ""
		if r.RequiresPruning {
			status = "Prune"
		}
		if r.Health != nil {
			health = string(r.Health.Status)
		}
		if status != parts[1] || len(parts) > 2 && health != parts[2] {
			return "it is " + status + ":" + health, nil
		}
		return "", nil
	}
	if parts[1] == "none" {
		return "", nil
	}
	return "it is not listed", nil
}
