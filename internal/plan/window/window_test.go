package window_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/window"
)

// fixture is a file of testdata: windows, and what is decided with some of them.
type fixture struct {
	Windows map[string]*v1alpha1.SyncWindow `json:"windows"`
	Cases   []struct {
		Name string `json:"name"`
		// Why is the rule that the case pins.
		Why string `json:"why"`
		// Use names the windows of the project, in order.
		Use     []string     `json:"use"`
		App     *application `json:"app"`
		Manual  bool         `json:"manual"`
		Now     metav1.Time  `json:"now"`
		Started metav1.Time  `json:"started"`
		Want    want         `json:"want"`
	} `json:"cases"`
}

type application struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Server    string `json:"server"`
	Cluster   string `json:"cluster"`
}

type want struct {
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason"`
	// Changes is a time, or empty for never.
	Changes string `json:"changes"`
}

func TestDecide(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f fixture
		if err := yaml.UnmarshalStrict(b, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range f.Cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+c.Name, func(t *testing.T) {
				in := window.Input{App: "shop", Namespace: "prod", Server: "https://kubernetes.default.svc", Manual: c.Manual, Now: c.Now.Time, Started: c.Started.Time}
				if c.App != nil {
					in.App, in.Namespace, in.Server, in.ClusterName = c.App.Name, c.App.Namespace, c.App.Server, c.App.Cluster
				}
				var windows v1alpha1.SyncWindows
				for _, name := range c.Use {
					w, ok := f.Windows[name]
					if !ok {
						t.Fatalf("there is no window %q", name)
					}
					windows = append(windows, w)
				}
				in.Windows = window.Read(windows)
				d := window.Decide(in)
				got := want{Allowed: d.Allowed, Reason: d.Reason}
				if !d.Changes.IsZero() {
					got.Changes = d.Changes.UTC().Format(time.RFC3339)
				}
				if diff := cmp.Diff(c.Want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.Why, diff)
				}
			})
		}
	}
}

