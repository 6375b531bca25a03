package once

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/resource"
)

// Reference is a ConfigMap or Secret that a hook's Pods read, by environment or
// by volume. Credentials of the kubelet's own, as imagePullSecrets or those of a
// volume's driver, are not among them: no program reads them.
type Reference struct {
	Key resource.Key
	// Keys are the keys that are read, sorted; nil means all there are.
	Keys []string
	// Optional says that the Pods start without the object.
	Optional bool
	// optionalKeys are the keys that may be missing.
	optionalKeys map[string]bool
}

// References are what a hook reads, sorted by key, each object once. The caller
// gets these objects for NewTask: as this revision desires them, hooks included,
// else as they are live.
func References(hook *unstructured.Unstructured) []Reference {
	c := collector{namespace: hook.GetNamespace(), found: map[resource.Key]*Reference{}}
	spec := fields(fields(fields(hook.Object, "spec"), "template"), "spec")
	for _, v := range list(spec, "volumes") {
		c.source(v, "configMap", "secret", "secretName")
		for _, projected := range list(fields(v, "projected"), "sources") {
			c.source(projected, "configMap", "secret", "name")
		}
	}
	for _, field := range containerFields {
		for _, container := range list(spec, field) {
			c.container(container)
		}
	}
	out := make([]Reference, 0, len(c.found))
	for _, key := range slices.SortedFunc(maps.Keys(c.found), resource.Key.Compare) {
		r := c.found[key]
		slices.Sort(r.Keys)
		r.Keys = slices.Compact(r.Keys)
		out = append(out, *r)
	}
	return out
}

// Unapplied are the objects of which the cluster has other values than this
// revision desires, as far as the hook reads them. Its key is made of what is
// desired, and its Job reads what is live (argo-cd #9891): it must not run before
// they are applied, or it would count as run with values that it never saw.
func Unapplied(hook *unstructured.Unstructured, desired, live map[resource.Key]*unstructured.Unstructured) []resource.Key {
	var out []resource.Key
	for _, r := range References(hook) {
		want := desired[r.Key]
		if want == nil {
			continue
		}
		have := live[r.Key]
		if have == nil || !maps.Equal(r.read(want), r.read(have)) {
			out = append(out, r.Key)
		}
	}
	return out
}

// read are the values that are read of obj.
func (r Reference) read(obj *unstructured.Unstructured) map[string]string {
	all, _ := values(obj)
	if r.Keys != nil {
		maps.DeleteFunc(all, func(k, _ string) bool { return !slices.Contains(r.Keys, k) })
	}
	return all
}

// containerFields are the lists of containers that a pod template has.
var containerFields = [...]string{"initContainers", "containers"}

type collector struct {
	namespace string
	found     map[resource.Key]*Reference
}

// source is a volume, or one source of a projected one.
func (c *collector) source(v map[string]any, configMap, secret, secretName string) {
	c.volume("ConfigMap", fields(v, configMap), "name")
	c.volume("Secret", fields(v, secret), secretName)
}

func (c *collector) volume(kind string, v map[string]any, nameField string) {
	name := str(v, nameField)
	if name == "" {
		return
	}
	optional := truth(v, "optional")
	var keys []string
	for _, item := range list(v, "items") {
		keys = append(keys, str(item, "key"))
	}
	c.add(kind, name, keys, optional)
}

func (c *collector) container(container map[string]any) {
	for _, from := range list(container, "envFrom") {
		for kind, field := range map[string]string{"ConfigMap": "configMapRef", "Secret": "secretRef"} {
			ref := fields(from, field)
			if name := str(ref, "name"); name != "" {
				c.add(kind, name, nil, truth(ref, "optional"))
			}
		}
	}
	for _, env := range list(container, "env") {
		from := fields(env, "valueFrom")
		for kind, field := range map[string]string{"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"} {
			ref := fields(from, field)
			if name := str(ref, "name"); name != "" {
				c.add(kind, name, []string{str(ref, "key")}, truth(ref, "optional"))
			}
		}
	}
}

// add notes a reading of an object; nil keys are all.
func (c *collector) add(kind, name string, keys []string, optional bool) {
	key := resource.Key{Kind: kind, Namespace: c.namespace, Name: name}
	r := c.found[key]
	if r == nil {
		r = &Reference{Key: key, Optional: true, Keys: []string{}, optionalKeys: map[string]bool{}}
		c.found[key] = r
	}
	r.Optional = r.Optional && optional
	for _, k := range keys {
		was, seen := r.optionalKeys[k]
		r.optionalKeys[k] = optional && (was || !seen)
		if r.Keys != nil {
			r.Keys = append(r.Keys, k)
		}
	}
	if keys == nil {
		r.Keys = nil
	}
}

// The readers below take what strangers wrote as it is: a field of another type
// is not there.

func fields(m map[string]any, name string) map[string]any {
	v, _ := m[name].(map[string]any)
	return v
}

func list(m map[string]any, name string) []map[string]any {
	items, _ := m[name].([]any)
	out := make([]map[string]any, 0, len(items))
	for _, item := range items {
		v, _ := item.(map[string]any)
		out = append(out, v)
	}
	return out
}

func str(m map[string]any, name string) string {
	v, _ := m[name].(string)
	return v
}

func truth(m map[string]any, name string) bool {
	v, _ := m[name].(bool)
	return v
}
