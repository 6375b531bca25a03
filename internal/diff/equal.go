package diff

import (
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"evenkeel.dev/internal/jsonobject"
)

// same says whether desired, put in the place of live as a whole, would become what
// live is: with the defaults of built-in kinds, and values in the form in which their
// types write them.
func (w *walker) same(path []seg, desired, live any) bool {
	switch d := desired.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		return ok && w.sameMap(path, d, l)
	case []any:
		l, ok := live.([]any)
		if !ok || len(d) != len(l) {
			return false
		}
		for i := range d {
			if !w.same(path, d[i], l[i]) {
				return false
			}
		}
		return true
	}
	return jsonobject.EqualScalars(desired, live) || w.builtIn && w.normalized(path, desired, live)
}

func (w *walker) sameMap(path []seg, desired, live map[string]any) bool {
	for k, d := range desired {
		p := append(path, field(k)) //nolint:gocritic // nothing keeps it
		l, ok := live[k]
		switch {
		case ok && w.same(p, d, l):
		case d == nil && len(path) > 0 && w.plainMap(path[len(path)-1].name): // it becomes ""
			if l != "" {
				return false
			}
		case w.builtIn && l == nil && w.dropped(k, d):
		default:
			return false
		}
	}
	for k, l := range live {
		if _, ok := desired[k]; ok {
			continue
		}
		if !w.builtIn || l != nil && !w.isDefault(append(path, field(k)), l) {
			return false
		}
	}
	return true
}

// dropped says whether the types of built-in kinds drop a value.
func (w *walker) dropped(name string, v any) bool {
	switch t := v.(type) {
	case nil:
		return true
	case []any:
		return len(t) == 0
	case map[string]any:
		return len(t) == 0 && w.plainMap(name)
	}
	return false
}

// plainMap says whether a field of built-in kinds is a map, which is dropped when it is
// empty, and not a struct, which may be kept.
func (w *walker) plainMap(name string) bool {
	switch name {
	case "selector":
		return w.kind == "Service" || w.kind == "ReplicationController"
	case "labels", "annotations", "matchLabels", "nodeSelector", "data", "binaryData", "stringData", "limits", "requests", "capacity", "hard",
		"default", "defaultRequest", "max", "min", "maxLimitRequestRatio", "podFixed", "parameters", "volumeAttributes", "options", "attributes":
		return true
	}
	return false
}

// atomicName says whether a map of built-in kinds that is called so may be replaced as
// a whole. All others are merged. Taken from the OpenAPI v3 documents of Kubernetes
// 1.37 (x-kubernetes-map-type: atomic); where somebody owns parts, that counts instead.
func atomicName(name string) bool {
	switch name {
	case "claimRef", "configMapKeyRef", "controllerExpandSecretRef", "controllerPublishSecretRef", "dataSource", "fieldRef", "fileKeyRef",
		"involvedObject", "labelSelector", "matchConstraints", "matchResources", "namespaceSelector", "nodeExpandSecretRef",
		"nodePublishSecretRef", "nodeSelector", "nodeStageSecretRef", "nodeTopology", "objectSelector", "paramKind", "paramRef", "podSelector",
		"port", "preference", "regarding", "related", "required", "requiredDuringSchedulingIgnoredDuringExecution", "resource",
		"resourceFieldRef", "roleRef", "scaleTargetRef", "scopeSelector", "secretKeyRef", "secretRef", "selector", "target", "targetRef":
		return true
	}
	return false
}

// normalized says whether the type of a built-in kind's field writes both values the
// same way.
func (w *walker) normalized(path []seg, desired, live any) bool {
	if len(path) == 0 || path[0].name == "metadata" {
		return false
	}
	if isQuantity(path) {
		return sameQuantity(desired, live)
	}
	d, ok := desired.(string)
	if !ok {
		return false
	}
	l, ok := live.(string)
	if !ok {
		return false
	}
	switch {
	case isTime(path):
		return sameTime(d, l)
	case w.isBytes(path):
		return strings.NewReplacer("\n", "", "\r", "").Replace(d) == l
	}
	return false
}

// parent is the name of the field that the last field of a path is in.
func parent(path []seg) string {
	for i := len(path) - 2; i >= 0; i-- {
		if path[i].element == "" {
			return path[i].name
		}
	}
	return ""
}

// isQuantity says whether values at a path are Kubernetes quantities.
func isQuantity(path []seg) bool {
	name := path[len(path)-1].name
	switch name {
	case "sizeLimit", "divisor", "averageValue", "targetAverageValue", "maximumVolumeSize":
		return true
	case "value":
		p := parent(path)
		return p == "target" || p == "capacity" || len(path) > 2 && parent(path[:len(path)-1]) == "capacity"
	case "capacity":
		return len(path) == 1
	}
	switch parent(path) {
	case "requests", "limits", "capacity", "hard", "overhead", "allocatable", "default", "defaultRequest", "max", "min",
		"maxLimitRequestRatio", "podFixed", "allocatedResources":
		return true
	}
	return false
}

func sameQuantity(a, b any) bool {
	x, ok := quantity(a)
	if !ok {
		return false
	}
	y, ok := quantity(b)
	return ok && x.String() == y.String() // the format, such as Gi, is kept
}

func quantity(v any) (resource.Quantity, bool) {
	var text string
	switch t := v.(type) {
	case string:
		text = t
	case int64:
		return *resource.NewQuantity(t, resource.DecimalSI), true
	case float64:
		text = strconv.FormatFloat(t, 'f', -1, 64)
	default:
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil
}

func isTime(path []seg) bool {
	name := path[len(path)-1].name
	return strings.HasSuffix(name, "Time") || strings.HasSuffix(name, "Timestamp") || name == "timeAdded"
}

// sameTime says whether two RFC 3339 times are the same, of which the live one has been
// written by the API server, in UTC.
func sameTime(desired, live string) bool {
	d, err := time.Parse(time.RFC3339, desired)
	if err != nil {
		return false
	}
	l, err := time.Parse(time.RFC3339, live)
	return err == nil && d.Equal(l)
}

// isBytes says whether a field is base64, in which line breaks mean nothing.
func (w *walker) isBytes(path []seg) bool {
	name := path[len(path)-1].name
	return w.kind == "Secret" && parent(path) == "data" || parent(path) == "binaryData" || name == "caBundle" || name == "request"
}

// builtIn says whether an apiVersion is of Kubernetes itself. Groups of custom
// resources may end in k8s.io as well, so they are listed.
func builtIn(apiVersion string) bool {
	switch group(apiVersion) {
	case "", "apps", "autoscaling", "batch", "extensions", "policy", "admissionregistration.k8s.io", "apiextensions.k8s.io",
		"apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io",
		"discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io",
		"node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io":
		return true
	}
	return false
}