func TestProblems(t *testing.T) {
	windows := v1alpha1.SyncWindows{
		{Kind: "deny", Schedule: "0 22 * * *", Duration: "1h", Applications: []string{"*"}, TimeZone: "Europe/Amsterdam"},
		{Kind: "Deny", Schedule: "0 22 * * *", Duration: "1h", Applications: []string{"*"}},
		{Kind: "deny", Schedule: "0 22 * *", Duration: "1 hour", Applications: []string{"*"}},
		{Kind: "allow", Schedule: "@daily", Duration: "1h", Applications: []string{"*"}},
		nil,
		{Kind: "deny", Schedule: "0 0 30 2 *", Duration: "1h", Applications: []string{"*"}, TimeZone: "Europe/Londn"},
		{Kind: "deny", Schedule: "0 0 * * *", Duration: "-1h"},
		{Kind: "allow", Schedule: "0 0 * * *", Duration: "1h", Namespaces: []string{"ok", "[a"}, Clusters: []string{"{a"}},
		{Kind: "allow", Schedule: "TZ=UTC", Duration: "1h", Namespaces: []string{"*"}},
		{Kind: "allow", Schedule: "TZ=Nowhere 0 0 * * *", Duration: "1h", Namespaces: []string{"*"}},
		{Kind: "allow", Schedule: "CRON_TZ=Asia/Tokyo 0 0 * * *", Duration: "1h", Namespaces: []string{"*"}, TimeZone: "Asia/Seoul"},
		{Kind: "allow", Schedule: "TZ=UTC TZ=UTC 0 0 * * *", Duration: "1h", Namespaces: []string{"*"}},
		{Kind: "deny", Schedule: strings.Repeat("x", 1000), Duration: "1h", Namespaces: []string{"*"}},
		{Kind: "deny", Schedule: "0 0 * * *", Duration: "1h", Namespaces: []string{"*"}, TimeZone: "Local"},
		{Kind: "deny", Schedule: ", 0 1 1 *", Duration: "1h", Namespaces: []string{"*"}},
		{Kind: "deny", Schedule: "0 0 * , *", Duration: "1h", Namespaces: []string{"*"}},
	}
	const active, shut = "; until that is mended the window counts as active", "; until that is mended the window counts as shut"
	want := []string{
		`syncWindows[1]: kind "Deny": want allow or deny` + active,
		`syncWindows[2]: schedule "0 22 * *": expected exactly 5 fields, found 4: [0 22 * *]` + active,
		`syncWindows[2]: duration "1 hour": want something like 90m or 1h30m` + active,
		`syncWindows[3]: schedule "@daily": parser does not accept descriptors: @daily` + shut,
		`syncWindows[4]: the window is empty, and ignored`,
		`syncWindows[5]: timeZone "Europe/Londn" is not known, UTC is taken`,
		`syncWindows[5]: schedule "0 0 30 2 *" has no date: the window is never active`,
		`syncWindows[6]: duration "-1h": the window is never active`,
		`syncWindows[6]: it lists no applications, namespaces or clusters, so it concerns nobody`,
		`syncWindows[7]: clusters[0] "{a" is no pattern; until that is mended it may mean anybody`,
		`syncWindows[7]: namespaces[1] "[a" is no pattern; until that is mended it may mean anybody`,
		`syncWindows[8]: schedule "TZ=UTC": empty spec string` + shut,
		`syncWindows[9]: schedule "TZ=Nowhere 0 0 * * *": time zone "Nowhere" is not known` + shut,
		`syncWindows[10]: schedule "CRON_TZ=Asia/Tokyo 0 0 * * *" names another time zone than timeZone "Asia/Seoul"` + shut,
		`syncWindows[11]: schedule "TZ=UTC TZ=UTC 0 0 * * *": want five fields of cron` + shut,
		`syncWindows[12]: schedule "` + strings.Repeat("x", 80) + `…": expected exactly 5 fields, found 1: [` + strings.Repeat("x", 43) + `…` + active,
		`syncWindows[13]: timeZone "Local" is not known, UTC is taken`,
		`syncWindows[14]: schedule ", 0 1 1 *" has no minute or hour` + active,
		`syncWindows[15]: schedule "0 0 * , *" has no date: the window is never active`,
	}
	if diff := cmp.Diff(want, window.Read(windows).Problems()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	w := &v1alpha1.SyncWindow{Kind: "x", Schedule: "0 0 30 2 *", Duration: "1h", Namespaces: []string{"[a"}}
	want := []string{`kind "x": want allow or deny`, `namespaces[0] "[a" is no pattern`, `schedule "0 0 30 2 *" has no date: the window is never active`}
	if diff := cmp.Diff(want, window.Check(w)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := window.Check(&v1alpha1.SyncWindow{Kind: "deny", Schedule: "0 0 * * *", Duration: "1h", Namespaces: []string{"a"}}); got != nil {
		t.Errorf("nothing is wrong: %q", got)
	}
}

func TestListsOfWindows(t *testing.T) {
	always := &v1alpha1.SyncWindow{Kind: "deny", Schedule: "* * * * *", Duration: "1h", Applications: []string{"shop"}}
	never := &v1alpha1.SyncWindow{Kind: "deny", Schedule: "0 0 30 2 *", Duration: "1h", Clusters: []string{"*"}}
	foreign := &v1alpha1.SyncWindow{Kind: "deny", Schedule: "* * * * *", Duration: "1h", Namespaces: []string{"test"}}
	broken := &v1alpha1.SyncWindow{Kind: "deny", Schedule: "* *", Duration: "1h", Clusters: []string{"https://*"}}
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: v1alpha1.ApplicationSpec{
		Destination: v1alpha1.ApplicationDestination{Server: "https://1.2.3.4", Namespace: "prod"},
	}}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	set := window.Read(v1alpha1.SyncWindows{always, nil, never, foreign, broken})
	in := window.Of(app, set, now)
	if diff := cmp.Diff(v1alpha1.SyncWindows{always, never, broken}, window.Assigned(in)); diff != "" {
		t.Errorf("assigned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v1alpha1.SyncWindows{always, broken}, window.Active(in)); diff != "" {
		t.Errorf("active (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{true, false, false, true, true}, set.Active(now)); diff != "" {
		t.Errorf("of the project active (-want +got):\n%s", diff)
	}
	var no *window.Set
	in.Windows = no
	if d := window.Decide(in); !d.Allowed || no.Problems() != nil || no.Active(now) != nil || window.Assigned(in) != nil {
		t.Errorf("no windows: %+v", d)
	}
}
