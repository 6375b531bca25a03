package once_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata")

type scene struct {
	hook   *unstructured.Unstructured
	inputs once.Inputs
}

func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	return u
}

// ids are the ids of files as a Git has them: of a file's content, and of all that
// is below a directory.
func ids(files fstest.MapFS) func(string) (string, error) {
	return func(name string) (string, error) {
		h := sha256.New()
		err := fs.WalkDir(files, name, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			fmt.Fprintf(h, "%q %q", p, files[p].Data)
			return nil
		})
		return hex.EncodeToString(h.Sum(nil)), err
	}
}

func read(t testing.TB, ar *txtar.Archive) scene {
	t.Helper()
	s := scene{inputs: once.Inputs{Objects: map[resource.Key]*unstructured.Unstructured{}, MACKey: []byte("key")}}
	files := fstest.MapFS{}
	for _, f := range ar.Files {
		name, isFile := strings.CutPrefix(f.Name, "files/")
		switch {
		case isFile:
			files[name] = &fstest.MapFile{Data: f.Data}
		case f.Name == "hook.yaml":
			s.hook = object(t, string(f.Data))
		case f.Name == "objects.yaml":
			for doc := range strings.SplitSeq(string(f.Data), "\n---\n") {
				o := object(t, doc)
				s.inputs.Objects[resource.KeyOf(o)] = o
			}
		case f.Name == "settings.yaml":
			var in struct{ Cluster string }
			if err := yaml.UnmarshalStrict(f.Data, &in); err != nil {
				t.Fatal(err)
			}
			s.inputs.Cluster = in.Cluster
		}
	}
	if len(files) > 0 {
		s.inputs.Files, s.inputs.ID = files, ids(files)
	}
	return s
}

func show(task once.Task, err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %v\n", fault.KindOf(err), err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "task %s\nkey %s\njob %s\n", task.Name, task.Key, once.JobName(task.Name, task.Key))
	for _, p := range task.Parts {
		fmt.Fprintf(&b, "%s %s", p, p.Digest)
		if p.MAC != "" {
			fmt.Fprintf(&b, " with key %s", p.MAC)
		}
		if p.Value != "" && !strings.Contains(p.String(), p.Value) {
			fmt.Fprintf(&b, " (%s)", p.Value)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestKeysForEver holds keys against those in testdata. A key there must never
// change: everything that ran once per input would run again wherever Evenkeel is
// updated. If one has to, raise the scheme and make the old keys known to Decide.
func TestKeysForEver(t *testing.T) {
	names, err := filepath.Glob("testdata/key/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := read(t, ar)
			before := s.hook.DeepCopy()
			got := show(once.NewTask(s.hook, s.inputs))
			if d := cmp.Diff(before, s.hook); d != "" {
				t.Errorf("NewTask changed the hook:\n%s", d)
			}
			want := &ar.Files[len(ar.Files)-1]
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("%s(-want +got)\n%s", ar.Comment, d)
			}
		})
	}
}

