package status

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/resource"
)

// Resource is one managed object.
type Resource struct {
	Key     resource.Key
	Version string
	Wave    int
	Sync    v1alpha1.SyncStatusCode
	// Health is nil for kinds without a rule.
	Health *health.Verdict
	// Missing: desired and not in the cluster.
	Missing bool
	// Prune: in the cluster and no longer desired.
	Prune bool
	// Extraneous: compare option IgnoreExtraneous; does not count for the sync status.
	Extraneous bool
	// IgnoreHealth: does not count for the Application's health.
	IgnoreHealth bool
	// ConfirmDelete: a person has to confirm its deletion when the Application is deleted
	// (sync option Delete=confirm of the object).
	ConfirmDelete bool
	Images        []string
}

// Report is what is known of an Application after a pass.
type Report struct {
	// Compared says whether desired and live could be compared; without it the sync
	// status is Unknown.
	Compared bool
	// Resources are nil when nothing is known of them.
	Resources []Resource
	// Images are those of the Pods below them, URLs those for people of all in the tree; in
	// any order, with doubles.
	Images, URLs []string
	// Besides says that something differs that is none of the resources.
	Besides bool
	// Origin is what was compared with; without revisions those of before stay.
	Origin resource.Origin
	// SourceTypes are what its sources were found to be; nil leaves them as they are.
	SourceTypes []string
	// Conditions are all that hold now; their transition times are kept or set here.
	Conditions []v1alpha1.ApplicationCondition
	// Operation is the running or last operation.
	Operation *v1alpha1.OperationState
	// Deployed is a history entry to add; its id is given here.
	Deployed *v1alpha1.RevisionHistory
	// Refreshed says that the comparison used a revision that was asked for just now.
	Refreshed bool
	// Why explains the health where more is known of it than the message of one object.
	Why Explanation
	// Self is the key of the Application itself, which does not count for its own health.
	Self                resource.Key
	ControllerNamespace string
	Now                 metav1.Time
}

// Explanation is why an Application is not healthy: one of its objects, and a sentence
// about it that changes only when the cause does.
type Explanation struct {
	Key  resource.Key
	Text string
}

const defaultHistory = 10

// Compose is the status that follows from a report.
func Compose(app *v1alpha1.Application, r Report) v1alpha1.ApplicationStatus {
	s := *app.Status.DeepCopy()
	s.ControllerNamespace = r.ControllerNamespace
	s.OperationState = r.Operation
	s.Conditions = conditions(s.Conditions, r.Conditions, r.Now)
	s.Sync = syncStatus(app, r)
	if r.Resources != nil {
		s.Resources = resources(r.Resources)
		s.Summary.Images = images(r)
		s.Summary.ExternalURLs = sortedSet(r.URLs)
		s.Summary.IsAppOfApps = slices.ContainsFunc(r.Resources, isApplication)
	}
	if r.Resources != nil || s.Health.Status == "" {
		s.Health = appHealth(s.Health, r)
	}
	if len(r.SourceTypes) > 0 {
		s.SourceType, s.SourceTypes = r.SourceTypes[0], nil
		if r.Origin.Listed {
			s.SourceType, s.SourceTypes = "", r.SourceTypes
		}
	}
	if r.Refreshed || s.ReconciledAt == nil && r.Compared {
		s.ReconciledAt = &r.Now
	}
	if r.Deployed != nil {
		s.History = history(app, r)
	}
	return s
}

func syncStatus(app *v1alpha1.Application, r Report) v1alpha1.SyncStatus {
	s := app.Status.Sync
	if len(r.Origin.Revisions) > 0 {
		_, s.Revision, _, s.Revisions = r.Origin.Fields()
	}
	s.ComparedTo = v1alpha1.ComparedTo{
		Destination: app.Spec.Destination, Sources: app.Spec.Sources, IgnoreDifferences: app.Spec.IgnoreDifferences,
	}
	if len(app.Spec.Sources) == 0 { // Argo CD ignores the one beside a list
		s.ComparedTo.Source = app.Spec.Source
	}
	s.Status = v1alpha1.SyncStatusUnknown
	if r.Compared {
		s.Status = syncOf(r.Resources)
	}
	if r.Besides && s.Status == v1alpha1.SyncStatusSynced {
		s.Status = v1alpha1.SyncStatusOutOfSync
	}
	return s
}

// syncOf is Unknown when an object that could not be compared leaves it open
// whether all are in sync.
func syncOf(all []Resource) v1alpha1.SyncStatusCode {
	s := v1alpha1.SyncStatusSynced
	for _, r := range all {
		switch {
		case r.Extraneous:
		case r.Sync == v1alpha1.SyncStatusOutOfSync:
			return r.Sync
		case r.Sync != v1alpha1.SyncStatusSynced:
			s = v1alpha1.SyncStatusUnknown
		}
	}
	return s
}

