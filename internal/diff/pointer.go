package diff

import (
	"reflect"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// builtInTypes are the types of Kubernetes' own kinds in their stable versions.
var builtInTypes = sync.OnceValue(func() *runtime.Scheme { //nolint:gochecknoglobals // made once, never changed
	s := runtime.NewScheme()
	b := runtime.NewSchemeBuilder(
		admissionregistrationv1.AddToScheme, appsv1.AddToScheme, autoscalingv1.AddToScheme,
		autoscalingv2.AddToScheme, batchv1.AddToScheme, certificatesv1.AddToScheme,
		coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme,
		eventsv1.AddToScheme, flowcontrolv1.AddToScheme, networkingv1.AddToScheme,
		nodev1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme,
		resourcev1.AddToScheme, schedulingv1.AddToScheme, storagev1.AddToScheme,
	)
	if err := b.AddToScheme(s); err != nil {
		panic(err) // two of them claim one kind, which they do at every start or never
	}
	return s
})

// keepsZero says whether the type of a built-in kind's field tells a zero from nothing: it
// is a pointer. Of such a field a zero that is not there was not left out by the API server
// but is missing, as when a null was applied before.
func (w *walker) keepsZero(path []seg) bool {
	if !w.builtIn {
		return false
	}
	obj, err := builtInTypes().New(w.live.GroupVersionKind())
	if err != nil {
		return false
	}
	t := reflect.TypeOf(obj)
	for _, s := range path {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t = below(t, s); t == nil {
			return false
		}
	}
	return t.Kind() == reflect.Pointer
}

// below is the type of a field or of the elements of a type, or nil.
func below(t reflect.Type, s seg) reflect.Type {
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		return t.Elem()
	case reflect.Struct:
		return fieldOf(t, s.name)
	}
	return nil
}

// fieldOf is the type of the field with a name in JSON, or nil.
func fieldOf(t reflect.Type, name string) reflect.Type {
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == name {
			return f.Type
		}
		if tag != "" || f.Type.Kind() != reflect.Struct {
			continue
		}
		if inner := fieldOf(f.Type, name); inner != nil {
			return inner
		}
	}
	return nil
}
