package pin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/pin"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

func annotated(a map[string]string) *v1alpha1.Application {
	return &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "web", Annotations: a}}
}

// What is written is what is read, and all that an earlier pin had is removed.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pin.Pin{
			Revision: rapid.StringMatching(`[0-9a-f]{40}|[0-9a-f]{64}`).Draw(t, "revision"), History: rapid.Int64Min(-1).Draw(t, "history"),
			By: rapid.String().Draw(t, "by"), Reason: rapid.String().Draw(t, "reason"), NewerThan: rapid.StringMatching(`[0-9a-f]{0,40}`).Draw(t, "newer than"),
		}
		if rapid.Bool().Draw(t, "has until") {
			p.Until = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "until"), 0).UTC()
		}
		if rapid.Bool().Draw(t, "has source") {
			p.Source = &v1alpha1.ApplicationSource{RepoURL: rapid.StringMatching(`[ -~]*`).Draw(t, "url"), Path: "a", TargetRevision: "main"}
		}
		written, err := p.Write()
		if err != nil {
			t.Fatal(err)
		}
		a := map[string]string{}
		for _, name := range pin.Annotations {
			a[name] = "of before"
		}
		for name, v := range written {
			if v == nil {
				delete(a, name)
				continue
			}
			a[name] = v.(string)
		}
		got, err := pin.Read(annotated(a))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&p, got); d != "" {
			t.Fatalf("(-written +read)\n%s", d)
		}
	})
}

// A pin that cannot be read is an error: an Application that somebody holds back must
// not go forward for a typing mistake.
func TestBroken(t *testing.T) {
	for _, c := range []struct{ annotation, value, want string }{
		{v1alpha1.AnnotationPin, "", "is no full commit id"},
		{v1alpha1.AnnotationPin, "main", "is no full commit id"},
		{v1alpha1.AnnotationPin, sha[:39], "is no full commit id"},
		{v1alpha1.AnnotationPin, sha + "0", "is no full commit id"},
		{v1alpha1.AnnotationPin, strings.ToUpper(sha), "is no full commit id"},
		{v1alpha1.AnnotationPin, sha + "\n", "is no full commit id"},
		{v1alpha1.AnnotationPin, strings.Repeat("é", 200), "…"},
		{v1alpha1.AnnotationPinHistory, "-1", "is no id of a history entry"},
		{v1alpha1.AnnotationPinHistory, "last", "is no id of a history entry"},
		{v1alpha1.AnnotationPinHistory, "", "is no id of a history entry"},
		{v1alpha1.AnnotationPinUntil, "tomorrow", "is no time like"},
		{v1alpha1.AnnotationPinSource, "{", "is no source as JSON"},
	} {
		a := map[string]string{v1alpha1.AnnotationPin: sha}
		a[c.annotation] = c.value
		p, err := pin.Read(annotated(a))
		if p != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.annotation) {
			t.Errorf("%s: %q: %v, %v", c.annotation, c.value, p, err)
		}
	}
	if p, err := pin.Read(annotated(map[string]string{v1alpha1.AnnotationPinUntil: "tomorrow"})); p != nil || err != nil {
		t.Errorf("without a revision there is no pin: %v, %v", p, err)
	}
}

func TestOver(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		why    string
		pin    pin.Pin
		now    time.Time
		newest string
		want   string
	}{
		{"for ever", pin.Pin{}, at, "b", ""},
		{"not yet", pin.Pin{Until: at}, at.Add(-1), "b", ""},
		{"at its time", pin.Pin{Until: at}, at, "b", "it was to last until 2026-01-01T12:00:00Z"},
		{"still the newest", pin.Pin{NewerThan: "a"}, at, "a", ""},
		{"a newer one", pin.Pin{NewerThan: "a"}, at, "b", "a newer commit has arrived"},
		{"Git is down", pin.Pin{NewerThan: "a"}, at, "", ""},
		{"the time counts first", pin.Pin{NewerThan: "a", Until: at}, at, "b", "it was to last until 2026-01-01T12:00:00Z"},
	} {
		if got := c.pin.Over(c.now, c.newest); got != c.want {
			t.Errorf("%s: %q", c.why, got)
		}
	}
}

func TestTo(t *testing.T) {
	web := v1alpha1.ApplicationSource{RepoURL: "https://git.example.com/shop.git", Path: "web"}
	old := v1alpha1.ApplicationSource{RepoURL: "https://git.example.com/shop.git", Path: "old"}
	app := annotated(nil)
	app.Spec.Source = &web
	app.Status.History = []v1alpha1.RevisionHistory{
		{ID: 1, Revision: sha, Source: web}, {ID: 2, Revision: sha, Source: old}, {ID: 3, Sources: []v1alpha1.ApplicationSource{web, old}},
	}
	for id, want := range map[int64]pin.Pin{
		1: {Revision: sha, History: 1},
		2: {Revision: sha, History: 2, Source: &old},
	} {
		got, err := pin.To(app, id)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("entry %d: %v (-want +got)\n%s", id, err, d)
		}
	}
	for id, want := range map[int64]string{3: "several sources", 4: "argocd/web has no history entry 4"} {
		if _, err := pin.To(app, id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("entry %d: %v", id, err)
		}
	}
}

func TestString(t *testing.T) {
	at := time.Date(2026, 1, 1, 13, 0, 0, 0, time.FixedZone("", 3600))
	for want, p := range map[string]pin.Pin{
		"pinned to 01234567": {Revision: sha, History: -1},
		"pinned to 01234567 (history entry 0) by ann: it crashes":              {Revision: sha, By: "ann", Reason: "it crashes"},
		"pinned to 01234567 until 2026-01-01T12:00:00Z":                        {Revision: sha, History: -1, Until: at, NewerThan: "a"},
		"pinned to 01234567 (history entry 7) until a newer commit arrives: x": {Revision: sha, History: 7, NewerThan: "a", Reason: "x"},
	} {
		if got := p.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
