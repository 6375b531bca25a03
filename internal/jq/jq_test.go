package jq_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/jq"
)

type kase struct {
	Why, Expr string
	Object    json.RawMessage
	Deep      bool
	Want      []string
	// Invalid is what Compile says, Fails and Over what a run does.
	Invalid, Fails, Over string
}

func cases(t *testing.T) []kase {
	t.Helper()
	b, err := os.ReadFile("testdata/paths.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []kase
	if err := yaml.UnmarshalStrict(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (k kase) input(t *testing.T) map[string]any {
	t.Helper()
	if k.Deep {
		return map[string]any{"data": strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}
	}
	var obj map[string]any
	if err := utiljson.Unmarshal(k.Object, &obj); err != nil {
		t.Fatal(err)
	}
	return obj
}

// TestPaths reads testdata/paths.yaml.
func TestPaths(t *testing.T) {
	for _, k := range cases(t) {
		t.Run(k.Why, func(t *testing.T) {
			p, err := jq.Compile(k.Expr, jq.Options{Timeout: 10 * time.Second})
			if k.Invalid != "" {
				if err == nil || !strings.Contains(err.Error(), k.Invalid) {
					t.Fatalf("got %v, want %q", err, k.Invalid)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			obj := k.input(t)
			in, err := jq.NewInput(obj)
			if err != nil {
				t.Fatal(err)
			}
			paths, err := p.Paths(in)
			if wrong := k.Fails + k.Over; wrong != "" {
				if err == nil || !strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "hunter2") {
					t.Fatalf("got %v, want %q", err, wrong)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, path := range paths {
				got = append(got, show(path))
			}
			if d := cmp.Diff(k.Want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d := cmp.Diff(k.input(t), obj); d != "" {
				t.Errorf("the object was changed: %s", d)
			}
		})
	}
}

func show(p jq.Path) string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case !s.List:
			b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s.Key))
		case s.To == s.From+1:
			fmt.Fprintf(&b, "/%d", s.From)
		default:
			fmt.Fprintf(&b, "/[%d:%d]", s.From, s.To)
		}
	}
	return b.String()
}

// TestBounds: what goes on without end stops by the number of its steps, long before
// the time is over, and holds little memory.
func TestBounds(t *testing.T) {
	for _, k := range cases(t) {
		if k.Over == "" {
			continue
		}
		p, err := jq.Compile(k.Expr, jq.Options{Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		in, err := jq.NewInput(k.input(t))
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = p.Paths(in)
		runtime.ReadMemStats(&after)
		const most = 256 << 20 // in all, of which the collector takes back most while it runs
		if allocated := after.TotalAlloc - before.TotalAlloc; err == nil || allocated > most {
			t.Errorf("%s: %v, %d bytes", k.Why, err, allocated)
		}
	}
}

// TestGivenUp: an expression that was over its bounds three times is not run again.
func TestGivenUp(t *testing.T) {
	p, err := jq.Compile("range(0; infinite) | empty", jq.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := jq.NewInput(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := p.Paths(in); err == nil || !strings.Contains(err.Error(), "steps") {
			t.Fatal(err)
		}
	}
	if _, err := p.Paths(in); err == nil || !strings.Contains(err.Error(), "is not run any more") {
		t.Fatal(err)
	}
}

func TestTimeout(t *testing.T) {
	p, err := jq.Compile("range(100000) | empty", jq.Options{Timeout: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	in, err := jq.NewInput(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Paths(in); err == nil || !strings.Contains(err.Error(), "ran for longer than 1ns") {
		t.Fatal(err)
	}
}

func TestLargeObjects(t *testing.T) {
	deep := any("x")
	for range 200 {
		deep = []any{deep}
	}
	for why, obj := range map[string]map[string]any{
		"a long list":           {"l": make([]any, 30_000)},
		"many levels":           {"l": deep},
		"a value of no kind":    {"l": make(chan int)},
		"a value of a Go's own": {"l": []string{"x"}},
	} {
		if _, err := jq.NewInput(obj); err == nil {
			t.Errorf("%s is taken", why)
		}
	}
}

// TestConcurrent: one program and one input serve many at once.
func TestConcurrent(t *testing.T) {
	p, err := jq.Compile(`.l[] | select(.n == 500 and (.s | test("^x")))`, jq.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	for i := range 1000 {
		list = append(list, map[string]any{"n": int64(i), "s": "xyz"})
	}
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			in, err := jq.NewInput(map[string]any{"l": list})
			if err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				paths, err := p.Paths(in)
				if err != nil || len(paths) != 1 || paths[0][1].From != 500 {
					t.Errorf("%v %v", paths, err)
				}
			}
		})
	}
	g.Wait()
}

// FuzzCompile: no expression panics or goes on for ever.
func FuzzCompile(f *testing.F) {
	b, err := os.ReadFile("testdata/paths.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var list []kase
	if err := yaml.Unmarshal(b, &list); err != nil {
		f.Fatal(err)
	}
	for _, k := range list {
		f.Add(k.Expr)
	}
	in, err := jq.NewInput(map[string]any{"a": []any{int64(1), "x", map[string]any{"b": nil}}, "c": map[string]any{"d": 1.5}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		p, err := jq.Compile(text, jq.Options{})
		if err != nil {
			return
		}
		_, _ = p.Paths(in) // it comes back, and that is all
	})
}

func BenchmarkPaths(b *testing.B) {
	p, err := jq.Compile(`.spec.template.spec.containers[] | select(.name == "sidecar")`, jq.Options{})
	if err != nil {
		b.Fatal(err)
	}
	obj := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{
		map[string]any{"name": "a", "image": "a:1"}, map[string]any{"name": "sidecar", "image": "b:1"},
	}}}}}
	b.ReportAllocs()
	for b.Loop() {
		in, err := jq.NewInput(obj)
		if err != nil {
			b.Fatal(err)
		}
		if paths, err := p.Paths(in); err != nil || len(paths) != 1 {
			b.Fatal(paths, err)
		}
	}
}
