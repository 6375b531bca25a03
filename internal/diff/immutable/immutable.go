package immutable

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/jsonobject"
	"evenkeel.dev/internal/resource"
)

// frozen are fields that the API server refuses to change, in objects of a kind.
type frozen struct {
	// fields are JSON pointers, without the marks of list elements; all that is below
	// belongs to them.
	fields []string
	// except are pointers below them that can be changed.
	except []string
	// when says of which objects; nil means of all.
	when func(live map[string]any) bool
}

// frozenFields is the knowledge of the API server's validation of updates
// (ValidateXUpdate in kubernetes/pkg/apis, and the documentation of each kind), by kind
// and group. A field that is missing here is refused all the same when it is applied;
// it only is not announced.
var frozenFields = map[string][]frozen{
	"Deployment.apps": {{fields: []string{"/spec/selector"}}},
	"ReplicaSet.apps": {{fields: []string{"/spec/selector"}}},
	"DaemonSet.apps":  {{fields: []string{"/spec/selector"}}},
	"StatefulSet.apps": {{fields: []string{"/spec"}, except: []string{
		"/spec/replicas", "/spec/ordinals", "/spec/template", "/spec/updateStrategy", "/spec/revisionHistoryLimit",
		"/spec/persistentVolumeClaimRetentionPolicy", "/spec/minReadySeconds",
	}}},
	"ControllerRevision.apps": {{fields: []string{"/data"}}},
	"Job.batch": {{fields: []string{
		"/spec/selector", "/spec/completionMode", "/spec/podFailurePolicy", "/spec/backoffLimitPerIndex", "/spec/managedBy", "/spec/successPolicy",
	}}, {
		fields: []string{"/spec/template"}, // while it is suspended, where its pods go can be changed
		when:   func(live map[string]any) bool { return !has(live, "spec", "suspend", true) },
	}, {
		fields: []string{"/spec/completions"}, // of an Indexed Job they may follow parallelism
		when:   func(live map[string]any) bool { return !has(live, "spec", "completionMode", "Indexed") },
	}},
	"Pod": {{fields: []string{"/spec"}, except: []string{
		"/spec/containers/image", "/spec/initContainers/image", "/spec/activeDeadlineSeconds", "/spec/tolerations", "/spec/schedulingGates",
		"/spec/terminationGracePeriodSeconds",
	}}},
	"Service": {{
		fields: []string{"/spec/clusterIP"}, // an alias has none
		when:   func(live map[string]any) bool { return !has(live, "spec", "type", "ExternalName") },
	}, {
		fields: []string{"/spec/loadBalancerClass", "/spec/healthCheckNodePort"},
		when:   func(live map[string]any) bool { return has(live, "spec", "type", "LoadBalancer") },
	}},
	"PersistentVolumeClaim": {{
		fields: []string{"/spec"}, except: []string{"/spec/resources/requests", "/spec/volumeAttributesClassName"},
		when: func(live map[string]any) bool { return has(live, "status", "phase", "Bound") },
	}, {
		fields: []string{"/spec"}, except: []string{"/spec/volumeName"},
		when: func(live map[string]any) bool { return !has(live, "status", "phase", "Bound") },
	}},
	"PersistentVolume": {{fields: []string{"/spec"}, except: []string{
		"/spec/capacity", "/spec/accessModes", "/spec/claimRef", "/spec/persistentVolumeReclaimPolicy", "/spec/storageClassName",
		"/spec/mountOptions", "/spec/volumeAttributesClassName", "/spec/nodeAffinity",
	}}},
	"Secret":                                          {{fields: []string{"/type"}}, {fields: []string{"/data", "/stringData", "/immutable"}, when: isImmutable}},
	"ConfigMap":                                       {{fields: []string{"/data", "/binaryData", "/immutable"}, when: isImmutable}},
	"ResourceQuota":                                   {{fields: []string{"/spec/scopes"}}},
	"RoleBinding." + rbac:                             {{fields: []string{"/roleRef"}}},
	"ClusterRoleBinding." + rbac:                      {{fields: []string{"/roleRef"}}},
	"StorageClass." + storage:                         {{fields: []string{"/provisioner", "/parameters", "/reclaimPolicy", "/volumeBindingMode"}}},
	"VolumeAttributesClass." + storage:                {{fields: []string{"/driverName", "/parameters"}}},
	"VolumeAttachment." + storage:                     {{fields: []string{"/spec"}}},
	"CSIDriver." + storage:                            {{fields: []string{"/spec/attachRequired", "/spec/volumeLifecycleModes"}}},
	"PriorityClass.scheduling.k8s.io":                 {{fields: []string{"/value", "/preemptionPolicy"}}},
	"RuntimeClass.node.k8s.io":                        {{fields: []string{"/handler"}}},
	"IngressClass.networking.k8s.io":                  {{fields: []string{"/spec/controller"}}},
	"IPAddress.networking.k8s.io":                     {{fields: []string{"/spec/parentRef"}}},
	"EndpointSlice.discovery.k8s.io":                  {{fields: []string{"/addressType"}}},
	"ResourceClaim.resource.k8s.io":                   {{fields: []string{"/spec"}}},
	"ResourceClaimTemplate." + resources:              {{fields: []string{"/spec"}}},
	"CertificateSigningRequest.certificates.k8s.io":   {{fields: []string{"/spec"}}},
	"CustomResourceDefinition.apiextensions.k8s.io":   {{fields: []string{"/spec/group", "/spec/names/plural", "/spec/names/kind", "/spec/scope"}}},
	"ClusterTrustBundle.certificates.k8s.io":          {{fields: []string{"/spec/signerName"}}},
	"PodCertificateRequest.certificates.k8s.io":       {{fields: []string{"/spec"}}},
	"StorageVersionMigration.storagemigration.k8s.io": {{fields: []string{"/spec"}}},
}

