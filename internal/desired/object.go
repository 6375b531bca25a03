package desired

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// serverFields are the fields of metadata that the API server sets. Applying
// them fails or claims what nobody can hold.
var serverFields = [...]string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
}

// compareOptions are the words of an object's compare options that are understood.
// How Argo CD is to compare says nothing here: there is one way, which asks the API
// server where it is in doubt, and what a webhook adds is nobody's difference.
// Those of sync options are in package resource.
var compareOptions = [...]string{
	"IgnoreExtraneous", "ServerSideDiff=true", "ServerSideDiff=false", "IncludeMutationWebhook=true", "IncludeMutationWebhook=false",
}

// builder makes the objects of one Build.
type builder struct {
	in       Input
	defined  map[schema.GroupKind]bool
	warnings map[v1alpha1.ConditionType][]string
}

// build makes one object. The maps that it changes are its own copies: the top,
// metadata, metadata.annotations and a Secret's data. Nulls in metadata mean
// nothing: generators write creationTimestamp: null everywhere.
func (b *builder) build(raw *unstructured.Unstructured) (entry, error) {
	if err := checkIdentity(raw); err != nil {
		return entry{}, err
	}
	body := &unstructured.Unstructured{Object: maps.Clone(raw.Object)}
	meta := maps.Clone(raw.Object["metadata"].(map[string]any))
	maps.DeleteFunc(meta, func(_ string, v any) bool { return v == nil })
	body.Object["metadata"] = meta
	delete(body.Object, "status")
	known, err := b.place(body)
	if err != nil {
		return entry{}, err
	}
	b.dropServerFields(body, meta)
	hook := resource.IsHook(body)
	if body.GetName() == "" && !hook {
		return entry{}, fmt.Errorf("%s: metadata.generateName makes a new object with every sync and works for hooks only", describe(body))
	}
	b.track(body, meta)
	key := resource.KeyOf(body)
	if key.IsSecret() {
		if err := foldSecret(body); err != nil {
			return entry{}, err
		}
	}
	text, err := canonical(body.Object)
	if err != nil {
		return entry{}, fmt.Errorf("%s: %w", describe(body), err)
	}
	sum := sha256.Sum256(text)
	e := entry{hook: hook, Object: Object{
		Key:         key,
		GVK:         body.GroupVersionKind(),
		Wave:        resource.SyncWave(body),
		ScopeKnown:  known,
		Self:        key == b.in.Self,
		SyncOptions: body.GetAnnotations()[v1alpha1.AnnotationSyncOptions],
		JSON:        text,
		Hash:        binary.BigEndian.Uint64(sum[:8]),
	}}
	if hook {
		e.HookTypes, e.DeletePolicy = b.hook(body)
	}
	b.misspelt(body)
	return e, nil
}

// hook are the types and the policies of a hook. A type that does not exist is most
// likely a misspelt one, and the object would silently run nowhere.
func (b *builder) hook(body *unstructured.Unstructured) ([]resource.HookType, resource.DeletePolicy) {
	types, unknown := resource.HookTypes(body.GetAnnotations())
	for _, word := range unknown {
		b.warn(v1alpha1.ConditionUnsupportedFieldWarning, "%s: %q is no type of hook", describe(body), word)
	}
	policy, unknown := resource.DeletePolicies(body.GetAnnotations())
	for _, word := range unknown {
		b.warn(v1alpha1.ConditionUnsupportedFieldWarning, "%s: %q says nothing of when to delete a hook", describe(body), word)
	}
	return types, policy
}

// misspelt warns of options and waves that are not understood. They have no effect, save
// that an unknown word for Prune or Delete denies; Argo CD says nothing of them.
func (b *builder) misspelt(body *unstructured.Unstructured) {
	a := body.GetAnnotations()
	for _, word := range resource.SyncOptionProblems(a[v1alpha1.AnnotationSyncOptions], resource.ObjectScope) {
		b.warn(v1alpha1.ConditionUnsupportedFieldWarning, "%s: %q is no sync option of an object", describe(body), word)
	}
	for word := range strings.SplitSeq(a[v1alpha1.AnnotationCompareOptions], ",") {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(compareOptions[:], word) {
			b.warn(v1alpha1.ConditionUnsupportedFieldWarning, "%s: %q is no compare option", describe(body), word)
		}
	}
	for _, name := range [...]string{v1alpha1.AnnotationSyncWave, v1alpha1.AnnotationHelmHookWeight} {
		wave, given := a[name]
		if _, err := strconv.Atoi(strings.TrimSpace(wave)); given && err != nil {
			b.warn(v1alpha1.ConditionUnsupportedFieldWarning, "%s: %s %q is not a number that a wave can have", describe(body), name, wave)
		}
	}
}

// scope says whether a kind is namespaced. What nobody knows counts as
// namespaced, as in Argo CD.
func (b *builder) scope(gk schema.GroupKind) (namespaced, known bool) {
	if b.in.Scope != nil {
		if namespaced, known := b.in.Scope(gk); known {
			return namespaced, true
		}
	}
	if namespaced, ok := b.defined[gk]; ok {
		return namespaced, true
	}
	return true, false
}

