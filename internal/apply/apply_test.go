package apply

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// kase is the section "case" of a file.
type kase struct {
	// Do is apply, create, remove or namespace.
	Do     string `json:"do"`
	DryRun bool   `json:"dryRun"`

	// Object is the body; its kind in the plural is Resource.
	Object         map[string]any `json:"object"`
	Resource       string         `json:"resource"`
	UID            types.UID      `json:"uid"`
	Legacy         bool           `json:"legacy"`
	Manager        string         `json:"manager"`
	SkipValidation bool           `json:"skipValidation"`
	Replace        bool           `json:"replace"`
	Force          bool           `json:"force"`

	App      string                             `json:"app"`
	Metadata *v1alpha1.ManagedNamespaceMetadata `json:"metadata"`
}

// TestRequests reads testdata/*.txtar: the comment is the reason, "case" what is
// asked for, "answers" what the API server says, one line for each request, and
// "want" the requests with their bodies and then the result. An answer is a status
// and an object, or a status, a reason, and a message with causes after "|".
func TestRequests(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			section := map[string]*txtar.File{}
			for i := range a.Files {
				section[a.Files[i].Name] = &a.Files[i]
			}
			var k kase
			if err := yaml.UnmarshalStrict(section["case"].Data, &k); err != nil {
				t.Fatal(err)
			}
			server := &scripted{t: t, answers: strings.Split(strings.TrimSpace(string(section["answers"].Data)), "\n")}
			result := k.run(t, server)
			if len(server.answers) > 0 {
				t.Errorf("answers nobody asked for: %q", server.answers)
			}
			got := server.asked.String() + describe(t, result)
			if *update {
				section["want"].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(section["want"].Data), got); diff != "" {
				t.Errorf("%s(-want +got):\n%s", a.Comment, diff)
			}
		})
	}
}

func (k kase) run(t *testing.T, handler http.Handler) Result {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	conn, err := cluster.Connect(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	a, o := &Applier{Conn: conn}, Options{DryRun: k.DryRun}
	obj := &unstructured.Unstructured{Object: k.Object}
	kind := cluster.Kind{GVK: obj.GroupVersionKind(), Resource: k.Resource, Namespaced: obj.GetNamespace() != ""}
	body, err := json.Marshal(k.Object)
	if err != nil {
		t.Fatal(err)
	}
	task := Task{
		Key: resource.KeyOf(obj), Kind: kind, Body: body, UID: k.UID, Legacy: k.Legacy, MigrationManager: k.Manager,
		SkipValidation: k.SkipValidation, Replace: k.Replace, Force: k.Force,
	}
	ctx := t.Context()
	switch k.Do {
	case "apply":
		return one(t, a.Apply(ctx, []Task{task}, o))
	case "create":
		return one(t, a.Create(ctx, []Task{task}, o))
	case "remove":
		return one(t, a.Remove(ctx, []Removal{{Key: task.Key, Kind: kind, UID: k.UID, Propagation: "Foreground"}}, o))
	case "namespace":
		return a.EnsureNamespace(ctx, Namespace{Kind: kind, Name: obj.GetName(), App: k.App, Metadata: k.Metadata}, o)
	}
	t.Fatalf("do %q", k.Do)
	return Result{}
}

func one(t *testing.T, results []Result) Result {
	t.Helper()
	if len(results) != 1 {
		t.Fatalf("%d results", len(results))
	}
	return results[0]
}

func describe(t *testing.T, r Result) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "= %s: %s\n", r.Status, r.Message)
	if r.Transient {
		b.WriteString("= transient\n")
	}
	if r.Pending {
		b.WriteString("= pending\n")
	}
	if r.Object != nil {
		fmt.Fprintf(&b, "= object %s\n", r.Object.GetUID())
	}
	if r.Existing != nil {
		fmt.Fprintf(&b, "= existing %s\n", r.Existing.GetUID())
	}
	return b.String()
}

