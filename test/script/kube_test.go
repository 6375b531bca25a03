package script

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/test/kubetest"
)

func (w *world) apply(ts *testscript.TestScript, args []string) error {
	for _, f := range args {
		expanded := os.Expand(ts.ReadFile(f), func(name string) string { return ts.Getenv(name) })
		if err := w.client.Apply(w.ctx, "", []byte(expanded)); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
	}
	return nil
}

func (w *world) clientSideApply(ts *testscript.TestScript, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: client-side-apply NS MANAGER FILE")
	}
	return w.client.ClientSideApply(w.ctx, args[0], args[1], []byte(ts.ReadFile(args[2])))
}

func (w *world) patch(_ *testscript.TestScript, args []string) error {
	if len(args) != 4 {
		return errors.New("usage: patch KIND[.GROUP][/SUBRESOURCE] NS/NAME MANAGER JSON")
	}
	return w.client.Merge(w.ctx, args[0], args[1], args[2], []byte(args[3]))
}

func (w *world) remove(_ *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: remove KIND[.GROUP] NS/NAME")
	}
	return w.client.Delete(w.ctx, args[0], args[1])
}

func (w *world) refresh(_ *testscript.TestScript, args []string) error {
	kind := v1alpha1.RefreshNormal
	if len(args) == 2 {
		kind = args[1]
	}
	return w.client.Refresh(w.ctx, args[0], kind)
}

// app waits until an Application is as wanted.
func (w *world) app(_ *testscript.TestScript, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: app APP WANT...")
	}
	return w.client.AwaitApp(w.ctx, args[0], args[1:])
}

func (w *world) object(ts *testscript.TestScript, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: object KIND[.GROUP] NS/NAME WANT...")
	}
	defer func() { ts.Setenv("UID", string(w.uids[args[0]+" "+args[1]])) }()
	return w.client.Await(w.ctx, args[0], args[1], func(o *unstructured.Unstructured) string {
		if o != nil {
			w.uids[args[0]+" "+args[1]] = o.GetUID()
		}
		for _, want := range args[2:] {
			if why := kubetest.Wanted(o, want); why != "" {
				return why
			}
		}
		return ""
	})
}

func (w *world) same(_ *testscript.TestScript, args []string) error {
	o, err := w.client.Get(w.ctx, args[0], args[1])
	if err != nil {
		return err
	}
	if before := w.uids[args[0]+" "+args[1]]; before != o.GetUID() {
		return fmt.Errorf("%s %s is another object: uid %s was %s", args[0], args[1], o.GetUID(), before)
	}
	return nil
}

// requests prints what evenkeel asked of the API server since the last call: one
// line "VERB RESOURCE COUNT" each, or "VERB RESOURCE NS/NAME COUNT".
func (w *world) requests(ts *testscript.TestScript, args []string) error {
	log := w.cluster.AuditLog()
	counts := map[string]int{}
	for _, r := range log[min(w.seen, len(log)):] {
		if strings.HasPrefix(r.UserAgent, "evenkeel/") && r.Resource != "" {
			line := r.Verb + " " + r.Resource
			if len(args) > 0 && r.Name != "" {
				line += " " + r.Namespace + "/" + r.Name
			}
			counts[line]++
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