// place gives body its namespace, or takes it from a cluster-scoped object.
func (b *builder) place(body *unstructured.Unstructured) (scopeKnown bool, err error) {
	namespaced, known := b.scope(body.GroupVersionKind().GroupKind())
	switch {
	case !namespaced:
		body.SetNamespace("")
	case body.GetNamespace() == "":
		body.SetNamespace(b.in.Namespace)
	}
	ns := body.GetNamespace()
	if namespaced && known && ns == "" {
		return known, fmt.Errorf("%s: names no namespace, and spec.destination.namespace is empty", describe(body))
	}
	if ns == "" {
		return known, nil
	}
	if problems := validation.IsDNS1123Label(ns); problems != nil {
		return known, fmt.Errorf("%s: metadata.namespace %q: %s", describe(body), ns, problems[0])
	}
	return known, nil
}

func (b *builder) dropServerFields(body *unstructured.Unstructured, meta map[string]any) {
	var dropped []string
	for _, field := range serverFields {
		if _, ok := meta[field]; ok {
			dropped = append(dropped, "metadata."+field)
		}
		delete(meta, field)
	}
	if dropped != nil {
		b.warn(v1alpha1.ConditionUnsupportedFieldWarning, "%s: the API server sets %s; left out", describe(body), strings.Join(dropped, ", "))
	}
}

// track writes the tracking id, and the installation's if it has one: an object that
// was exported from another installation must not keep that one's. CustomResourceDefinitions never have one
// (argo-cd.md §1.2), and what has no name yet gets its id with its name.
func (b *builder) track(body *unstructured.Unstructured, meta map[string]any) {
	had, _ := meta["annotations"].(map[string]any)
	annotations := maps.Clone(had)
	delete(annotations, v1alpha1.AnnotationInstallationID)
	delete(annotations, v1alpha1.AnnotationTrackingID)
	if annotations == nil {
		annotations = map[string]any{}
	}
	if !isCRD(body) && body.GetName() != "" {
		annotations[v1alpha1.AnnotationTrackingID] = b.trackingID(body).String()
	}
	if !isCRD(body) && b.in.Installation != "" {
		annotations[v1alpha1.AnnotationInstallationID] = b.in.Installation
	}
	if len(annotations) == 0 {
		delete(meta, "annotations")
		return
	}
	meta["annotations"] = annotations
}

func (b *builder) trackingID(body *unstructured.Unstructured) resource.TrackingID {
	key := resource.KeyOf(body)
	ns := key.Namespace
	if ns == "" {
		ns = b.in.Namespace
	}
	return resource.TrackingID{App: b.in.App, Group: key.Group, Kind: key.Kind, Namespace: ns, Name: key.Name}
}

// checkIdentity refuses an object that cannot be addressed, and whose labels or
// annotations would read as absent because one of them is no string: a hook
// would then be applied as an ordinary object.
func checkIdentity(obj *unstructured.Unstructured) error {
	if text(obj.Object["apiVersion"]) == "" || text(obj.Object["kind"]) == "" {
		return fmt.Errorf("%s: an object needs apiVersion and kind", describe(obj))
	}
	for _, problem := range [...]string{resource.CheckKind(obj.GetKind()), resource.CheckAPIVersion(obj.GetAPIVersion())} {
		if problem != "" {
			return fmt.Errorf("%s: %s", describe(obj), problem)
		}
	}
	meta, ok := obj.Object["metadata"].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: an object needs metadata", describe(obj))
	}
	for _, field := range [...]string{"name", "namespace", "generateName"} {
		if v := meta[field]; v != nil {
			if _, ok := v.(string); !ok {
				return fmt.Errorf("%s: metadata.%s is %s and has to be a string", describe(obj), field, typeName(v))
			}
		}
	}
	if err := checkName(obj); err != nil {
		return err
	}
	for _, field := range [...]string{"labels", "annotations"} {
		if err := checkStrings(obj, field, meta[field]); err != nil {
			return err
		}
	}
	return nil
}

func checkName(obj *unstructured.Unstructured) error {
	name := obj.GetName()
	if name == "" && obj.GetGenerateName() == "" {
		return fmt.Errorf("%s: an object needs metadata.name", describe(obj))
	}
	if problem := resource.CheckName(name); problem != "" {
		return fmt.Errorf("%s: metadata.name %s", describe(obj), problem)
	}
	return nil
}

func checkStrings(obj *unstructured.Unstructured, field string, value any) error {
	if value == nil {
		return nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: metadata.%s is %s and has to be a map", describe(obj), field, typeName(value))
	}
	for _, k := range sortedKeys(m) {
		if _, ok := m[k].(string); !ok {
			return fmt.Errorf("%s: metadata.%s[%q] is %s and has to be a string: quote it", describe(obj), field, k, typeName(m[k]))
		}
	}
	return nil
}

// describe names an object in an error, whatever it lacks.
func describe(obj *unstructured.Unstructured) string {
	kind := text(obj.Object["kind"])
	if kind == "" {
		kind = "object"
	}
	name := obj.GetName()
	if name == "" && obj.GetGenerateName() != "" {
		name = obj.GetGenerateName() + "*"
	}
	if name == "" {
		return plain(kind) + " without a name"
	}
	return resource.Key{Kind: plain(kind), Namespace: plain(obj.GetNamespace()), Name: plain(name)}.Human()
}

// plain is s, quoted if it is long or holds what could not be read.
func plain(s string) string {
	if quoted := resource.Shown(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// typeName says in the words of YAML what a value is, without showing it.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int64, float64, int:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "of an odd type"
}

// canonical is compact JSON with sorted keys, without the escapes that only
// HTML needs.
func canonical(object map[string]any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(object); err != nil {
		return nil, fmt.Errorf("cannot be written as JSON: %w", err)
	}
	return bytes.Clone(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}
