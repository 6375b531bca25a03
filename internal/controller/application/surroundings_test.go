package application

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/desired/project"
)

// TestOrphansThatAreNotKnown: what was said of orphans stays while it cannot be found out,
// and only as long as the project asks for it.
func TestOrphansThatAreNotKnown(t *testing.T) {
	yes, no := true, false
	said := v1alpha1.ApplicationCondition{Type: v1alpha1.ConditionOrphanedResourceWarning, Message: "Application has 2 orphaned resources"}
	for _, tc := range []struct {
		reason string
		asks   *v1alpha1.OrphanedResourcesSettings
		rules  bool
		before []v1alpha1.ApplicationCondition
		want   []v1alpha1.ApplicationCondition
	}{
		{"it could not be compared", &v1alpha1.OrphanedResourcesSettings{Warn: &yes}, true, []v1alpha1.ApplicationCondition{said}, []v1alpha1.ApplicationCondition{said}},
		{"nothing was said", &v1alpha1.OrphanedResourcesSettings{Warn: &yes}, true, nil, nil},
		{"the project wants no warning any more", &v1alpha1.OrphanedResourcesSettings{Warn: &no}, true, []v1alpha1.ApplicationCondition{said}, nil},
		{"the project asks no more", nil, true, []v1alpha1.ApplicationCondition{said}, nil},
		{"the project's rules are not known", nil, false, []v1alpha1.ApplicationCondition{said}, []v1alpha1.ApplicationCondition{said}},
	} {
		spec := project.Default()
		spec.OrphanedResources = tc.asks
		p := &pass{
			c: &Controller{cluster: cluster.New(cluster.Options{}), seekers: map[string]map[types.NamespacedName]struct{}{}},
			s: &appState{}, app: &v1alpha1.Application{},
		}
		p.app.Spec.Destination.Namespace = "shop"
		p.app.Status.Conditions = tc.before
		if tc.rules {
			p.rules = project.New(&v1alpha1.AppProject{Spec: spec})
		}
		p.orphans()
		if diff := cmp.Diff(tc.want, p.conditions); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
	}
}
