package bench

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/resource"
)

// crowd is a number of live objects, the same ones for the same number: of twenty, nine
// ConfigMaps, three Secrets, three Pods, two ReplicaSets, and one each of Deployment,
// Service and ServiceAccount. One ConfigMap and the Deployment of each twenty are of an
// Application.
type crowd int

const (
	perNamespace = 200
	perTwenty    = 20
	// perApplication is how many twenties make an Application.
	perApplication = 50
)

func crowdNamespace(i int) string { return fmt.Sprintf("crowd-%04d", i/perNamespace) }

// member is one of a crowd.
type member struct {
	kind      schema.GroupVersionKind
	namespace string
	name      string
	uid       string
	// app is the Application that it is of, or empty.
	app string
	// desired is the part of the body that is desired, live the rest.
	desired, live string
	owner         string
	// web is what the objects of its twenty that belong together are called.
	web string
}

func (member) crowdUID(i int) string {
	return fmt.Sprintf("%08x-1111-4222-8333-%012x", i*2654435761%(1<<32), i)
}

// member is the i-th.
func (crowd) member(i int) member {
	at := i % perTwenty
	m := member{namespace: crowdNamespace(i)}
	m.uid = m.crowdUID(i)
	base := i - at
	web := fmt.Sprintf("web-%06d", base/perTwenty)
	m.web = web
	rs := web + "-6d4cf56db6"
	labels := fmt.Sprintf(`{"app":%q,"pod-template-hash":"6d4cf56db6"}`, web)
	pod := fmt.Sprintf(`{"containers":[{"name":"web","image":"registry.example.com/shop/web:v1.%d","ports":[{"containerPort":8080,"protocol":"TCP"}],"resources":{"requests":{"cpu":"100m","memory":"128Mi"}},"env":[{"name":"A","value":"b"}],"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler"`, base%300)
	template := fmt.Sprintf(`{"metadata":{"labels":%s},"spec":%s}}`, labels, pod)
	switch {
	case at < 9:
		m.kind, m.name = schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, fmt.Sprintf("settings-%07d", i)
		m.desired = fmt.Sprintf(`"data":{"a":"%d","b":%q}`, i, strings.Repeat("some text ", 20))
	case at < 12:
		m.kind, m.name = schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, fmt.Sprintf("credentials-%07d", i)
		m.desired, m.live = `"data":{"password":"c2VjcmV0"}`, `"type":"Opaque"`
	case at == 12:
		m.kind, m.name = schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}, web
	case at == 13:
		m.kind, m.name = schema.GroupVersionKind{Version: "v1", Kind: "Service"}, web
		m.desired = fmt.Sprintf(`"spec":{"ports":[{"port":80,"protocol":"TCP","targetPort":8080}],"selector":{"app":%q},"type":"ClusterIP"}`, web)
		m.live = `"status":{"loadBalancer":{}}`
	case at == 14:
		m.kind, m.name = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, web
		m.desired = fmt.Sprintf(`"spec":{"replicas":3,"selector":{"matchLabels":{"app":%q}},"template":%s}`, web, template)
		m.live = `"status":{"observedGeneration":1,"replicas":3,"updatedReplicas":3,"readyReplicas":3,"availableReplicas":3,"conditions":[{"type":"Available","status":"True","lastUpdateTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"MinimumReplicasAvailable","message":"Deployment has minimum availability."}]}`
	case at < 17:
		m.kind, m.name = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"}, fmt.Sprintf("%s-%d", rs, at)
		m.owner = owner("apps/v1", "Deployment", web, m.crowdUID(base+14))
		m.desired = fmt.Sprintf(`"spec":{"replicas":3,"selector":{"matchLabels":{"app":%q}},"template":%s}`, web, template)
		m.live = `"status":{"replicas":3,"fullyLabeledReplicas":3,"readyReplicas":3,"availableReplicas":3,"observedGeneration":1}`
	default:
		m.kind, m.name = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, fmt.Sprintf("%s-%d", rs, at)
		m.owner = owner("apps/v1", "ReplicaSet", rs+"-15", m.crowdUID(base+15))
		m.desired = fmt.Sprintf(`"spec":%s,"serviceAccountName":%q}`, pod, web)
		m.live = `"status":{"phase":"Running","conditions":[{"type":"Initialized","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"ContainersReady","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}],"hostIP":"10.0.0.1","podIP":"10.1.0.1","startTime":"2026-01-01T00:00:00Z","containerStatuses":[{"name":"web","state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"registry.example.com/shop/web:v1","imageID":"registry.example.com/shop/web@sha256:0000000000000000000000000000000000000000000000000000000000000000","containerID":"containerd://0000000000000000000000000000000000000000000000000000000000000000","started":true}],"qosClass":"Burstable"}`
	}
	if at == 0 || at == 14 {
		m.app = fmt.Sprintf("crowd-%d", i/(perTwenty*perApplication))
	}
	return m
}

