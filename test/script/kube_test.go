package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/test/evenkeeltest"
)

const tester = "tester"

func (w *world) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", w.cluster.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.UserAgent, config.WarningHandler = -1, tester, rest.NoWarnings{}
	if w.client, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	w.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d))
	return nil
}

func (w *world) apply(ts *testscript.TestScript, args []string) error {
	for _, f := range args {
		content := ts.ReadFile(f)
		expanded := os.Expand(content, func(name string) string { return ts.Getenv(name) })
		if err := w.applyBytes([]byte(expanded)); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
	}
	return nil
}

func (w *world) applyBytes(b []byte) error {
	d := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(b)), 4096)
	for {
		u := &unstructured.Unstructured{}
		if err := d.Decode(&u.Object); err != nil {
			if err.Error() == "EOF" {
				return nil
			}
			return err
		}
		if len(u.Object) == 0 {
			continue
		}
		if err := w.applyObject(u); err != nil {
			return err
		}
	}
}

func (w *world) applyObject(u *unstructured.Unstructured) error {
	res, err := w.resource(u.GroupVersionKind().GroupKind(), u.GetNamespace(), u.GroupVersionKind().Version)
	if err != nil {
		return err
	}
	_, err = res.Apply(w.ctx, u.GetName(), u, metav1.ApplyOptions{FieldManager: tester, Force: true})
	return err
}

func (w *world) resource(gk schema.GroupKind, namespace string, versions ...string) (dynamic.ResourceInterface, error) {
	m, err := w.mapper.RESTMapping(gk, versions...)
	if err != nil {
		w.mapper.Reset()
		if m, err = w.mapper.RESTMapping(gk, versions...); err != nil {
			return nil, err
		}
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return w.client.Resource(m.Resource), nil
	}
	return w.client.Resource(m.Resource).Namespace(namespace), nil
}

// find reads "KIND.GROUP" and "NS/NAME" or "NAME".
func (w *world) find(kind, name string) (dynamic.ResourceInterface, string, error) {
	k, group, _ := strings.Cut(kind, ".")
	namespace, short, ok := strings.Cut(name, "/")
	if !ok {
		namespace, short = "", name
	}
	res, err := w.resource(schema.GroupKind{Group: group, Kind: k}, namespace)
	return res, short, err
}

// clientSideApply creates an object with the last-applied annotation that kubectl
// and Argo CD at its defaults write.
func (w *world) clientSideApply(ts *testscript.TestScript, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: client-side-apply NS MANAGER FILE")
	}
	u := &unstructured.Unstructured{}
	if err := yaml.NewYAMLOrJSONDecoder(strings.NewReader(ts.ReadFile(args[2])), 4096).Decode(&u.Object); err != nil {
		return err
	}
	u.SetNamespace(args[0])
	applied, err := json.Marshal(u.Object)
	if err != nil {
		return err
	}
	u.SetAnnotations(map[string]string{"kubectl.kubernetes.io/last-applied-configuration": string(applied)})
	res, err := w.resource(u.GroupVersionKind().GroupKind(), args[0])
	if err != nil {
		return err
	}
	_, err = res.Create(w.ctx, u, metav1.CreateOptions{FieldManager: args[1]})
	return err
}

func (w *world) patch(_ *testscript.TestScript, args []string) error {
	if len(args) != 4 {
		return errors.New("usage: patch KIND[.GROUP] NS/NAME MANAGER JSON")
	}
	res, name, err := w.find(args[0], args[1])
	if err != nil {
		return err
	}
	_, err = res.Patch(w.ctx, name, types.MergePatchType, []byte(args[3]), metav1.PatchOptions{FieldManager: args[2]})
	return err
}

func (w *world) remove(_ *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: remove KIND[.GROUP] NS/NAME")
	}
	res, name, err := w.find(args[0], args[1])
	if err != nil {
		return err
	}
	return res.Delete(w.ctx, name, metav1.DeleteOptions{})
}

// await waits by watch until test says "" of an object, which is nil when it is
// not there; a test that gets nil says what is wrong with that.
func (w *world) await(kind, name string, test func(*unstructured.Unstructured) string) error {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	res, short, err := w.find(kind, name)
	if err != nil {
		return err
	}
	if err := evenkeeltest.Await(ctx, res, short, test); err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return nil
}

func (w *world) object(_ *testscript.TestScript, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: object KIND[.GROUP] NS/NAME WANT...")
	}
	return w.await(args[0], args[1], func(o *unstructured.Unstructured) string {
		if o == nil {
			if args[2] == "gone" {
				return ""
			}
			return "it is not there"
		}
		w.uids[args[0]+" "+args[1]] = o.GetUID()
		for _, want := range args[2:] {
			if why := wanted(o, want); why != "" {
				return why
			}
		}
		return ""
	})
}

func (w *world) same(_ *testscript.TestScript, args []string) error {
	res, name, err := w.find(args[0], args[1])
	if err != nil {
		return err
	}
	o, err := res.Get(w.ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if before := w.uids[args[0]+" "+args[1]]; before != o.GetUID() {
		return fmt.Errorf("%s %s is another object: uid %s was %s", args[0], args[1], o.GetUID(), before)
	}
	return nil
}

// wanted checks "there", "gone", "/pointer=VALUE" or "/pointer" which must be absent with a leading "!".
func wanted(o *unstructured.Unstructured, want string) string {
	if want == "there" {
		return ""
	}
	if want == "gone" {
		return "it is still there"
	}
	absent := strings.HasPrefix(want, "!")
	pointer, value, _ := strings.Cut(strings.TrimPrefix(want, "!"), "=")
	got, ok := lookup(o.Object, pointer)
	switch {
	case absent && ok:
		return pointer + " is " + show(got)
	case absent:
		return ""
	case !ok:
		return pointer + " is not there"
	case show(got) != value:
		return pointer + " is " + show(got)
	}
	return ""
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func lookup(v any, pointer string) (any, bool) {
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, s := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		switch t := v.(type) {
		case map[string]any:
			next, ok := t[unescape.Replace(s)]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscan(s, &i); err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			v = t[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// requests prints what evenkeel asked of the API server since the last call: one
// line "VERB RESOURCE COUNT" each, watches and reads of health left out.
func (w *world) requests(ts *testscript.TestScript, _ []string) error {
	log := w.cluster.AuditLog()
	counts := map[string]int{}
	for _, r := range log[min(w.seen, len(log)):] {
		if strings.HasPrefix(r.UserAgent, "evenkeel/") && r.Resource != "" {
			counts[r.Verb+" "+r.Resource]++
		}
	}
	w.seen = len(log)
	lines := make([]string, 0, len(counts))
	for k, n := range counts {
		lines = append(lines, fmt.Sprintf("%s %d", k, n))
	}
	sort.Strings(lines)
	fmt.Fprintln(ts.Stdout(), strings.Join(slices.Compact(lines), "\n"))
	return nil
}
