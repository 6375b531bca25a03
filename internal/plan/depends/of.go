package depends

import (
	"k8s.io/apimachinery/pkg/api/equality"

	"evenkeel.dev/api/v1alpha1"
)

// Of are the facts that an Application's object tells. desired is what its sources
// are to be at now, one revision per source; the object does not know it. The error
// is about its annotation; the facts then lack DependsOn.
func Of(app *v1alpha1.Application, desired []string) (Facts, error) {
	s := &app.Status
	f := Facts{
		Sync: s.Sync.Status, Health: s.Health.Status, Desired: desired, Deleting: app.DeletionTimestamp != nil,
		Observed: equality.Semantic.DeepEqual(compared(&app.Spec), s.Sync.ComparedTo),
		Syncing:  app.Operation != nil || s.OperationState != nil && !s.OperationState.Phase.Completed(),
	}
	switch {
	case len(app.Spec.Sources) > 0:
		f.Revisions = s.Sync.Revisions
	case s.Sync.Revision != "":
		f.Revisions = []string{s.Sync.Revision}
	}
	on, err := Parse(app.Annotations[v1alpha1.AnnotationDependsOn])
	f.DependsOn = on
	return f, err
}

// compared is what a comparison with the spec says that it was compared to.
func compared(spec *v1alpha1.ApplicationSpec) v1alpha1.ComparedTo {
	c := v1alpha1.ComparedTo{Sources: spec.Sources, Destination: spec.Destination, IgnoreDifferences: spec.IgnoreDifferences}
	if len(spec.Sources) == 0 {
		c.Source = spec.Source
	}
	return c
}
