package evenkeeltest

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// Await waits by watch until test says "" of an object, which is nil when it is
// not there. When ctx ends first, the error is what test said last.
func Await(ctx context.Context, res dynamic.ResourceInterface, name string, test func(*unstructured.Unstructured) string) error {
	why := "it was not seen"
	selected := metav1.ListOptions{FieldSelector: "metadata.name=" + name}
	for ctx.Err() == nil {
		list, err := res.List(ctx, selected)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err != nil {
			break
		}
		var have *unstructured.Unstructured
		if len(list.Items) > 0 {
			have = &list.Items[0]
		}
		if why = test(have); why == "" {
			return nil
		}
		from := selected
		from.ResourceVersion = list.GetResourceVersion()
		events, err := res.Watch(ctx, from)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err != nil {
			break
		}
		why = until(events, why, test)
		if why == "" {
			return nil
		}
	}
	return fmt.Errorf("%s: %s", name, why)
}

// until takes in events until test says "", or the watch ends; the result is what
// test said last.
func until(events watch.Interface, why string, test func(*unstructured.Unstructured) string) string {
	defer events.Stop()
	for e := range events.ResultChan() {
		u, ok := e.Object.(*unstructured.Unstructured)
		if !ok {
			break
		}
		if e.Type == watch.Deleted {
			u = nil
		}
		if why = test(u); why == "" {
			break
		}
	}
	return why
}
