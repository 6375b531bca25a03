package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// List reads the objects of a namespace that match a label selector: the first
// page, for lists that are known to be short. The index knows all others.
func (c *Conn) List(ctx context.Context, k Kind, namespace, selector string) ([]*unstructured.Unstructured, error) {
	return c.list(ctx, k, namespace, map[string]string{"labelSelector": selector, "limit": pageSize})
}

// eventKind is that of the events that the kubelet and the controllers write. They are not watched:
// there are many of them, and only who asks why wants to see any.
var eventKind = Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: "Event"}, Resource: "events", Namespaced: true}

// Events reads the events of a namespace that match a field selector, at most so many, in
// no order.
func (c *Conn) Events(ctx context.Context, namespace, selector string, limit int) ([]*unstructured.Unstructured, error) {
	return c.list(ctx, eventKind, namespace, map[string]string{"fieldSelector": selector, "limit": strconv.Itoa(limit)})
}

func (c *Conn) list(ctx context.Context, k Kind, namespace string, params map[string]string) ([]*unstructured.Unstructured, error) {
	r := c.rest.Get().AbsPath(k.path(namespace, "")).SetHeader("Accept", acceptJSON)
	for name, value := range params {
		r = r.Param(name, value)
	}
	result := r.Do(ctx)
	if err := result.Error(); err != nil { // Raw drops what the API server says
		return nil, err
	}
	b, err := result.Raw()
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("list of %s: %w", k.GVK.GroupKind(), err)
	}
	out := make([]*unstructured.Unstructured, len(list.Items))
	for i, item := range list.Items {
		if out[i], err = decode(item); err != nil {
			return nil, err
		}
		out[i].SetGroupVersionKind(k.GVK) // which items of a list leave out
	}
	return out, nil
}

// LogOptions say which part of a log to read.
type LogOptions struct {
	// Container may be empty for a Pod with one.
	Container string
	// Lines are the last ones; 0 means all.
	Lines int
	// Bytes bounds what is read, from the first of those lines on; 0 means 1 MiB.
	Bytes int
}

const defaultLogBytes = 1 << 20

// Logs reads the end of what a container of a Pod has printed.
func (c *Conn) Logs(ctx context.Context, namespace, pod string, o LogOptions) ([]byte, error) {
	limit := o.Bytes
	if limit <= 0 {
		limit = defaultLogBytes
	}
	r := c.rest.Get().AbsPath("/api/v1/namespaces/"+url.PathEscape(namespace)+"/pods/"+url.PathEscape(pod)+"/log").
		Param("limitBytes", strconv.Itoa(limit))
	if o.Container != "" {
		r = r.Param("container", o.Container)
	}
	if o.Lines > 0 {
		r = r.Param("tailLines", strconv.Itoa(o.Lines))
	}
	stream, err := r.Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	return io.ReadAll(io.LimitReader(stream, int64(limit)))
}
