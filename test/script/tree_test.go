package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"evenkeel.dev/internal/view"
)

// treeNode is a node as Argo CD's API answers it, as far as scenarios look.
type treeNode struct {
	Kind, Name, Namespace string
	ResourceVersion       string
	ParentRefs            []struct{ Kind, Name string }
	NetworkingInfo        *view.Network
}

// tree writes the resource-tree of an Application to stdout.
func (w *world) tree(ts *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: tree APP")
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.process.URL+"/api/v1/applications/"+args[0]+"/resource-tree", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct{ Nodes, OrphanedNodes []treeNode }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	var lines []string
	for word, nodes := range map[string][]treeNode{"node": answer.Nodes, "orphan": answer.OrphanedNodes} {
		for _, n := range nodes {
			lines = append(lines, n.line(word))
		}
	}
	slices.Sort(lines)
	fmt.Fprintln(ts.Stdout(), strings.Join(lines, "\n"))
	return nil
}

func (n treeNode) line(word string) string {
	line := fmt.Sprintf("%s %s/%s", word, n.Kind, n.Name)
	if n.ResourceVersion == "" {
		line += " without a version"
	}
	for _, p := range n.ParentRefs {
		line += fmt.Sprintf(" below %s/%s", p.Kind, p.Name)
	}
	if n.NetworkingInfo == nil {
		return line
	}
	for _, ref := range n.NetworkingInfo.TargetRefs {
		line += fmt.Sprintf(" to %s/%s", ref.Kind, ref.Name)
	}
	for _, url := range n.NetworkingInfo.ExternalURLs {
		line += " at " + url
	}
	return line
}
