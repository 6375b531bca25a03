package rest

import (
	"net/http"

	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// treeNode and what it refers to are Argo CD's ApplicationTree.
type treeNode struct {
	objectRef
	ParentRefs      []objectRef   `json:"parentRefs,omitempty"`
	Info            []view.Info   `json:"info,omitempty"`
	NetworkingInfo  *view.Network `json:"networkingInfo,omitempty"`
	ResourceVersion string        `json:"resourceVersion,omitempty"`
	Images          []string      `json:"images,omitempty"`
	Health          *nodeHealth   `json:"health,omitempty"`
	CreatedAt       string        `json:"createdAt,omitempty"`
}

type objectRef struct {
	Group     string `json:"group,omitempty"`
	Version   string `json:"version,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	UID       string `json:"uid,omitempty"`
}

type nodeHealth struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

// filter is Argo CD's ResourcesQuery: empty fields match everything.
type filter objectRef

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	return filter{Group: q.Get("group"), Version: q.Get("version"), Kind: q.Get("kind"), Namespace: q.Get("namespace"), Name: q.Get("name")}
}

func (f filter) matches(o objectRef) bool {
	for _, p := range [...][2]string{
		{f.Group, o.Group}, {f.Version, o.Version}, {f.Kind, o.Kind}, {f.Namespace, o.Namespace}, {f.Name, o.Name},
	} {
		if p[0] != "" && p[0] != p[1] {
			return false
		}
	}
	return true
}

func (a *api) resourceTree(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	nodes := a.View.Tree(app.Namespace, app.Name)
	byID := make(map[string]view.Node, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
	}
	f := filterOf(r)
	// Argo CD lists the machines of an Application's Pods as hosts, with what is requested
	// of them. No record holds requests, so there are none here.
	tree := struct {
		Nodes         []treeNode `json:"nodes"`
		OrphanedNodes []treeNode `json:"orphanedNodes,omitempty"`
	}{Nodes: []treeNode{}}
	for _, n := range nodes {
		switch {
		case !f.matches(refOf(n)):
		case n.Orphaned:
			tree.OrphanedNodes = append(tree.OrphanedNodes, treeNodeOf(n, byID))
		default:
			tree.Nodes = append(tree.Nodes, treeNodeOf(n, byID))
		}
	}
	return tree, nil
}

func refOf(n view.Node) objectRef {
	return objectRef{Group: n.Group, Version: n.Version, Kind: n.Kind, Namespace: n.Namespace, Name: n.Name, UID: n.UID}
}

func treeNodeOf(n view.Node, byID map[string]view.Node) treeNode {
	t := treeNode{
		objectRef: refOf(n), Info: n.Info, NetworkingInfo: n.Network, ResourceVersion: n.ResourceVersion, Images: n.Images, CreatedAt: n.CreatedAt,
	}
	parents := n.Parents
	if len(parents) == 0 && n.Parent != "" {
		parents = []string{n.Parent}
	}
	for _, id := range parents {
		if parent, ok := byID[id]; ok {
			t.ParentRefs = append(t.ParentRefs, refOf(parent))
		} else if key, ok := resource.ParseKey(id); ok {
			t.ParentRefs = append(t.ParentRefs, objectRef{Group: key.Group, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name})
		}
	}
	if n.Health != "" {
		t.Health = &nodeHealth{Status: n.Health, Message: n.Message}
	}
	return t
}

// managedResource is Argo CD's ResourceDiff. States are JSON in a string, "null"
// for one that does not exist.
type managedResource struct {
	Group               string `json:"group"`
	Kind                string `json:"kind"`
	Namespace           string `json:"namespace"`
	Name                string `json:"name"`
	TargetState         string `json:"targetState"`
	LiveState           string `json:"liveState"`
	NormalizedLiveState string `json:"normalizedLiveState"`
	PredictedLiveState  string `json:"predictedLiveState"`
	Modified            bool   `json:"modified"`
}

func (a *api) managedResources(r *http.Request) (any, error) {
	differences, err := a.differences(r)
	if err != nil {
		return nil, err
	}
	f := filterOf(r)
	f.Version = "" // a difference has none
	items := []managedResource{}
	for _, d := range differences {
		if !f.matches(objectRef{Group: d.Group, Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}) {
			continue
		}
		item, err := managedResourceOf(d)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	answer := map[string]any{"items": items}
	return parseFields(r.URL.Query().Get("fields")).apply(answer)
}

func managedResourceOf(d view.Difference) (managedResource, error) {
	m := managedResource{Group: d.Group, Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}
	target, err := jsonOf(d.Desired)
	if err != nil {
		return m, fault.Wrap(fault.Internal, err, "desired state of %s", d.ID)
	}
	live, err := jsonOf(d.Live)
	if err != nil {
		return m, fault.Wrap(fault.Internal, err, "live state of %s", d.ID)
	}
	m.TargetState, m.PredictedLiveState = target, target
	m.LiveState, m.NormalizedLiveState = live, live
	m.Modified = len(d.Changes) > 0 || (d.Desired == "") != (d.Live == "")
	return m, nil
}

func jsonOf(document string) (string, error) {
	if document == "" {
		return "null", nil
	}
	b, err := yaml.YAMLToJSON([]byte(document))
	return string(b), err
}

func (a *api) differences(r *http.Request) ([]view.Difference, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	if a.Inspect == nil {
		return nil, fault.New(fault.Unsupported, "looking at single objects is not served yet")
	}
	return a.Inspect.Diff(r.Context(), app.Namespace, app.Name)
}

func (a *api) uiDiff(r *http.Request) (any, error) {
	differences, err := a.differences(r)
	if err != nil {
		return nil, err
	}
	items := make([]view.Difference, 0, len(differences))
	for _, d := range differences {
		if d.ID == "" {
			d.ID = resource.Key{Group: d.Group, Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}.String()
		}
		if d.Changes == nil {
			d.Changes = []view.Drift{}
		}
		items = append(items, d)
	}
	return map[string]any{"items": items}, nil
}

// problems are the conditions with their whole texts, in the conditions' order. It is ours.
func (a *api) problems(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	if a.Inspect == nil {
		return nil, fault.New(fault.Unsupported, "the whole texts of conditions are not served yet")
	}
	problems, err := a.Inspect.Problems(r.Context(), app.Namespace, app.Name)
	if err != nil {
		return nil, err
	}
	return map[string]any{"items": append([]view.Problem{}, problems...)}, nil
}

func (a *api) manifests(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	if a.Inspect == nil {
		return nil, fault.New(fault.Unsupported, "manifests are not served yet")
	}
	revision := r.URL.Query().Get("revision")
	manifests, err := a.Inspect.Manifests(r.Context(), app.Namespace, app.Name, revision)
	if err != nil {
		return nil, err
	}
	if revision == "" {
		revision = app.Status.Sync.Revision
	}
	return map[string]any{
		"manifests":  append([]string{}, manifests...),
		"namespace":  app.Spec.Destination.Namespace,
		"server":     app.Spec.Destination.Server,
		"revision":   revision,
		"sourceType": app.Status.SourceType,
	}, nil
}
