package once

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// volatile are labels and annotations that tooling writes and no program reads:
// chart versions, release names, tracking, checksums of configuration that is
// digested here by its content. A name with a slash at its end stands for all
// below it.
var volatile = [...]string{
	"argocd.argoproj.io/", "evenkeel.dev/", "helm.sh/", "meta.helm.sh/", "checksum/", "kubectl.kubernetes.io/",
	"config.kubernetes.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "deployment.kubernetes.io/",
	"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "app.kubernetes.io/instance", "app.kubernetes.io/part-of",
	"chart", "heritage", "release", "rollme",
}

func isVolatile(name string) bool {
	return slices.ContainsFunc(volatile[:], func(rule string) bool {
		return name == rule || strings.HasSuffix(rule, "/") && strings.HasPrefix(name, rule)
	})
}

// container is one container of a template without its image.
type container struct {
	name, image string
	rest        map[string]any
}

// template is a pod template taken apart, so that a change can be named.
type template struct {
	containers []container
	// rest is all but the containers, of which it holds the names in order.
	rest map[string]any
}

// templateOf takes a Job's pod template apart. What says nothing is left out: a
// null, an empty map or list, volatile metadata; and of the metadata all but
// labels and annotations. The template's own values are not changed.
func templateOf(hook *unstructured.Unstructured) template {
	spec := fields(hook.Object, "spec")
	raw := fields(spec, "template")
	meta := fields(raw, "metadata")
	pod, _ := trimmed(fields(raw, "spec")).(map[string]any)
	rest := map[string]any{
		"labels": stable(meta, "labels"), "annotations": stable(meta, "annotations"),
		// An indexed Job with more completions does more.
		"completions": spec["completions"], "completionMode": spec["completionMode"],
	}
	var t template
	for _, field := range containerFields {
		var names []any
		for _, c := range list(pod, field) {
			one := container{name: t.unused(str(c, "name")), image: str(c, "image"), rest: map[string]any{}}
			for k, v := range c {
				if k != "image" {
					one.rest[k] = v
				}
			}
			t.containers = append(t.containers, one)
			names = append(names, one.name)
		}
		rest[field] = names
	}
	body := map[string]any{}
	for k, v := range pod {
		if !slices.Contains(containerFields[:], k) {
			body[k] = v
		}
	}
	rest["spec"] = body
	t.rest, _ = trimmed(rest).(map[string]any)
	return t
}

// unused is name, or with a number if a container has it: the API server will
// refuse that, and this package has to be sound without it.
func (t template) unused(name string) string {
	taken := func(n string) bool {
		return slices.ContainsFunc(t.containers, func(c container) bool { return c.name == n })
	}
	out := name
	for i := 2; taken(out); i++ {
		out = fmt.Sprintf("%s#%d", name, i)
	}
	return out
}

// stable are the labels or annotations that count.
func stable(meta map[string]any, field string) map[string]any {
	out := map[string]any{}
	for k, v := range fields(meta, field) {
		if !isVolatile(k) {
			out[k] = v
		}
	}
	return out
}

// trimmed is a copy of v without nulls and without maps and lists that are empty,
// of the values of maps.
func trimmed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, item := range v {
			if item = trimmed(item); !empty(item) {
				out[k] = item
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = trimmed(item)
		}
		return out
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
