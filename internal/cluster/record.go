package cluster

import (
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Record is what is known of one object, never its body. A Record is immutable; a change
// makes a new one. The Index keeps it in a smaller form and makes one for each who asks.
type Record struct {
	Key             resource.Key
	Version         string
	UID             types.UID
	ResourceVersion string
	// Created is in seconds since 1970, until 2106; 0 means that it is not known.
	Created  int64
	Deleting bool
	// Owners are the uids of the owner references.
	Owners []types.UID
	// Inferred is an owner that no owner reference tells of, by a key that the index
	// knows to resolve; zero for most.
	Inferred resource.Key
	// Claims are the beginnings of the names that a StatefulSet gives its
	// PersistentVolumeClaims: all but the number.
	Claims []string
	// App is the Application instance in the object's own tracking id, else empty.
	App string
	// Hints are annotations of tracked objects; the zero value for others.
	Hints   Hints
	Verdict Verdict
}

// Hints are what a tracked object's annotations ask for when it is no longer
// desired, and so has to be known without its body.
type Hints struct {
	Wave           int
	SyncOptions    string
	CompareOptions string
	// HelmKeep says that helm.sh/resource-policy is "keep".
	HelmKeep bool
	// Hook says that the object is a hook, DeletionHook that it is one of an
	// Application's deletion, HookRun which try of an operation made it,
	// HookFinalizer that it has the finalizer of hooks.
	Hook          bool
	DeletionHook  bool
	HookRun       string
	HookFinalizer bool
	// IgnoreHealth says that the object has no say in its Application's health.
	IgnoreHealth bool
}

// Verdict is what was concluded from an object's body when it passed by.
type Verdict struct {
	// Health is empty when the kind has no rule.
	Health  v1alpha1.HealthStatusCode
	Message string
	// Blocked is why a Pod cannot start.
	Blocked string
	// Trouble is what keeps the object from being healthy; nil for one that is.
	Trouble *Trouble
	Images  []string
	Info    []Info
	// Network is how it stands in the network; nil for most.
	Network *Network

	// Desired is the hash of the desired object that the body was compared with;
	// 0 means that it was not compared.
	Desired uint64
	// Sync is the outcome of the comparison.
	Sync v1alpha1.SyncStatusCode
	// Drift are the fields that differ.
	Drift []Drift
	// Unruled is why a rule of what may differ could not be used, if one could not.
	Unruled string
	// Since is when the object was first seen to differ.
	Since time.Time
	// Confirmed says that the API server itself was asked, by a dry run.
	Confirmed bool
	// Applied is the hash of the desired object that was last applied by us.
	Applied uint64
	// Legacy says that the object has fields from client-side apply.
	Legacy bool
	// Unsure says that it takes a dry run to know whether the drift is one.
	Unsure bool
	// Agreed is the hash of what is desired and of the differences that the API server
	// called none.
	Agreed uint64
}

// Trouble is the judge's account of why an object is not healthy. Package health/cause
// says what the fields mean; this one only keeps them.
type Trouble struct {
	Code      string
	Reason    string
	Container string
	Image     string
	Detail    string
	Exit      int32
	Restarts  int32
	Since     int64
}

// Drift is one field that differs. Values are short texts; those of Secrets are masked.
type Drift struct {
	Path    string
	Desired string
	Live    string
	// Manager is the field manager that wrote the live value, At when.
	Manager string
	At      time.Time
	// Immutable says that the API server will refuse the change (Refused), or that the
	// object is deleted and made anew for it (Replaced); else it is empty.
	Immutable string
	// Advice is what can be done about it, if that is known.
	Advice string
}

// Network is how an object stands in the network. It is immutable and may be shared by
// several records.
type Network struct {
	// Labels are a Pod's, and Selector the labels of those that a Service leads to, both
	// as "KEY=VALUE,KEY=VALUE".
	Labels, Selector string
	// Targets are what an Ingress or a route leads to, and what an autoscaler scales.
	Targets []resource.Key
	// Addresses are those that load balancers have given.
	Addresses []Address
	// URLs are for people: URL or TITLE|URL.
	URLs []string
}

// Address is where a load balancer is reached.
type Address struct{ Hostname, IP string }

// What becomes of a change of an immutable field.
const (
	Refused  = "refused"
	Replaced = "replaced"
)

// Info is a name and a value for people, such as ready containers.
type Info struct{ Name, Value string }

// newer says whether resource version a is newer than b, and whether that can be
// told: they are comparable numbers since Kubernetes 1.35 (KEP-5504), and were so
// before with etcd; an aggregated API may have others.
func newer(a, b string) (newer, known bool) {
	x, errA := strconv.ParseUint(a, 10, 64)
	y, errB := strconv.ParseUint(b, 10, 64)
	return x > y, errA == nil && errB == nil
}

// overtaken says whether what is known of an object is newer than an answer or
// event about it. Where that cannot be told, what comes last counts.
func overtaken(known *Record, version string) bool {
	n, ok := newer(known.ResourceVersion, version)
	return n && ok
}