func everything(t testing.TB) scene {
	t.Helper()
	ar, err := txtar.ParseFile("testdata/key/everything.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return read(t, ar)
}

// edit is a change of a scene, and what people are told of it; empty: no change.
type edit struct {
	name string
	do   func(s *scene)
	want string
}

func set(path string, value any) func(*scene) {
	return func(s *scene) { setIn(s.hook.Object, strings.Split(path, "/"), value) }
}

func setIn(at any, path []string, value any) {
	switch at := at.(type) {
	case map[string]any:
		if len(path) == 1 {
			at[path[0]] = value
			return
		}
		if at[path[0]] == nil {
			at[path[0]] = map[string]any{}
		}
		setIn(at[path[0]], path[1:], value)
	case []any:
		i := 0
		fmt.Sscan(path[0], &i)
		setIn(at[i], path[1:], value)
	}
}

func setObject(kind, name, field, key string, value any) func(*scene) {
	return func(s *scene) {
		o := s.inputs.Objects[resource.Key{Kind: kind, Namespace: "shop", Name: name}]
		setIn(o.Object, []string{field, key}, value)
	}
}

func setFile(name, content string) func(*scene) {
	return func(s *scene) {
		files := s.inputs.Files.(fstest.MapFS)
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
}

const pod = "spec/template/spec/"

// note sets a label or an annotation of the pod template.
func note(field, name, value string) func(*scene) {
	return func(s *scene) { setIn(s.hook.Object, []string{"spec", "template", "metadata", field, name}, value) }
}

// edits are all that is, and all that is not, a change of the inputs of "everything".
func edits(t testing.TB) []edit {
	return []edit{
		{"tag", set(pod+"containers/0/image", "shop/migrate:v8"), "image shop/migrate:v7 → shop/migrate:v8"},
		{"digest", set(pod+"initContainers/0/image", "busybox@sha256:bbbb"), "image busybox@sha256:aaaa → busybox@sha256:bbbb"},
		{"same digest from another registry", func(s *scene) {
			at := s.hook.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["initContainers"].([]any)[0].(map[string]any)
			_, digest, _ := strings.Cut(at["image"].(string), "@")
			at["image"] = "mirror.example/busybox:2@" + digest
		}, ""},
		{"resolved tag", func(s *scene) { s.inputs.Digests = map[string]string{"shop/migrate:v7": "sha256:cc"} }, "image shop/migrate:v7 → shop/migrate:v7@sha256:cc"},
		{"args", set(pod+"containers/0/args", []any{"--all"}), "container migrate"},
		{"env", set(pod+"containers/0/env/0/value", "debug"), "container migrate"},
		{"service account", set(pod+"serviceAccountName", "other"), "pod template"},
		{"a label that a policy may select", note("labels", "tier", "other"), "pod template"},
		{"an annotation that an injector may read", note("annotations", "vault.hashicorp.com/role", "db"), "pod template"},
		{"completions", set("spec/completions", int64(2)), "pod template"},
		{"namespace", func(s *scene) {
			s.hook.SetNamespace("other")
			for key, o := range s.inputs.Objects {
				key.Namespace = "other"
				s.inputs.Objects[key] = o
			}
		}, "Secret db; Secret maybe; Secret tls; destination cluster in-cluster, namespace shop → cluster in-cluster, namespace other"},
		{"cluster", func(s *scene) { s.inputs.Cluster = "b" }, "destination cluster in-cluster, namespace shop → cluster b, namespace shop"},
		{"a ConfigMap read whole", setObject("ConfigMap", "all", "data", "b", "3"), "ConfigMap all"},
		{"a new key of it", setObject("ConfigMap", "all", "data", "c", "3"), "ConfigMap all"},
		{"a key that is read", setObject("ConfigMap", "some", "data", "url", "x"), "ConfigMap some"},
		{"a key that is not", setObject("ConfigMap", "some", "data", "unread", "x"), ""},
		{"a mounted item", setObject("ConfigMap", "mounted", "data", "a", "x"), "ConfigMap mounted"},
		{"an item that is not mounted", setObject("ConfigMap", "mounted", "binaryData", "bin", "AAAA"), ""},
		{"a projected ConfigMap", setObject("ConfigMap", "projected", "data", "a", "x"), "ConfigMap projected"},
		{"bytes instead of text", setObject("ConfigMap", "projected", "binaryData", "a", "eA=="), "ConfigMap projected"},
		{"a Secret's key that is read", setObject("Secret", "db", "data", "password", "aHVudGVyMw=="), "Secret db"},
		{"a Secret's projected item", setObject("Secret", "db", "data", "user", "eA=="), "Secret db"},
		{"a Secret's key that is not", setObject("Secret", "db", "data", "unread", "eQ=="), ""},
		{"stringData for data", func(s *scene) {
			data := s.inputs.Objects[resource.Key{Kind: "Secret", Namespace: "shop", Name: "db"}].Object["data"].(map[string]any)
			text, _ := base64.StdEncoding.DecodeString(data["password"].(string))
			setObject("Secret", "db", "stringData", "password", string(text))(s)
			data["password"] = "eA=="
		}, ""},
		{"a mounted Secret", setObject("Secret", "tls", "stringData", "tls.key", "x"), "Secret tls"},
		{"metadata of an object", setObject("Secret", "tls", "metadata", "resourceVersion", "7"), ""},
		{"an optional Secret that comes", func(s *scene) {
			s.inputs.Objects[resource.Key{Kind: "Secret", Namespace: "shop", Name: "maybe"}] = object(t, "{apiVersion: v1, kind: Secret, metadata: {name: maybe}}")
		}, "Secret maybe"},
		{"another key for Secrets", func(s *scene) { s.inputs.MACKey = []byte("other") }, "Secret db; Secret maybe; Secret tls"},
		{"a file", setFile("migrations/deep/0002.sql", "x"), "path migrations/**"},
		{"a new file", setFile("migrations/0003.sql", "x"), "path migrations/** (2 files → 3 files)"},
		{"a file below a directory", setFile("tools/lib/x", "x"), "path tools"},
		{"another alternative", setFile("conf/b.yaml", "x"), "path conf/{a,b}.yaml (1 file → 2 files)"},
		{"a file that is not named", setFile("conf/c.yaml", "x"), ""},
		{
			"other paths", set("metadata/annotations", map[string]any{"evenkeel.dev/inputs": "schema.sql"}),
			"path conf/{a,b}.yaml (no longer); path migrations/** (no longer); path tools (no longer)",
		},

		{"chart version", note("labels", "helm.sh/chart", "shop-1.2.4"), ""},
		{"old chart labels", func(s *scene) { note("labels", "chart", "x")(s); note("labels", "heritage", "Helm")(s) }, ""},
		{"app version", note("labels", "app.kubernetes.io/version", "8"), ""},
		{"managed-by", note("labels", "app.kubernetes.io/managed-by", "x"), ""},
		{"checksum", note("annotations", "checksum/config", "x"), ""},
		{"tracking", note("annotations", "argocd.argoproj.io/tracking-id", "x"), ""},
		{"rollme", note("annotations", "rollme", "x"), ""},
		{"the Job's own labels", set("metadata/labels", map[string]any{"helm.sh/chart": "x"}), ""},
		{"how often it is tried", set("spec/backoffLimit", int64(9)), ""},
		{"how long it is kept", set("spec/ttlSecondsAfterFinished", int64(9)), ""},
		{"a null", set(pod+"affinity", nil), ""},
		{"an empty map", set(pod+"containers/0/resources", map[string]any{}), ""},
		{"template creationTimestamp", set("spec/template/metadata/creationTimestamp", nil), ""},
	}
}

// TestEdits: the key follows what is an input and nothing else, and what changed is said.
func TestEdits(t *testing.T) {
	base := everything(t)
	before, err := once.NewTask(base.hook, base.inputs)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits(t) {
		t.Run(e.name, func(t *testing.T) {
			s := everything(t)
			e.do(&s)
			after, err := once.NewTask(s.hook, s.inputs)
			if err != nil {
				t.Fatal(err)
			}
			if (after.Key != before.Key) != (e.want != "") {
				t.Errorf("key changed: %v", after.Key != before.Key)
			}
			if d := cmp.Diff(e.want, strings.Join(once.Changes(before.Parts, after.Parts), "; ")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestEditsTogether: whatever is changed at once, in whatever order, the key is the
// same if and only if nothing that counts was changed, and is made of the parts.
func TestEditsTogether(t *testing.T) {
	base := everything(t)
	before, err := once.NewTask(base.hook, base.inputs)
	if err != nil {
		t.Fatal(err)
	}
	all := edits(t)
	rapid.Check(t, func(rt *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 0, 6, rapid.ID).Draw(rt, "edits")
		s := everything(t)
		counts := false
		for _, i := range chosen {
			all[i].do(&s)
			counts = counts || all[i].want != ""
		}
		after, err := once.NewTask(s.hook, s.inputs)
		if err != nil {
			rt.Fatal(err)
		}
		if (after.Key != before.Key) != counts {
			rt.Fatalf("counts %v, key changed %v: %v", counts, after.Key != before.Key, once.Changes(before.Parts, after.Parts))
		}
		if (len(once.Changes(before.Parts, after.Parts)) > 0) != counts {
			rt.Fatalf("counts %v, told %v", counts, once.Changes(before.Parts, after.Parts))
		}
	})
}

// TestUnapplied: what the Job would read in another state than it is keyed by is
// named, and nothing else.
func TestUnapplied(t *testing.T) {
	key := func(kind, name string) resource.Key { return resource.Key{Kind: kind, Namespace: "shop", Name: name} }
	desired, live := everything(t), everything(t)
	if got := once.Unapplied(desired.hook, desired.inputs.Objects, live.inputs.Objects); got != nil {
		t.Errorf("all is applied, got %v", got)
	}
	setObject("ConfigMap", "some", "data", "unread", "x")(&desired)
	setObject("ConfigMap", "some", "metadata", "labels", map[string]any{"a": "b"})(&desired)
	setObject("Secret", "db", "stringData", "password", "new")(&desired)
	delete(live.inputs.Objects, key("ConfigMap", "all"))
	delete(desired.inputs.Objects, key("Secret", "tls")) // another's
	want := []resource.Key{key("ConfigMap", "all"), key("Secret", "db")}
	if d := cmp.Diff(want, once.Unapplied(desired.hook, desired.inputs.Objects, live.inputs.Objects)); d != "" {
		t.Error(d)
	}
}

// TestBinary: bytes that are not text count one by one.
func TestBinary(t *testing.T) {
	keys := map[string]bool{}
	for _, value := range []string{"/w==", "/g==", "/f8="} {
		s := everything(t)
		setObject("ConfigMap", "projected", "binaryData", "a", value)(&s)
		task, err := once.NewTask(s.hook, s.inputs)
		if err != nil {
			t.Fatal(err)
		}
		keys[task.Key] = true
	}
	if len(keys) != 3 {
		t.Errorf("%d keys for three contents", len(keys))
	}
}

// TestSecretsStayOut: no value of a Secret is in a task, and none can be told from
// it without the key.
func TestSecretsStayOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := everything(t)
		value := rapid.StringMatching(`[a-z0-9]{12,20}`).Draw(rt, "value")
		setObject("Secret", "db", "stringData", "password", value)(&s)
		task, err := once.NewTask(s.hook, s.inputs)
		if err != nil {
			rt.Fatal(err)
		}
		plain := sha256.Sum256([]byte(value))
		for _, told := range []string{value, hex.EncodeToString(plain[:])[:16]} {
			if strings.Contains(fmt.Sprintf("%+v", task), told) {
				rt.Fatalf("%q is in %+v", told, task)
			}
		}
	})
	s := everything(t)
	s.inputs.MACKey = nil
	if _, err := once.NewTask(s.hook, s.inputs); err == nil {
		t.Error("a Secret was digested without a key")
	}
}

// FuzzNewTask: no hook makes NewTask panic, and the same hook has the same key.
func FuzzNewTask(f *testing.F) {
	ar, err := txtar.ParseFile("testdata/key/everything.txtar")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ar.Files[1].Data)
	f.Add([]byte(`{"metadata":{"name":"x"},"spec":{"template":{"spec":{"containers":[1,{"name":1,"env":[{"valueFrom":7}]},{},{}],"volumes":{}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var obj map[string]any
		if yaml.Unmarshal(text, &obj) != nil || obj == nil {
			t.Skip()
		}
		hook := &unstructured.Unstructured{Object: obj}
		in := read(t, ar).inputs
		a, errA := once.NewTask(hook, in)
		b, errB := once.NewTask(hook, in)
		if a.Key != b.Key || (errA == nil) != (errB == nil) {
			t.Errorf("%q %v, then %q %v", a.Key, errA, b.Key, errB)
		}
	})
}

func BenchmarkNewTask(b *testing.B) {
	s := everything(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := once.NewTask(s.hook, s.inputs); err != nil {
			b.Fatal(err)
		}
	}
}
