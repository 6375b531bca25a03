package comparison

import (
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
)

// Object is one object of an Application: desired, live and tracked, or both.
type Object struct {
	Key resource.Key
	// Claim is nil for a tracked object that is no longer desired.
	Claim *claim.Claim
	// Record is nil for an object that is not in the cluster.
	Record *cluster.Record
	// Kind is what the cluster serves it as, if Known.
	Kind  cluster.Kind
	Known bool
	Sync  v1alpha1.SyncStatusCode
	Drift []cluster.Drift
	// Unread is why it could not be compared.
	Unread string
	// Owner is another Application that the live object belongs to.
	Owner string
}

// Missing says whether it is desired and not in the cluster.
func (o Object) Missing() bool {
	return o.Claim != nil && o.Record == nil && (o.Unread == "" || !o.Known)
}

// Version is the API version that it is desired in, else that it was read in.
func (o Object) Version() string {
	switch {
	case o.Claim != nil:
		return o.Claim.Object.GVK.Version
	case o.Record != nil:
		return o.Record.Version
	}
	return ""
}

// Health is nil for what is not there and for kinds without a rule.
func (o Object) Health() *health.Verdict {
	if o.Record == nil {
		return nil
	}
	if o.Unread != "" && o.Known {
		return &health.Verdict{Status: v1alpha1.HealthStatusUnknown, Message: o.Unread}
	}
	if o.Record.Verdict.Health == "" {
		return nil
	}
	return &health.Verdict{Status: o.Record.Verdict.Health, Message: o.Record.Verdict.Message}
}

// Since is when it began to differ: when the drift was written, else when it was
// seen.
func (o Object) Since() time.Time {
	if o.Record == nil {
		return time.Time{}
	}
	at := o.Record.Verdict.Since
	for _, d := range o.Drift {
		if !d.At.IsZero() && d.At.Before(at) {
			at = d.At
		}
	}
	return at
}

// Resource is the object as the status tells it.
func (o Object) Resource() status.Resource {
	r := status.Resource{Key: o.Key, Sync: o.Sync, Health: o.Health(), Missing: o.Missing(), Prune: o.Claim == nil}
	if o.Claim != nil {
		r.Version, r.Wave = o.Claim.Object.GVK.Version, o.Claim.Object.Wave
		r.ConfirmDelete = confirmsDelete(o.Claim.Object.SyncOptions)
	}
	if o.Record == nil {
		return r
	}
	r.Images = o.Record.Verdict.Images
	r.IgnoreHealth = o.Record.Hints.IgnoreHealth
	r.ConfirmDelete = r.ConfirmDelete || confirmsDelete(o.Record.Hints.SyncOptions)
	if o.Claim == nil {
		r.Version, r.Wave = o.Record.Version, o.Record.Hints.Wave
		_, r.Extraneous = resource.ParseOptions(o.Record.Hints.CompareOptions)["IgnoreExtraneous"]
	}
	return r
}

// confirmsDelete says whether an object's own options ask a person to confirm that it
// is deleted with its Application.
func confirmsDelete(options string) bool {
	return options != "" && resource.SyncOptions{}.Override(options).Delete == resource.Confirm
}
