package truth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/test/playgroundtest"
)

const definitions = 24

// lab is a control plane with all kinds that experiments are made with.
type lab struct {
	conn     *cluster.Conn
	raw      rest.Interface
	subjects []*subject
}

// subject is one kind.
type subject struct {
	name     string
	kind     cluster.Kind
	template []byte // JSON
	*mutator
	made int
	lab  *lab
}

func newLab(t *testing.T) *lab {
	t.Helper()
	c := playgroundtest.Start(t, playgroundtest.Options{Nodes: -1})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := cluster.Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	config.NegotiatedSerializer, config.GroupVersion = runtime.NewSimpleNegotiatedSerializer(runtime.SerializerInfo{}), &schema.GroupVersion{}
	raw, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{conn: conn, raw: raw}
	l.addBuiltIn(t)
	l.addCustom(t)
	return l
}

// fill writes what a template cannot hold: certificates that are valid now.
func fill(t *testing.T, b []byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	request := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))
	bundle, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	b = bytes.ReplaceAll(b, []byte("request: CSR"), []byte("request: "+request))
	return bytes.ReplaceAll(b, []byte("trustBundle: PEM"), []byte("trustBundle: "+string(bundle)))
}

func words(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/words.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	if err := yaml.UnmarshalStrict(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (l *lab) addBuiltIn(t *testing.T) {
	t.Helper()
	kinds, err := l.conn.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("testdata/kinds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documents, dictionary := map[string]document{}, words(t)
	for part := range bytes.SplitSeq(fill(t, content), []byte("\n---\n")) {
		template, err := yaml.YAMLToJSONStrict(part)
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		obj := decode(t, template)
		gvk := obj.GroupVersionKind()
		kind, ok := kinds.Exact(gvk)
		if !ok {
			t.Errorf("%s is not served", gvk)
			continue
		}
		path := "/openapi/v3/apis/" + gvk.GroupVersion().String()
		if gvk.Group == "" {
			path = "/openapi/v3/api/v1"
		}
		if _, ok := documents[path]; !ok {
			answer, err := l.raw.Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if documents[path], err = parseDocument(answer); err != nil {
				t.Fatal(err)
			}
		}
		root, err := documents[path].kind(gvk.Group, gvk.Version, gvk.Kind)
		if err != nil {
			t.Fatal(err)
		}
		l.add(t, kind, template, root, generator{documents[path], dictionary})
	}
}

func (l *lab) addCustom(t *testing.T) {
	t.Helper()
	crds := cluster.Kind{GVK: schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}, Resource: "customresourcedefinitions"}
	for i := range definitions {
		crd, root := definition(i)
		b, err := json.Marshal(crd)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.conn.Post(t.Context(), crds, resource.Key{}, b, cluster.WriteOptions{Manager: "test"}); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		gvk := schema.GroupVersionKind{Group: "truth.example.com", Version: "v1", Kind: fmt.Sprintf("Thing%d", i)}
		kind := cluster.Kind{GVK: gvk, Resource: fmt.Sprintf("things%d", i), Namespaced: true}
		template := fmt.Sprintf(`{"apiVersion":"truth.example.com/v1","kind":"Thing%d","metadata":{"name":"NAME"},"spec":{}}`, i)
		root["properties"].(node)["metadata"] = node{"type": "object", "properties": node{
			"labels": stringMap(), "annotations": stringMap(),
			"finalizers": node{"type": "array", "x-kubernetes-list-type": "set", "items": node{"type": "string"}},
		}}
		l.add(t, kind, []byte(template), root, generator{document{}, words(t)})
	}
}

func stringMap() node {
	return node{"type": "object", "additionalProperties": node{"type": "string"}}
}

func (l *lab) add(t *testing.T, kind cluster.Kind, template []byte, root node, g generator) {
	t.Helper()
	obj := decode(t, template)
	frozen := strings.Fields(obj.GetAnnotations()["truth/frozen"])
	unstructured.RemoveNestedField(obj.Object, "metadata", "annotations")
	template, err := json.Marshal(obj.Object)
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{
		name: kind.GVK.Kind + "." + kind.GVK.GroupVersion().String(), kind: kind, template: template, lab: l,
		mutator: &mutator{generator: g, root: root, frozen: frozen, refused: map[string]int{}, accepted: map[string]int{}},
	}
	if kind.Namespaced { // one each, for quotas and limits are about all that is in one
		namespaces := cluster.Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Resource: "namespaces"}
		body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, s.namespace())
		if err := l.conn.Create(t.Context(), namespaces, resource.Key{}, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	l.subjects = append(l.subjects, s)
}

func (s *subject) namespace() string {
	if !s.kind.Namespaced {
		return ""
	}
	return "t" + hash(s.name)
}

// fresh is the template under a name that nothing has.
func (s *subject) fresh() node {
	s.made++
	text := strings.NewReplacer(
		"KNAME", fmt.Sprintf("T%s%d", hash(s.name), s.made), "NAMESPACE", s.namespace(), "NAME", fmt.Sprintf("t%s%d", hash(s.name), s.made),
		`"IP"`, fmt.Sprintf(`"10.96.%d.%d"`, s.made/200, 10+s.made%200), "SUBNET", fmt.Sprintf("10.%d.0.0/24", 100+s.made%100),
	).Replace(string(s.template))
	out := node{}
	if err := utiljson.Unmarshal([]byte(text), &out); err != nil {
		panic(err)
	}
	if s.kind.Namespaced {
		out["metadata"].(node)["namespace"] = s.namespace()
	}
	return out
}

func hash(s string) string {
	h := uint32(2166136261)
	for _, b := range []byte(s) {
		h = (h ^ uint32(b)) * 16777619
	}
	return fmt.Sprintf("%06x", h&0xffffff)
}

func decode(t *testing.T, b []byte) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(b, &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func (s *subject) key(obj node) resource.Key {
	return resource.KeyOf(&unstructured.Unstructured{Object: obj})
}

func (s *subject) get(ctx context.Context, key resource.Key) (*unstructured.Unstructured, error) {
	return s.lab.conn.Get(ctx, s.kind, key.Namespace, key.Name)
}

func (s *subject) dryRun(ctx context.Context, obj node) (*unstructured.Unstructured, error) {
	b, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	return s.lab.conn.Apply(ctx, s.kind, s.key(obj), b, cluster.WriteOptions{DryRun: true, Manager: v1alpha1.FieldManager})
}

// refused says whether the API server found a fault with an object, rather than failed. Of
// some it panics, which ends the request's stream.
func refused(err error) bool {
	return strings.Contains(err.Error(), "INTERNAL_ERROR; received from peer") ||
		apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) || apierrors.IsConflict(err) || apierrors.IsNotFound(err) ||
		apierrors.IsRequestEntityTooLargeError(err) || apierrors.IsInternalError(err) || apierrors.IsAlreadyExists(err)
}

// path is the URL path of an object.
func (s *subject) path(namespace, name string) string {
	p := "/api/" + s.kind.GVK.Version
	if s.kind.GVK.Group != "" {
		p = "/apis/" + s.kind.GVK.GroupVersion().String()
	}
	if namespace != "" {
		p += "/namespaces/" + namespace
	}
	return p + "/" + s.kind.Resource + "/" + name
}
