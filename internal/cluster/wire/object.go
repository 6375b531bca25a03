package wire

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Meta is the part of an object's metadata that counts.
type Meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               types.UID         `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	CreationTimestamp time.Time         `json:"creationTimestamp"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp"`
	Annotations       map[string]string `json:"annotations"`
	Labels            Labels            `json:"labels"`
	Finalizers        []string          `json:"finalizers"`
	OwnerReferences   []Owner           `json:"ownerReferences"`
}

// Labels are those few that matter.
type Labels struct {
	// Service is the one that an EndpointSlice is of.
	Service string `json:"kubernetes.io/service-name"`
}

// Owner is one of an object's owner references.
type Owner struct {
	UID types.UID `json:"uid"`
}

// MetaOf is the metadata of an object that is decoded already.
func MetaOf(obj *unstructured.Unstructured) Meta {
	m := Meta{
		Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(),
		CreationTimestamp: obj.GetCreationTimestamp().Time, Annotations: obj.GetAnnotations(), Finalizers: obj.GetFinalizers(),
	}
	m.Labels.Service = obj.GetLabels()["kubernetes.io/service-name"]
	if t := obj.GetDeletionTimestamp(); t != nil {
		m.DeletionTimestamp = &t.Time
	}
	for _, o := range obj.GetOwnerReferences() {
		m.OwnerReferences = append(m.OwnerReferences, Owner{o.UID})
	}
	return m
}

// Page is one of a list. Its items are decoded by DecodeMeta, and by jsonobject.Decode.
type Page struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Items []jsontext.Value `json:"items"`
}

// DecodePage decodes a page but for its items.
func DecodePage(b []byte) (Page, error) {
	var p Page
	err := unmarshal(b, &p)
	return p, err
}

// DecodeMeta decodes an object's metadata.
func DecodeMeta(object []byte) (Meta, error) {
	var p partial
	if err := unmarshal(object, &p); err != nil {
		return Meta{}, fmt.Errorf("an object of a list: %w", err)
	}
	return p.Metadata, nil
}

// partial is an object of which only the metadata is decoded.
type partial struct {
	Metadata Meta `json:"metadata"`
}

// unmarshal takes what Kubernetes' own decoder takes: that of two equal names the last
// counts, and that text is not checked for being UTF-8.
func unmarshal(b []byte, into any) error {
	return json.Unmarshal(b, into, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
