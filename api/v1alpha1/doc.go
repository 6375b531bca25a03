// Package v1alpha1 holds the argoproj.io/v1alpha1 resources that Evenkeel
// speaks: Application and AppProject, field for field as Argo CD 3.5 publishes
// them. It is data without behaviour; what a field means is decided by the
// packages that act on it, and a field that no package acts on yet is named in
// a warning condition (see internal/status).
//
// Unlike most resources an Application has no status subresource: spec,
// operation and status are one object, and every writer patches only its own
// part.
//
// +groupName=argoproj.io
// +kubebuilder:object:generate=true
package v1alpha1
