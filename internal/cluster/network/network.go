package network

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

const (
	// LinkPrefix begins the annotations that give an object a link: URL or TITLE|URL.
	LinkPrefix = "link.argocd.argoproj.io/"
	// ignoreDefaults says that no URL is to be made of what the object serves.
	ignoreDefaults = "argocd.argoproj.io/ignore-default-links"

	maxItems = 64
	maxText  = 2048

	gatewayGroup = "gateway.networking.k8s.io"
)

// Of is what obj says of the network; nil when that is nothing.
func Of(obj *unstructured.Unstructured) *cluster.Network {
	n := &cluster.Network{}
	in := reader{obj: obj, out: n}
	spec, _ := obj.Object["spec"].(map[string]any)
	switch gvk := obj.GroupVersionKind(); gvk.Group {
	case "":
		switch gvk.Kind {
		case "Pod":
			n.Labels = labels.Set(obj.GetLabels()).String()
		case "Service":
			in.service(spec)
		}
	case "autoscaling":
		if gvk.Kind == "HorizontalPodAutoscaler" {
			in.scaled(spec)
		}
	case "extensions", "networking.k8s.io":
		if gvk.Kind == "Ingress" {
			in.ingress(spec)
		}
	case "networking.istio.io":
		in.istio(gvk.Kind, spec)
	case gatewayGroup:
		switch {
		case gvk.Kind == "Gateway":
			in.gateway(spec)
		case strings.HasSuffix(gvk.Kind, "Route"):
			in.route(spec)
		}
	}
	if defaults, err := strconv.ParseBool(obj.GetAnnotations()[ignoreDefaults]); err == nil && defaults {
		n.URLs = nil
	}
	n.URLs = append(n.URLs, Links(obj.GetAnnotations())...)
	if reflect.ValueOf(*n).IsZero() {
		return nil
	}
	n.Targets = bounded(n.Targets, resource.Key.Compare)
	n.URLs = bounded(n.URLs, strings.Compare)
	return n
}

