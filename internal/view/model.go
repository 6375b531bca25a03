package view

// App is the row of one Application. Times are RFC 3339 in UTC, empty when
// unknown. A row is a value: its maps and slices are never changed once it was
// given to a Store.
type App struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Project   string            `json:"project"`
	Labels    map[string]string `json:"labels"`
	CreatedAt string            `json:"createdAt"`
	Source    Source            `json:"source"`
	// Sources are those of an Application that has a list of them, of which Source is
	// the first.
	Sources     []Source    `json:"sources,omitempty"`
	Destination Destination `json:"destination"`
	Sync        string      `json:"sync"`
	Health      string      `json:"health"`
	Revision    string      `json:"revision"`
	AutoSync    bool        `json:"autoSync"`
	SelfHeal    bool        `json:"selfHeal"`
	Prune       bool        `json:"prune"`
	Deleting    bool        `json:"deleting"`
	Reason      Reason      `json:"reason"`
	// Cause is why the Application is Degraded or Progressing; nil when it is not, or
	// nothing is known.
	Cause          *Cause      `json:"cause"`
	Operation      *Operation  `json:"operation"`
	Conditions     []Condition `json:"conditions"`
	Counts         Counts      `json:"counts"`
	OutOfSyncSince string      `json:"outOfSyncSince"`
	ObservedAt     string      `json:"observedAt"`
	Images         []string    `json:"images"`
	// Pin is nil for an Application that is not pinned.
	Pin *Pinned `json:"pin"`
	// Confirm is how many deletions wait for a person to confirm them.
	Confirm int `json:"confirm"`
	// ResourceVersion is that of the Application the row was made from. It is not
	// shown; a change of it alone is published to TopicVersions only.
	ResourceVersion string `json:"-"`
}

// Key is the row's identity in deltas: NAMESPACE/NAME.
func (a App) Key() string { return a.Namespace + "/" + a.Name }

// Source is where an Application's manifests come from.
type Source struct {
	RepoURL        string `json:"repoURL"`
	Path           string `json:"path"`
	Chart          string `json:"chart"`
	TargetRevision string `json:"targetRevision"`
	Type           string `json:"type"`
	// Name is what people call one of several sources by, Ref what the others do.
	Name string `json:"name,omitempty"`
	Ref  string `json:"ref,omitempty"`
	// Revision is what one of several sources is at.
	Revision string `json:"revision,omitempty"`
}

// Destination is where they go.
type Destination struct {
	Server    string `json:"server"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// Reason says why an Application is as it is: a code with parameters, for
// translation, and the same in an English sentence.
type Reason struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params"`
	Text   string            `json:"text"`
}

// Operation is the running or the last operation. Done and Total count objects.
type Operation struct {
	Phase       string `json:"phase"`
	Message     string `json:"message"`
	StartedAt   string `json:"startedAt"`
	FinishedAt  string `json:"finishedAt"`
	Revision    string `json:"revision"`
	InitiatedBy string `json:"initiatedBy"`
	Automated   bool   `json:"automated"`
	RetryCount  int64  `json:"retryCount"`
	Done        int    `json:"done"`
	Total       int    `json:"total"`
}

// Pinned says what holds an Application, by whom, why and until when.
type Pinned struct {
	Revision string `json:"revision"`
	// Revisions are those of several sources, of which Revision is the first.
	Revisions []string `json:"revisions,omitempty"`
	// History is the id of the history entry that was gone back to, -1 for none.
	History    int64  `json:"history"`
	By         string `json:"by"`
	Reason     string `json:"reason"`
	Until      string `json:"until"`
	UntilNewer bool   `json:"untilNewer"`
	// Problem is what is wrong with a pin that cannot be read.
	Problem string `json:"problem"`
}

// Deed is something that was done to an Application: a deployment, or what became of
// one object in the last operation. One of the two is set.
type Deed struct {
	ID         string      `json:"id"`
	Deployment *Deployment `json:"deployment,omitempty"`
	Result     *Result     `json:"result,omitempty"`
}

