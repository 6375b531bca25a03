package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"evenkeel.dev/test/evenkeeltest"
	"evenkeel.dev/test/playgroundtest"
)

// dryRun begins the line of what was only tried.
const dryRun = "dry-run"

// write is one write of evenkeel's.
type write struct {
	verb   string
	object string // KIND [NAMESPACE/]NAME[/SUBRESOURCE] [(DETAIL)]
	dry    bool
}

func (w write) kind() string {
	kind, _, _ := strings.Cut(w.object, " ")
	return kind
}

// writes are evenkeel's among requests, as far as they belong to the case.
func (p *play) writes(requests []playgroundtest.Request) []write {
	var out []write
	for _, r := range requests {
		if !strings.HasPrefix(r.UserAgent, "evenkeel/") || !p.concerns(r) {
			continue
		}
		w := write{verb: r.Verb}
		query := queryOf(r)
		if r.Verb == "patch" && query.Get("force") == "true" {
			w.verb = "apply"
		}
		if r.Verb == "patch" && r.Code == http.StatusConflict {
			continue // somebody else was faster; it is sent again
		}
		if w.verb == "patch" && r.Group == "argoproj.io" && r.Namespace == evenkeeltest.Namespace {
			continue // a status
		}
		var details []string
		if r.Verb == "delete" {
			propagation, dry := deletion(r.Body)
			w.dry = dry
			if propagation != "Background" {
				details = append(details, propagation)
			}
		}
		w.dry = w.dry || query.Get("dryRun") != ""
		if r.Code >= http.StatusBadRequest {
			details = append(details, fmt.Sprint(r.Code))
		}
		w.object = p.objectOf(r)
		if len(details) > 0 {
			w.object += " (" + strings.Join(details, ", ") + ")"
		}
		out = append(out, w)
	}
	return out
}

// concerns says whether a request is about the case: something in its namespaces,
// or named after it.
func (p *play) concerns(r playgroundtest.Request) bool {
	if r.Namespace == evenkeeltest.Namespace || r.Namespace == "" || r.Resource == "namespaces" {
		return strings.Contains(r.Name, p.ns)
	}
	return r.Namespace == p.ns || strings.HasPrefix(r.Namespace, p.ns+"-")
}

func (p *play) objectOf(r playgroundtest.Request) string {
	kind := cmp.Or(p.client.KindOf(r.Group, r.Resource), r.Resource)
	name := r.Name
	if r.Namespace != p.ns && r.Namespace != "" && r.Resource != "namespaces" {
		name = r.Namespace + "/" + name
	}
	if r.Subresource != "" {
		name += "/" + r.Subresource
	}
	return p.plain(kind + " " + name)
}

func queryOf(r playgroundtest.Request) url.Values {
	u, err := url.Parse(r.URI)
	if err != nil {
		return nil
	}
	return u.Query()
}

func deletion(body []byte) (propagation string, dry bool) {
	var o struct {
		PropagationPolicy string   `json:"propagationPolicy"`
		DryRun            []string `json:"dryRun"`
	}
	if err := json.Unmarshal(body, &o); err != nil {
		return err.Error(), false
	}
	return o.PropagationPolicy, len(o.DryRun) > 0
}

// arrange is writes in lines: as the wanted lines have them as far as they can be,
// then by verb and kind. Dry runs are in one line before, if any line wants them.
func arrange(writes []write, want []string, dryRuns bool) []string {
	var out, rehearsed []string
	var real []write
	for _, w := range writes {
		if w.dry {
			rehearsed = append(rehearsed, w.verb+" "+w.object)
		} else {
			real = append(real, w)
		}
	}
	if dryRuns && len(rehearsed) > 0 {
		slices.Sort(rehearsed)
		out = append(out, dryRun+" "+strings.Join(slices.Compact(rehearsed), ", "))
	}
	for _, l := range want {
		verb, rest, _ := strings.Cut(l, " ")
		objects := strings.Split(rest, ", ")
		if verb == dryRun {
			continue
		}
		n := len(objects)
		if n > len(real) || !sameWrites(verb, objects, real[:n]) {
			break
		}
		out, real = append(out, l), real[n:]
	}
	for len(real) > 0 {
		n := 1
		for n < len(real) && real[n].verb == real[0].verb && real[n].kind() == real[0].kind() {
			n++
		}
		objects := make([]string, n)
		for i, w := range real[:n] {
			objects[i] = w.object
		}
		slices.Sort(objects)
		out, real = append(out, real[0].verb+" "+strings.Join(objects, ", ")), real[n:]
	}
	return out
}

func sameWrites(verb string, objects []string, got []write) bool {
	left := slices.Clone(objects)
	for _, w := range got {
		i := slices.Index(left, w.object)
		if i < 0 || w.verb != verb {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

func TestArrange(t *testing.T) {
	got := []write{
		{verb: "apply", object: "A x", dry: true},
		{verb: "apply", object: "A y"},
		{verb: "apply", object: "A x"},
		{verb: "apply", object: "A z"},
		{verb: "delete", object: "A z"},
		{verb: "delete", object: "B z"},
	}
	for _, tt := range []struct {
		reason  string
		want    []string
		dryRuns bool
		out     []string
	}{
		{"nothing is wanted", nil, false, []string{"apply A x, A y, A z", "delete A z", "delete B z"}},
		{
			"in any order on a line",
			[]string{"apply A x, A y", "apply A z", "delete B z, A z"},
			false,
			[]string{"apply A x, A y", "apply A z", "delete B z, A z"},
		},
		{"lines are in order", []string{"apply A x", "apply A y"}, false, []string{"apply A x, A y, A z", "delete A z", "delete B z"}},
		{"twice is not once", []string{"apply A x, A x"}, false, []string{"apply A x, A y, A z", "delete A z", "delete B z"}},
		{
			"dry runs",
			[]string{"dry-run apply A x", "apply A x, A y"},
			true,
			[]string{"dry-run apply A x", "apply A x, A y", "apply A z", "delete A z", "delete B z"},
		},
	} {
		if out := arrange(got, tt.want, tt.dryRuns); !slices.Equal(out, tt.out) {
			t.Errorf("%s: got %q, want %q", tt.reason, out, tt.out)
		}
	}
}