// Links are the links among annotations: URL or TITLE|URL.
func Links(annotations map[string]string) []string {
	var out []string
	for k, v := range annotations {
		if !strings.HasPrefix(k, LinkPrefix) {
			continue
		}
		link := v
		if _, after, ok := strings.Cut(v, "|"); ok {
			link = after
		}
		if len(v) <= maxText && openable(link) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// openable says whether a person may be sent to a URL: others than these can run scripts.
func openable(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func bounded[T any](list []T, compare func(a, b T) int) []T {
	slices.SortFunc(list, compare)
	list = slices.CompactFunc(list, func(a, b T) bool { return compare(a, b) == 0 })
	return list[:min(len(list), maxItems)]
}

// reader fills out from the body of obj.
type reader struct {
	obj *unstructured.Unstructured
	out *cluster.Network
}

func (in reader) target(group, kind, namespace, name string) {
	if name == "" || len(name) > maxText || len(in.out.Targets) >= 2*maxItems {
		return
	}
	in.out.Targets = append(in.out.Targets, resource.Key{Group: group, Kind: kind, Namespace: namespace, Name: name})
}

func (in reader) url(s string) {
	if len(s) <= maxText && len(in.out.URLs) < 2*maxItems && openable(s) {
		in.out.URLs = append(in.out.URLs, s)
	}
}

func (in reader) service(spec map[string]any) {
	in.out.Selector = labelsOf(spec["selector"])
	if text(spec, "type") == "LoadBalancer" {
		in.balancers()
	}
}

// balancers reads the addresses of load balancers from the status.
func (in reader) balancers() {
	status, _ := in.obj.Object["status"].(map[string]any)
	balancer, _ := status["loadBalancer"].(map[string]any)
	for _, item := range items(balancer, "ingress") {
		if host := text(item, "hostname"); host != "" {
			in.out.Addresses = append(in.out.Addresses, cluster.Address{Hostname: host})
		} else if ip := text(item, "ip"); ip != "" {
			in.out.Addresses = append(in.out.Addresses, cluster.Address{IP: ip})
		}
	}
}

func (in reader) ingress(spec map[string]any) {
	in.balancers()
	for _, field := range [...]string{"backend", "defaultBackend"} {
		in.backend(spec[field])
	}
	tls := items(spec, "tls")
	for _, rule := range items(spec, "rules") {
		host := text(rule, "host")
		for _, a := range in.out.Addresses {
			if host == "" {
				host = a.Hostname + a.IP
			}
		}
		http, _ := rule["http"].(map[string]any)
		for _, path := range items(http, "paths") {
			in.backend(path["backend"])
			if host != "" {
				in.url(scheme(secured(tls, host)) + host + strings.TrimSuffix(text(path, "path"), "*"))
			}
		}
	}
}

// secured says whether a host is served with TLS. Argo CD takes an entry with a Secret to
// be for all hosts.
func secured(tls []map[string]any, host string) bool {
	return slices.ContainsFunc(tls, func(entry map[string]any) bool {
		hosts, _ := entry["hosts"].([]any)
		return text(entry, "secretName") != "" || slices.Contains(hosts, any(host))
	})
}

func scheme(secured bool) string {
	if secured {
		return "https://"
	}
	return "http://"
}

// scaled is what a HorizontalPodAutoscaler scales, in its own namespace.
func (in reader) scaled(spec map[string]any) {
	ref, _ := spec["scaleTargetRef"].(map[string]any)
	group, _, grouped := strings.Cut(text(ref, "apiVersion"), "/")
	if !grouped {
		group = ""
	}
	if kind := text(ref, "kind"); kind != "" {
		in.target(group, kind, in.obj.GetNamespace(), text(ref, "name"))
	}
}

// backend is that of an Ingress, in all versions that there were.
func (in reader) backend(v any) {
	b, _ := v.(map[string]any)
	service, _ := b["service"].(map[string]any)
	for _, name := range [...]string{text(b, "serviceName"), text(service, "name")} {
		in.target("", "Service", in.obj.GetNamespace(), name)
	}
}

func (in reader) istio(kind string, spec map[string]any) {
	switch kind {
	case "VirtualService":
		for _, rule := range items(spec, "http") {
			for _, route := range items(rule, "route") {
				destination, _ := route["destination"].(map[string]any)
				name, rest, _ := strings.Cut(text(destination, "host"), ".")
				namespace, _, _ := strings.Cut(rest, ".")
				if namespace == "" {
					namespace = in.obj.GetNamespace()
				}
				in.target("", "Service", namespace, name)
			}
		}
	case "ServiceEntry":
		selector, _ := spec["workloadSelector"].(map[string]any)
		in.out.Selector = labelsOf(selector["labels"])
	}
}

// route is any of the Gateway API: it leads from its Gateways to its backends.
func (in reader) route(spec map[string]any) {
	for _, ref := range items(spec, "parentRefs") {
		in.reference(ref, gatewayGroup, "Gateway")
	}
	for _, rule := range items(spec, "rules") {
		for _, ref := range items(rule, "backendRefs") {
			in.reference(ref, "", "Service")
		}
	}
}

func (in reader) reference(ref map[string]any, group, kind string) {
	namespace := in.obj.GetNamespace()
	for field, to := range map[string]*string{"group": &group, "kind": &kind, "namespace": &namespace} {
		if v := text(ref, field); v != "" {
			*to = v
		}
	}
	in.target(group, kind, namespace, text(ref, "name"))
}

func (in reader) gateway(spec map[string]any) {
	status, _ := in.obj.Object["status"].(map[string]any)
	var all []string
	for _, a := range items(status, "addresses") {
		value := text(a, "value")
		switch kind := text(a, "type"); {
		case value == "":
			continue
		case kind == "Hostname":
			in.out.Addresses = append(in.out.Addresses, cluster.Address{Hostname: value})
		case kind == "IPAddress" || kind == "":
			in.out.Addresses = append(in.out.Addresses, cluster.Address{IP: value})
		default:
			continue
		}
		all = append(all, value)
	}
	for _, listener := range items(spec, "listeners") {
		hosts := all
		if host := text(listener, "hostname"); host != "" && host != "*" {
			hosts = []string{host}
		}
		protocol := text(listener, "protocol")
		secured := protocol == "HTTPS" || protocol == "TLS"
		for _, host := range hosts {
			in.url(scheme(secured) + host + port(listener["port"], secured))
		}
	}
}

// port is that of a URL if it is not the usual one.
func port(v any, secured bool) string {
	n, ok := v.(int64)
	if !ok || secured && n == 443 || !secured && n == 80 {
		return ""
	}
	return ":" + strconv.FormatInt(n, 10)
}

func text(m map[string]any, field string) string {
	s, _ := m[field].(string)
	return s
}

// items are the objects in a list, up to a number that no honest object has.
func items(m map[string]any, field string) []map[string]any {
	list, _ := m[field].([]any)
	var out []map[string]any
	for _, v := range list[:min(len(list), maxItems)] {
		if item, ok := v.(map[string]any); ok {
			out = append(out, item)
		}
	}
	return out
}

func labelsOf(v any) string {
	m, _ := v.(map[string]any)
	set := labels.Set{}
	for k, value := range m {
		if s, ok := value.(string); ok {
			set[k] = s
		}
	}
	return set.String()
}