// Deployment is an entry of the history.
type Deployment struct {
	ID          int64  `json:"id"`
	Revision    string `json:"revision"`
	StartedAt   string `json:"startedAt"`
	DeployedAt  string `json:"deployedAt"`
	InitiatedBy string `json:"initiatedBy"`
	Automated   bool   `json:"automated"`
	Source      Source `json:"source"`
	// Sources are those of a list, of which Source is the first.
	Sources []Source `json:"sources,omitempty"`
}

// Result is what became of one object in the last operation.
type Result struct {
	// Order is its place among the results: as they came.
	Order     int    `json:"order"`
	Phase     string `json:"phase"`
	Wave      int    `json:"wave"`
	Group     string `json:"group"`
	Version   string `json:"version"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Hook is the type of a hook, empty for other objects.
	Hook string `json:"hook"`
	// Status is Synced, SyncFailed, Pruned or PruneSkipped; HookPhase a hook's phase, or
	// how far an object's health is.
	Status    string `json:"status"`
	HookPhase string `json:"hookPhase"`
	Message   string `json:"message"`
}

// Condition is an Application condition.
type Condition struct {
	Type               string `json:"type"`
	Message            string `json:"message"`
	LastTransitionTime string `json:"lastTransitionTime"`
	// More says that there is more to say than Message; see Problem.
	More bool `json:"more,omitempty"`
}

// Problem is a condition with the whole text of what its message may be only the
// beginning of.
type Problem struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Text    string `json:"text"`
}

// Counts are the managed objects of an Application by verdict.
type Counts struct {
	Total       int `json:"total"`
	Synced      int `json:"synced"`
	OutOfSync   int `json:"outOfSync"`
	Missing     int `json:"missing"`
	Healthy     int `json:"healthy"`
	Progressing int `json:"progressing"`
	Degraded    int `json:"degraded"`
}

// Node is one object in an Application's tree. An empty Health means that the
// kind has no health rule; an empty Sync that the object is not managed itself. Hook
// says that it is a hook: part of the Application, made and deleted by syncs, and
// never OutOfSync. Orphaned says that it is no part of the Application: it only lies in
// its namespace, and the project wants to know of such objects.
type Node struct {
	ID  string `json:"id"`
	UID string `json:"uid"`
	// Parent is the node below which the tree shows it. Parents are the ids of all its
	// owners, where these are not that one alone.
	Parent         string   `json:"parent"`
	Parents        []string `json:"parents,omitempty"`
	Group          string   `json:"group"`
	Version        string   `json:"version"`
	Kind           string   `json:"kind"`
	Namespace      string   `json:"namespace"`
	Name           string   `json:"name"`
	Managed        bool     `json:"managed"`
	Hook           bool     `json:"hook"`
	Orphaned       bool     `json:"orphaned,omitempty"`
	Sync           string   `json:"sync"`
	Health         string   `json:"health"`
	Message        string   `json:"message"`
	Prune          bool     `json:"prune"`
	Missing        bool     `json:"missing"`
	CreatedAt      string   `json:"createdAt"`
	Wave           int64    `json:"wave"`
	Images         []string `json:"images"`
	Info           []Info   `json:"info"`
	OutOfSyncSince string   `json:"outOfSyncSince"`
	Drift          []Drift  `json:"drift"`
	// Network is nil for what plays no part in it.
	Network *Network `json:"networkingInfo,omitempty"`
	// Cause is why it is not healthy; nil when it is, or nothing more is known than Message.
	Cause *Cause `json:"cause"`
	// ResourceVersion is not shown: a change of it alone is none of the tree.
	ResourceVersion string `json:"-"`
}

// Network is how an object stands in the network, in the words of Argo CD's
// networkingInfo.
type Network struct {
	// TargetLabels are a Service's selector, TargetRefs what an Ingress or a route leads to.
	TargetLabels map[string]string `json:"targetLabels,omitempty"`
	TargetRefs   []Target          `json:"targetRefs,omitempty"`
	// Labels are a Pod's, by which Services find it.
	Labels map[string]string `json:"labels,omitempty"`
	// Ingress are the addresses that load balancers have given.
	Ingress []Address `json:"ingress,omitempty"`
	// ExternalURLs are for people. Those of annotations may be "TITLE|URL".
	ExternalURLs []string `json:"externalURLs,omitempty"`
}

// Target names an object that an Ingress or a route leads to.
type Target struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// Address is where a load balancer is reached.
type Address struct {
	Hostname string `json:"hostname,omitempty"`
	IP       string `json:"ip,omitempty"`
}

// Ref names an object, by the same ID as its Node.
type Ref struct {
	ID        string `json:"id"`
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Cause is what is the matter with an object that is not healthy, found among what it
// owns: a code with parameters, for translation, and the same in English, as it follows
// "Deployment api: ". It changes only when the cause does: there is no age in it, and
// nothing that is counted up.
type Cause struct {
	// Object is the Application's own object that this explains.
	Object Ref `json:"object"`
	// At is the object below it (or itself) that is in trouble; nil if there are several.
	At     *Ref              `json:"at"`
	Code   string            `json:"code"`
	Params map[string]string `json:"params"`
	Text   string            `json:"text"`
	Since  string            `json:"since"`
	// More is how many other causes there are.
	More int `json:"more"`
}

// Explained is a Cause with what is known beyond a row, read from the cluster when
// somebody looks.
type Explained struct {
	Cause
	// Objects are some of those in trouble.
	Objects []Ref `json:"objects"`
	// Restarts are those of all of them.
	Restarts int64 `json:"restarts"`
	// Message is what the first of them says itself.
	Message string `json:"message"`
	// Event is the last warning about one of them, if there is any.
	Event *Event `json:"event"`
	// Problem is why events could not be read, if so.
	Problem string `json:"problem,omitempty"`
}

// EventQuery asks for the events about an object of an Application; without a UID and a
// name for those about the Application itself.
type EventQuery struct {
	UID       string
	Namespace string
	Name      string
}

// Event is what Kubernetes says has happened to an object.
type Event struct {
	Object  Ref    `json:"object"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Source  string `json:"source"`
	Count   int64  `json:"count"`
	FirstAt string `json:"firstAt"`
	LastAt  string `json:"lastAt"`
}

