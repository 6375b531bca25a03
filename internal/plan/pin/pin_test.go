package pin_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/pin"
)

func load(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(b, into); err != nil {
		t.Fatal(err)
	}
}

// TestRead reads the cases in testdata/read.yaml.
func TestRead(t *testing.T) {
	var cases []struct {
		Reason      string            `json:"reason"`
		Annotations map[string]string `json:"annotations"`
		Says        string            `json:"says"`
		Problem     string            `json:"problem"`
	}
	load(t, "testdata/read.yaml", &cases)
	for _, c := range cases {
		t.Run(c.Reason, func(t *testing.T) {
			app := &v1alpha1.Application{}
			app.Annotations = map[string]string{}
			for name, value := range c.Annotations {
				app.Annotations["evenkeel.dev/"+name] = value
			}
			says, problem := "", ""
			p, err := pin.Read(app)
			if p != nil {
				says = p.String()
			}
			if err != nil {
				problem = err.Error()
			}
			if says != c.Says || !strings.Contains(problem, c.Problem) || (problem == "") != (c.Problem == "") {
				t.Errorf("got %q and the problem %q, want %q and %q", says, problem, c.Says, c.Problem)
			}
		})
	}
}

// TestOver reads the cases in testdata/over.yaml.
func TestOver(t *testing.T) {
	var cases []struct {
		Reason    string    `json:"reason"`
		Until     time.Time `json:"until"`
		NewerThan string    `json:"newerThan"`
		Now       time.Time `json:"now"`
		Newest    string    `json:"newest"`
		Want      string    `json:"want"`
	}
	load(t, "testdata/over.yaml", &cases)
	for _, c := range cases {
		t.Run(c.Reason, func(t *testing.T) {
			p := pin.Pin{Until: c.Until, NewerThan: c.NewerThan}
			if diff := cmp.Diff(c.Want, p.Over(c.Now, c.Newest)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWriteRead: what was written is what is read, and what an earlier pin had is gone.
func TestWriteRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{0,20}`)
		commit := rapid.StringMatching(`[0-9a-f]{40}`)
		want := pin.Pin{
			Revisions: rapid.SliceOfN(commit, 1, 3).Draw(t, "revisions"), History: rapid.Int64Range(-1, 9).Draw(t, "history"),
			By: text.Draw(t, "by"), Reason: text.Draw(t, "reason"), NewerThan: rapid.SampledFrom([]string{"", pin.Newest, strings.Repeat("a", 40)}).Draw(t, "newer than"),
		}
		if rapid.Bool().Draw(t, "for a while") {
			want.Until = time.Unix(rapid.Int64Range(1, 1<<32).Draw(t, "until"), 0).UTC()
		}
		if rapid.Bool().Draw(t, "of other sources") {
			for range want.Revisions {
				want.Sources = append(want.Sources, v1alpha1.ApplicationSource{RepoURL: "https://" + text.Draw(t, "repository"), Path: text.Draw(t, "path")})
			}
			want.Listed = len(want.Sources) > 1 || rapid.Bool().Draw(t, "in a list")
		}
		app := &v1alpha1.Application{}
		app.Annotations = map[string]string{}
		for _, a := range pin.Annotations {
			app.Annotations[a] = "of before"
		}
		written, err := want.Write()
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range written {
			delete(app.Annotations, name)
			if s, ok := value.(string); ok {
				app.Annotations[name] = s
			}
		}
		got, err := pin.Read(app)
		if err != nil {
			t.Fatalf("%v: %v", err, app.Annotations)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTo reads the cases in testdata/to.yaml.
func TestTo(t *testing.T) {
	var data struct {
		App   v1alpha1.Application `json:"app"`
		Cases []struct {
			Reason  string `json:"reason"`
			ID      int64  `json:"id"`
			Want    string `json:"want"`
			Path    string `json:"path"` // of the source that the pin keeps
			Problem string `json:"problem"`
		} `json:"cases"`
	}
	load(t, "testdata/to.yaml", &data)
	for _, c := range data.Cases {
		t.Run(c.Reason, func(t *testing.T) {
			p, err := pin.To(&data.App, c.ID)
			if (err != nil) != (c.Problem != "") || err != nil && !strings.Contains(err.Error(), c.Problem) {
				t.Fatalf("got the problem %v, want %q", err, c.Problem)
			}
			if err != nil {
				return
			}
			var paths []string
			for _, s := range p.Sources {
				paths = append(paths, s.Path)
			}
			path := strings.Join(paths, " ")
			if p.String() != c.Want || path != c.Path {
				t.Errorf("got %q of path %q, want %q of %q", p, path, c.Want, c.Path)
			}
		})
	}
}
