package kubetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/test/evenkeeltest"
)

// AppKind is the kind of an Application.
const AppKind = "Application.argoproj.io"

// App is an Application of the control namespace, as kinds and names are given.
func App(name string) string { return evenkeeltest.Namespace + "/" + name }

// DecodeApp is an object as an Application.
func DecodeApp(o *unstructured.Unstructured) (*v1alpha1.Application, error) {
	var app v1alpha1.Application
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &app)
	return &app, err
}

// Refresh asks for a refresh, normal or hard, and waits until it is answered.
func (c *Client) Refresh(ctx context.Context, name, kind string) error {
	body := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationRefresh, kind)
	if err := c.Merge(ctx, AppKind, App(name), Manager, []byte(body)); err != nil {
		return err
	}
	return c.Await(ctx, AppKind, App(name), func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		if _, still := o.GetAnnotations()[v1alpha1.AnnotationRefresh]; still {
			return "the refresh is not answered"
		}
		return ""
	})
}

// AwaitApp waits until an Application is as wanted: sync=, health=, op=, revision=,
// which of several sources are separated by commas, message=REGEXP, condition=TYPE:REGEXP, nocondition=TYPE, history=N, gone,
// resource=KIND/NAME:STATUS[:HEALTH], where STATUS may be Prune, and
// resource=KIND/NAME:none.
func (c *Client) AwaitApp(ctx context.Context, name string, wants []string) error {
	var malformed error
	last := ""
	err := c.Await(ctx, AppKind, App(name), func(o *unstructured.Unstructured) string {
		if o == nil {
			if wants[0] == "gone" {
				return ""
			}
			return "it is not there"
		}
		app, err := DecodeApp(o)
		if err != nil {
			return err.Error()
		}
		for _, want := range wants {
			key, value, _ := strings.Cut(want, "=")
			why, err := appIs(app, key, value)
			if err != nil {
				malformed = fmt.Errorf("%s: %w", want, err)
				return "" // no waiting helps
			}
			if why != "" {
				last = fmt.Sprintf("%+v", app.Status.Conditions)
				return want + ": " + why
			}
		}
		return ""
	})
	switch {
	case malformed != nil:
		return malformed
	case err != nil && last != "":
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
		got = cmp.Or(s.Sync.Revision, strings.Join(s.Sync.Revisions, ","))
	case "history":
		got = fmt.Sprint(len(s.History))
	case "op":
		if s.OperationState != nil {
			got = string(s.OperationState.Phase)
		}
	case "message":
		return messageIs(s.OperationState, value)
	case "why":
		re, err := regexp.Compile(value)
		if err != nil || re.MatchString(s.Health.Message) {
			return "", err
		}
		return "it is " + s.Health.Message, nil
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
		return "", errors.New("no such property")
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