// scripted is an API server that gives prepared answers and keeps what it was
// asked. A case sends its requests one after the other.
type scripted struct {
	t       *testing.T
	answers []string
	asked   bytes.Buffer
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(&s.asked, "%s %s\n", r.Method, r.URL)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if len(body) > 0 {
		fmt.Fprintf(&s.asked, "  %s %s\n", r.Header.Get("Content-Type"), body)
	}
	if len(s.answers) == 0 {
		s.t.Errorf("no answer to %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	code, rest, _ := strings.Cut(s.answers[0], " ")
	s.answers = s.answers[1:]
	status, err := strconv.Atoi(code)
	if err != nil {
		s.t.Errorf("answer %q: %v", code, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status < 300 {
		_, _ = io.WriteString(w, rest)
		return
	}
	reason, message, _ := strings.Cut(rest, " ")
	_ = json.NewEncoder(w).Encode(refusal(status, reason, message))
}

// refusal is the Status of an answer; causes are "field: message".
func refusal(code int, reason, message string) metav1.Status {
	parts := strings.Split(message, " | ")
	s := metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure",
		Code: int32(code), Reason: metav1.StatusReason(reason), Message: parts[0],
		Details: &metav1.StatusDetails{Name: "it"},
	}
	for _, cause := range parts[1:] {
		field, text, _ := strings.Cut(cause, ": ")
		s.Details.Causes = append(s.Details.Causes, metav1.StatusCause{Field: field, Message: text})
	}
	return s
}

// TestEachKeepsOrder: results stand where their tasks stood, and one that fails
// stops no other.
func TestEachKeepsOrder(t *testing.T) {
	in := make([]int, 50)
	for i := range in {
		in[i] = i
	}
	results := each(t.Context(), in, Options{Parallel: 4}, func(_ context.Context, i int) Result {
		if i%7 == 0 {
			return failure(Result{}, fmt.Errorf("no %d", i))
		}
		return Result{Message: strconv.Itoa(i)}
	})
	for i, r := range results {
		want := strconv.Itoa(i)
		if i%7 == 0 {
			want = "no " + want
		}
		if r.Message != want || r.Failed() != (i%7 == 0) {
			t.Errorf("result %d is %q, failed: %v", i, r.Message, r.Failed())
		}
	}
}

func TestIsLegacy(t *testing.T) {
	managed := func(annotated bool, managers ...metav1.ManagedFieldsEntry) *unstructured.Unstructured {
		obj := &unstructured.Unstructured{Object: map[string]any{}}
		if annotated {
			obj.SetAnnotations(map[string]string{lastApplied: "{}"})
		}
		obj.SetManagedFields(managers)
		return obj
	}
	updated := func(manager string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: "Update"}
	}
	tests := map[string]struct {
		reason string
		live   *unstructured.Unstructured
		named  []string
		want   bool
	}{
		"client-side": {"kubectl apply", managed(true, updated("kubectl-client-side-apply")), nil, true},
		"edited":      {"kubectl edit is drift, not an apply", managed(false, updated("kubectl-client-side-apply"), updated("kubectl")), nil, false},
		"argo cd":     {"Argo CD's own client-side apply", managed(true, updated(v1alpha1.FieldManager)), nil, true},
		"replaced":    {"our Replace leaves no annotation", managed(false, updated(v1alpha1.FieldManager)), nil, true},
		"applied":     {"server-side is where we want to be", managed(true, metav1.ManagedFieldsEntry{Manager: v1alpha1.FieldManager, Operation: "Apply"}), nil, false},
		"status":      {"a subresource is somebody's else", managed(true, metav1.ManagedFieldsEntry{Manager: "kubectl", Operation: "Update", Subresource: "status"}), nil, false},
		"others":      {"", managed(true, updated("helm")), nil, false},
		"named":       {"the Application's annotation names it", managed(false, updated("helm")), []string{"helm"}, true},
		"not named":   {"no annotation is no name", managed(false, updated("")), []string{""}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := IsLegacy(tt.live, tt.named...); got != tt.want {
				t.Errorf("%s: %v", tt.reason, got)
			}
		})
	}
}
