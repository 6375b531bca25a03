package e2e

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

// TestWebhooksOnLoopback proves what cluster tests build on: webhooks that a
// test serves on 127.0.0.1 are called by url, and broken ones break as they do
// elsewhere.
func TestWebhooksOnLoopback(t *testing.T) {
	p := up(t, t.TempDir())
	hooks := httptest.NewTLSServer(http.HandlerFunc(serveWebhook))
	t.Cleanup(hooks.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hooks.Certificate().Raw})

	t.Run("conversion works", func(t *testing.T) {
		createDefinition(t, p, "works", hooks.URL+"/convert", ca)
		object := do[*unstructured.Unstructured](t)(p.dynamic(t).Resource(versioned("works", "v2")).Namespace("default").Get(t.Context(), "one", metav1.GetOptions{}))
		if object.GetAPIVersion() != "example.com/v2" || object.GetAnnotations()["converted"] != "yes" {
			t.Errorf("got %v", object)
		}
	})
	t.Run("conversion is broken", func(t *testing.T) {
		createDefinition(t, p, "breaks", hooks.URL+"/nowhere", ca)
		_, err := p.dynamic(t).Resource(versioned("breaks", "v2")).Namespace("default").List(t.Context(), metav1.ListOptions{})
		if err == nil || !strings.Contains(err.Error(), "conversion webhook for example.com/v1") {
			t.Errorf("list: %v, want the conversion's failure", err)
		}
	})
	t.Run("admission", func(t *testing.T) { admission(t, p, hooks.URL+"/admit", ca) })
}

func versioned(plural, version string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "example.com", Version: version, Resource: plural}
}

// createDefinition creates a CRD, stored as v1 and served as v2 through the
// webhook at url, and one object of it as v1.
func createDefinition(t *testing.T, p *playground, plural, url string, ca []byte) {
	t.Helper()
	client := do[*apiextensions.ApiextensionsV1Client](t)(apiextensions.NewForConfig(p.config(t)))
	keep := true
	version := func(name string, storage bool) apiextensionsv1.CustomResourceDefinitionVersion {
		return apiextensionsv1.CustomResourceDefinitionVersion{
			Name: name, Served: true, Storage: storage,
			Schema: &apiextensionsv1.CustomResourceValidation{
				OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &keep},
			},
		}
	}
	definition := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + ".example.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "example.com", Scope: apiextensionsv1.NamespaceScoped,
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Singular: plural, Kind: plural, ListKind: plural + "List"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{version("v1", true), version("v2", false)},
			Conversion: &apiextensionsv1.CustomResourceConversion{
				Strategy: apiextensionsv1.WebhookConverter,
				Webhook: &apiextensionsv1.WebhookConversion{
					ClientConfig:             &apiextensionsv1.WebhookClientConfig{URL: &url, CABundle: ca},
					ConversionReviewVersions: []string{"v1"},
				},
			},
		},
	}
	do[*apiextensionsv1.CustomResourceDefinition](t)(client.CustomResourceDefinitions().Create(t.Context(), definition, metav1.CreateOptions{}))
	source := cache.NewListWatchFromClient(client.RESTClient(), "customresourcedefinitions", "",
		fields.OneTermEqualSelector(metav1.ObjectNameField, definition.Name))
	await(t, source, plural+" established", func(d *apiextensionsv1.CustomResourceDefinition) bool {
		for _, c := range d.Status.Conditions {
			if c.Type == apiextensionsv1.Established {
				return c.Status == apiextensionsv1.ConditionTrue
			}
		}
		return false
	})
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": plural, "metadata": map[string]any{"name": "one"},
	}}
	objects := p.dynamic(t).Resource(versioned(plural, "v1")).Namespace("default")
	do[*unstructured.Unstructured](t)(objects.Create(t.Context(), object, metav1.CreateOptions{}))
}

// admission registers a webhook that refuses ConfigMaps called forbidden.
func admission(t *testing.T, p *playground, url string, ca []byte) {
	client := p.client(t)
	none, fail := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Fail
	webhook := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "guard"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:                    "guard.example.com",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: ca},
			SideEffects:             &none,
			FailurePolicy:           &fail,
			AdmissionReviewVersions: []string{"v1"},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
		}},
	}
	do[*admissionregistrationv1.ValidatingWebhookConfiguration](t)(
		client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(t.Context(), webhook, metav1.CreateOptions{}))

	// The API server learns of the webhook by its own watch, which nobody sees: try until it refuses.
	var refused error
	configs := client.CoreV1().ConfigMaps("default")
	backoff := wait.Backoff{Duration: 10 * time.Millisecond, Factor: 2, Steps: 12}
	_ = retry.OnError(backoff, func(err error) bool { return err == errAdmitted }, func() error {
		_, refused = configs.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "forbidden-"}}, metav1.CreateOptions{})
		if refused == nil {
			return errAdmitted
		}
		return nil
	})
	if refused == nil || !strings.Contains(refused.Error(), `admission webhook "guard.example.com" denied the request: not here`) {
		t.Errorf("forbidden one: %v, want the webhook's refusal", refused)
	}
	allowed := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "allowed"}}
	do[*corev1.ConfigMap](t)(configs.Create(t.Context(), allowed, metav1.CreateOptions{}))
}

type admitted struct{}

func (admitted) Error() string { return "admitted" }

var errAdmitted = admitted{}

func serveWebhook(w http.ResponseWriter, r *http.Request) {
	var answer any
	var err error
	switch r.URL.Path {
	case "/convert":
		answer, err = convert(r)
	case "/admit":
		answer, err = admit(r)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the caller tells if it is cut short
}

func convert(r *http.Request) (any, error) {
	var review apiextensionsv1.ConversionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		return nil, err
	}
	review.Response = &apiextensionsv1.ConversionResponse{UID: review.Request.UID, Result: metav1.Status{Status: metav1.StatusSuccess}}
	for _, raw := range review.Request.Objects {
		var object unstructured.Unstructured
		if err := json.Unmarshal(raw.Raw, &object.Object); err != nil {
			return nil, err
		}
		object.SetAPIVersion(review.Request.DesiredAPIVersion)
		object.SetAnnotations(map[string]string{"converted": "yes"})
		review.Response.ConvertedObjects = append(review.Response.ConvertedObjects, runtime.RawExtension{Object: &object})
	}
	review.Request = nil
	return review, nil
}

func admit(r *http.Request) (any, error) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		return nil, err
	}
	var object metav1.PartialObjectMetadata
	if err := json.Unmarshal(review.Request.Object.Raw, &object); err != nil {
		return nil, err
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if strings.HasPrefix(object.GenerateName, "forbidden-") {
		review.Response.Allowed = false
		review.Response.Result = &metav1.Status{Message: "not here"}
	}
	review.Request = nil
	return review, nil
}