// Info is a name and a value shown on a node.
type Info struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Drift is one field that differs, with the field manager that wrote the live
// value and when. Values of Secrets are masked before they come here.
type Drift struct {
	Path    string `json:"path"`
	Desired string `json:"desired"`
	Live    string `json:"live"`
	Manager string `json:"manager"`
	At      string `json:"at"`
	// Immutable is "refused" where the API server will not change the field, "replaced"
	// where the object is deleted and made anew for it.
	Immutable string `json:"immutable,omitempty"`
	// Advice is what can be done about it, if that is known.
	Advice string `json:"advice,omitempty"`
}

// Difference is one object's desired and live state as YAML, Secrets masked.
// Desired is empty for an object that is to be pruned, Live for one to be created.
type Difference struct {
	ID        string  `json:"id"`
	Group     string  `json:"group"`
	Kind      string  `json:"kind"`
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Desired   string  `json:"desired"`
	Live      string  `json:"live"`
	Changes   []Drift `json:"changes"`
}

// Plan is what a sync would do.
type Plan struct {
	// Hash identifies the plan: a sync that is given it does just this or refuses.
	Hash     string `json:"hash"`
	Revision string `json:"revision"`
	// Revisions are those of several sources, of which Revision is the first.
	Revisions []string   `json:"revisions,omitempty"`
	Steps     []PlanStep `json:"steps"`
	// Skipped are objects that are left alone although something would have to be done.
	Skipped []PlanItem `json:"skipped"`
	// Refused are the reasons why no sync to this revision does anything, if so.
	Refused []string `json:"refused,omitempty"`
}

// PlanStep is one wave of one phase.
type PlanStep struct {
	Phase string     `json:"phase"`
	Wave  int        `json:"wave"`
	Items []PlanItem `json:"items"`
}

// PlanItem is what is done with one object, and why.
type PlanItem struct {
	ID        string `json:"id"`
	Group     string `json:"group"`
	Version   string `json:"version"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Action is keep, create, update, replace, prune, run or skip.
	Action string `json:"action"`
	Reason string `json:"reason"`
	// Changes are the fields that differ; values of Secrets are masked.
	Changes []Drift `json:"changes,omitempty"`
}