func appHealth(before v1alpha1.AppHealthStatus, r Report) v1alpha1.AppHealthStatus {
	after := v1alpha1.AppHealthStatus{Status: v1alpha1.HealthStatusUnknown}
	if r.Resources != nil {
		status, why := health.Aggregate(healthItems(r))
		after.Status = status
		switch {
		case r.Why.Text != "":
			after.Message = r.Why.Key.Human() + ": " + r.Why.Text
		case why.Verdict != nil && (status == v1alpha1.HealthStatusDegraded || status == v1alpha1.HealthStatusUnknown):
			after.Message = why.Key.Human() + ": " + why.Verdict.Message
		}
	}
	after.LastTransitionTime = before.LastTransitionTime
	if before.Status != after.Status {
		after.LastTransitionTime = &r.Now
	}
	return after
}

// Health is the health that the resources of a report come to, and the object that
// decides it; zero when all is well.
func Health(r Report) (v1alpha1.HealthStatusCode, resource.Key) {
	status, why := health.Aggregate(healthItems(r))
	return status, why.Key
}

func healthItems(r Report) []health.Item {
	items := make([]health.Item, 0, len(r.Resources))
	for _, res := range r.Resources {
		items = append(items, health.Item{
			Key: res.Key, Verdict: res.Health, Missing: res.Missing, Ignored: res.IgnoreHealth, Self: res.Key == r.Self,
		})
	}
	return items
}

func resources(all []Resource) []v1alpha1.ResourceStatus {
	out := make([]v1alpha1.ResourceStatus, 0, len(all))
	for _, r := range all {
		s := v1alpha1.ResourceStatus{
			Group: r.Key.Group, Version: r.Version, Kind: r.Key.Kind, Namespace: r.Key.Namespace, Name: r.Key.Name,
			Status: r.Sync, RequiresPruning: r.Prune, SyncWave: int64(r.Wave), RequiresDeletionConfirmation: r.ConfirmDelete,
		}
		switch {
		case r.Missing:
			s.Health = &v1alpha1.HealthStatus{Status: v1alpha1.HealthStatusMissing}
		case r.Health != nil:
			s.Health = &v1alpha1.HealthStatus{Status: r.Health.Status}
			// Messages of what is under way change all the time, and a status is written to
			// the API server; the view shows them live.
			if r.Health.Status == v1alpha1.HealthStatusDegraded || r.Health.Status == v1alpha1.HealthStatusUnknown {
				s.Health.Message = r.Health.Message
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b v1alpha1.ResourceStatus) int { return keyOf(a).Compare(keyOf(b)) })
	return out
}

func keyOf(s v1alpha1.ResourceStatus) resource.Key {
	return resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}
}

// images are those of the Pods and those of the templates of managed objects. Argo CD tells
// the first alone, so of what is scaled to zero none.
func images(r Report) []string {
	out := slices.Clone(r.Images)
	for _, res := range r.Resources {
		out = append(out, res.Images...)
	}
	return sortedSet(out)
}

func sortedSet(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

func isApplication(r Resource) bool {
	return r.Key.Group == v1alpha1.GroupVersion.Group && r.Key.Kind == "Application"
}

// conditions keeps the time of a condition whose type and message stay.
func conditions(before, now []v1alpha1.ApplicationCondition, at metav1.Time) []v1alpha1.ApplicationCondition {
	out := slices.Clone(now)
	slices.SortFunc(out, func(a, b v1alpha1.ApplicationCondition) int {
		if c := strings.Compare(string(a.Type), string(b.Type)); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	out = slices.CompactFunc(out, func(a, b v1alpha1.ApplicationCondition) bool { return a.Type == b.Type && a.Message == b.Message })
	for i := range out {
		out[i].LastTransitionTime = &at
		for _, b := range before {
			if b.Type == out[i].Type && b.Message == out[i].Message && b.LastTransitionTime != nil {
				out[i].LastTransitionTime = b.LastTransitionTime
			}
		}
	}
	return out
}

func history(app *v1alpha1.Application, r Report) []v1alpha1.RevisionHistory {
	entry := *r.Deployed
	h := app.Status.History
	if n := len(h); n > 0 {
		entry.ID = h[n-1].ID + 1
	}
	h = append(slices.Clone(h), entry)
	limit := int64(defaultHistory)
	if l := app.Spec.RevisionHistoryLimit; l != nil && *l >= 0 {
		limit = *l
	}
	if over := len(h) - int(limit); over > 0 {
		h = h[over:]
	}
	return h
}