func owner(version, kind, name, uid string) string {
	return fmt.Sprintf(`"ownerReferences":[{"apiVersion":%q,"kind":%q,"name":%q,"uid":%q,"controller":true,"blockOwnerDeletion":true}]`, version, kind, name, uid)
}

func (m member) key() resource.Key {
	return resource.Key{Group: m.kind.Group, Kind: m.kind.Kind, Namespace: m.namespace, Name: m.name}
}

func (m member) labels() string {
	return fmt.Sprintf(`"labels":{"app.kubernetes.io/name":%q,"app.kubernetes.io/part-of":"crowd"}`, m.name)
}

func (m member) tracking() string {
	return fmt.Sprintf("%s:%s/%s:%s/%s", m.app, m.kind.Group, m.kind.Kind, m.namespace, m.name)
}

// manifest is the object as it is desired.
func (m member) manifest() string {
	parts := []string{
		fmt.Sprintf(`"apiVersion":%q,"kind":%q`, m.kind.GroupVersion(), m.kind.Kind),
		fmt.Sprintf(`"metadata":{"name":%q,"namespace":%q,"annotations":{"argocd.argoproj.io/tracking-id":%q},%s}`, m.name, m.namespace, m.tracking(), m.labels()),
	}
	if m.desired != "" {
		parts = append(parts, m.desired)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// metadata is what an API server has of the object at a resource version, and body all.
func (m member) metadata(version int) string {
	parts := []string{fmt.Sprintf(`"name":%q,"namespace":%q,"uid":%q,"resourceVersion":"%d","generation":1,"creationTimestamp":"2026-01-01T00:00:00Z"`, m.name, m.namespace, m.uid, version), m.labels()}
	if m.app != "" {
		parts = append(parts, fmt.Sprintf(`"annotations":{"argocd.argoproj.io/tracking-id":%q,"deployment.kubernetes.io/revision":"1"}`, m.tracking()))
	}
	if m.owner != "" {
		parts = append(parts, m.owner)
	}
	return strings.Join(append(parts, m.managers()), ",")
}

// managers say that the labels and all that is desired were applied.
func (m member) managers() string {
	fields := fieldsOf(json.RawMessage("{" + m.desired + "}"))
	fields["f:metadata"] = map[string]any{"f:annotations": map[string]any{"f:argocd.argoproj.io/tracking-id": map[string]any{}}, "f:labels": map[string]any{"f:app.kubernetes.io/name": map[string]any{}, "f:app.kubernetes.io/part-of": map[string]any{}}}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err) // it was made here
	}
	return fmt.Sprintf(`"managedFields":[{"manager":"argocd-controller","operation":"Apply","apiVersion":%q,"time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":%s}]`, m.kind.GroupVersion(), b)
}

// fieldsOf are the field paths of an object, lists as a whole but for those by name.
func fieldsOf(raw json.RawMessage) map[string]any {
	var in map[string]any
	if err := json.Unmarshal(raw, &in); err != nil {
		panic(err) // it was made here
	}
	return fieldsIn(in)
}

func fieldsIn(in map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range in {
		out["f:"+k] = map[string]any{}
		switch v := v.(type) {
		case map[string]any:
			out["f:"+k] = fieldsIn(v)
		case []any:
			items := map[string]any{}
			for _, item := range v {
				if m, ok := item.(map[string]any); ok && m["name"] != nil {
					fields := fieldsIn(m)
					fields["."] = map[string]any{}
					items[fmt.Sprintf(`k:{"name":%q}`, m["name"])] = fields
				}
			}
			out["f:"+k] = items
		}
	}
	return out
}

func (m member) body(version int) string {
	parts := []string{
		fmt.Sprintf(`"apiVersion":%q,"kind":%q`, m.kind.GroupVersion(), m.kind.Kind),
		`"metadata":{` + m.metadata(version) + `}`,
	}
	for _, p := range []string{m.desired, m.live} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// partial is the object as metadata only.
func (m member) partial(version int) string {
	return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{` + m.metadata(version) + `}}`
}