const (
	rbac      = "rbac.authorization.k8s.io"
	storage   = "storage.k8s.io"
	resources = "resource.k8s.io"
)

func isImmutable(live map[string]any) bool { return live["immutable"] == true }

// has says whether a field of a field has a value.
func has(obj map[string]any, outer, inner string, value any) bool {
	m, _ := obj[outer].(map[string]any)
	return m[inner] == value
}

// Field says whether the API server is known to refuse a change of a live object.
// What live lacks can be added to some of these fields and not to others; it is called
// immutable then as well where the whole field is.
func Field(live *unstructured.Unstructured, c diff.Change) bool {
	rules := frozenFields[resource.KeyOf(live).GroupKind().String()]
	if len(rules) == 0 {
		return false
	}
	path := plainPath(c.Path)
	for _, f := range rules {
		if f.when != nil && !f.when(live.Object) {
			continue
		}
		if under(path, f.fields) && !under(path, f.except) && !f.onlyExcepted(path, c) {
			return true
		}
	}
	return false
}

// onlyExcepted says of a change of a whole map or list above a field that can be
// changed that only such fields differ in it.
func (f frozen) onlyExcepted(path string, c diff.Change) bool {
	if c.Desired == nil || c.Live == nil {
		return false
	}
	for _, e := range f.except {
		if below, ok := strings.CutPrefix(e, path+"/"); ok {
			skip := strings.Split(below, "/")
			if jsonobject.Equal(stripped(c.Desired, skip), stripped(c.Live, skip)) {
				return true
			}
		}
	}
	return false
}

// stripped is v without a field; a list stands for its elements.
func stripped(v any, path []string) any {
	switch t := v.(type) {
	case []any:
		out := make([]any, len(t))
		for i, e := range t {
			out[i] = stripped(e, path)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, e := range t {
			switch {
			case k != path[0]:
				out[k] = e
			case len(path) > 1:
				out[k] = stripped(e, path[1:])
			}
		}
		return out
	}
	return v
}

func under(path string, fields []string) bool {
	for _, f := range fields {
		if path == f || strings.HasPrefix(path, f+"/") {
			return true
		}
	}
	return false
}

// plainPath is a path without the marks of elements: /spec/containers/image.
func plainPath(path string) string {
	if !strings.Contains(path, "[") {
		return path
	}
	parts := strings.Split(path, "/")
	out := parts[:0]
	for _, p := range parts {
		if !strings.HasPrefix(p, "[") {
			out = append(out, p)
		}
	}
	return strings.Join(out, "/")
}
