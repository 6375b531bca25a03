package once_test

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/once"
)

var tasks = []string{"shop/migrate", "shop/seed"}

func infos(value string) []*v1alpha1.Info {
	return []*v1alpha1.Info{nil, {Name: "reason", Value: "x"}, {Name: v1alpha1.InfoHooks, Value: value}}
}

func showChoices(c once.Choices) string {
	var out []string
	for _, name := range tasks {
		choice := c.For(name)
		word := strings.TrimPrefix(name, "shop/") + " " + string(cmp.Or(choice.Word, once.Auto))
		if choice.Key != "" {
			word += " for " + choice.Key
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

func TestChoices(t *testing.T) {
	b, err := os.ReadFile("testdata/choices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Text, Want, Error string }
	if err := yaml.UnmarshalStrict(b, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		choices, err := once.ChoicesOf(infos(c.Text))
		if err == nil {
			err = choices.Check(tasks)
		}
		if err != nil {
			if d := gocmp.Diff(c.Error, strings.TrimPrefix(err.Error(), "operation.info evenkeel.dev/hooks: ")); d != "" {
				t.Errorf("%q\n%s", c.Text, d)
			}
			continue
		}
		if d := gocmp.Diff(c.Want, showChoices(choices)); d != "" || c.Error != "" {
			t.Errorf("%q: want error %q\n%s", c.Text, c.Error, d)
		}
		again, err := once.ChoicesOf(choices.Infos())
		if d := gocmp.Diff(showChoices(choices), showChoices(again)); d != "" || err != nil {
			t.Errorf("%q written and read again: %v\n%s", c.Text, err, d)
		}
	}
}

func TestChoicesElsewhere(t *testing.T) {
	none, err := once.ChoicesOf(nil)
	if err != nil || none.Infos() != nil {
		t.Errorf("%v, %v", none, err)
	}
	if _, err := once.ChoicesOf(append(infos("run"), infos("skip")...)); err == nil {
		t.Error("two infos of that name were read")
	}
	c := once.Choices{Tasks: map[string]once.Choice{"migrate": {Word: once.Run}}, Request: "op", By: "alice"}
	if err := c.Check([]string{"a/migrate", "b/migrate"}); err == nil || !strings.Contains(err.Error(), "a/migrate or b/migrate") {
		t.Errorf("ambiguous: %v", err)
	}
	if err := c.Check(nil); err == nil {
		t.Error("a name was taken that is no hook's")
	}
	if got := c.For("shop/migrate"); got.Request != "op" || got.By != "alice" {
		t.Errorf("%+v", got)
	}
}

// FuzzChoices: what is read and written is read the same.
func FuzzChoices(f *testing.F) {
	f.Add("run,shop/migrate=skip@aaaaaaaa,seed=auto")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := once.ChoicesOf(infos(text))
		if err != nil {
			return
		}
		again, err := once.ChoicesOf(c.Infos())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if c.All == once.Auto {
			c.All = ""
		}
		if d := gocmp.Diff(c, again); d != "" {
			t.Errorf("%q\n%s", text, d)
		}
	})
}

// TestDeclared: an annotation that cannot be obeyed is an error.
func TestDeclared(t *testing.T) {
	const head = "{apiVersion: %s, kind: %s, metadata: {name: x, namespace: shop, annotations: {%s}}}"
	for _, c := range []struct{ version, kind, annotations, want string }{
		{"batch/v1", "Job", "argocd.argoproj.io/hook: Sync", "false"},
		{"batch/v1", "Job", "argocd.argoproj.io/hook: Sync, evenkeel.dev/run: once-per-input", "true"},
		{"batch/v1", "Job", "helm.sh/hook: pre-upgrade, evenkeel.dev/run: once-per-input", "true"},
		{"batch/v1", "Job", "argocd.argoproj.io/hook: Sync, evenkeel.dev/run: once", `Job shop/x: annotation evenkeel.dev/run: "once" is not known; the one value is once-per-input`},
		{"batch/v1", "Job", "evenkeel.dev/run: once-per-input", "Job shop/x: annotation evenkeel.dev/run works for a hook only: add argocd.argoproj.io/hook: PreSync"},
		{"v1", "Pod", "argocd.argoproj.io/hook: Sync, evenkeel.dev/run: once-per-input", "Pod shop/x: annotation evenkeel.dev/run works for a Job only"},
	} {
		ok, err := once.Declared(object(t, fmt.Sprintf(head, c.version, c.kind, c.annotations)))
		got := fmt.Sprint(ok)
		if err != nil {
			got = err.Error()
		}
		if d := gocmp.Diff(c.want, got); d != "" {
			t.Errorf("%s\n%s", c.annotations, d)
		}
	}
}
