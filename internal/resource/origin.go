package resource

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	"evenkeel.dev/api/v1alpha1"
)

// Origin is where an Application's objects come from: its sources in their order, and
// a revision of each.
type Origin struct {
	Sources []v1alpha1.ApplicationSource
	// Revisions are one for each source, or none where they are not known.
	Revisions []string
	// Listed says that the sources stand in a list (spec.sources), be it of one. What is
	// written down of them is lists then too: Argo CD fills either the field for one or
	// that for several (argo-cd.md §2.1).
	Listed bool
}

// OriginOf are the sources of a spec: sources go before source, as in Argo CD.
func OriginOf(spec *v1alpha1.ApplicationSpec) Origin {
	if len(spec.Sources) > 0 {
		return Origin{Sources: spec.Sources, Listed: true}
	}
	if spec.Source == nil {
		return Origin{}
	}
	return Origin{Sources: []v1alpha1.ApplicationSource{*spec.Source}}
}

// OriginOfSync is what an operation was for.
func OriginOfSync(r *v1alpha1.SyncOperationResult) Origin {
	return origin(r.Source, r.Revision, r.Sources, r.Revisions)
}

// OriginOfHistory is what an entry of the history was deployed from.
func OriginOfHistory(h *v1alpha1.RevisionHistory) Origin {
	return origin(h.Source, h.Revision, h.Sources, h.Revisions)
}

func origin(source v1alpha1.ApplicationSource, revision string, sources []v1alpha1.ApplicationSource, revisions []string) Origin {
	if len(sources) > 0 {
		return Origin{Sources: sources, Revisions: revisions, Listed: true}
	}
	return Origin{Sources: []v1alpha1.ApplicationSource{source}, Revisions: []string{revision}}
}

// At is the same sources at other revisions.
func (o Origin) At(revisions []string) Origin {
	o.Revisions = revisions
	return o
}

// Revision is the revision of the source at a position; empty if it is not known.
func (o Origin) Revision(i int) string {
	if i < 0 || i >= len(o.Revisions) {
		return ""
	}
	return o.Revisions[i]
}

// SameSources says whether two are of the same sources, at whatever revisions.
func (o Origin) SameSources(p Origin) bool {
	return o.Listed == p.Listed && equality.Semantic.DeepEqual(o.Sources, p.Sources)
}

// Equal says whether two are of the same sources at the same revisions.
func (o Origin) Equal(p Origin) bool {
	return slices.Equal(o.Revisions, p.Revisions) && o.SameSources(p)
}

// Fields are the values for a status that has one field for a source and one for
// several.
func (o Origin) Fields() (source v1alpha1.ApplicationSource, revision string, sources []v1alpha1.ApplicationSource, revisions []string) {
	if o.Listed {
		return source, "", o.Sources, o.Revisions
	}
	if len(o.Sources) > 0 {
		source = o.Sources[0]
	}
	return source, o.Revision(0), nil, nil
}

// Note writes an operation's sources and revisions down.
func (o Origin) Note(r *v1alpha1.SyncOperationResult) {
	r.Source, r.Revision, r.Sources, r.Revisions = o.Fields()
}

// Short are the revisions for people, commits cut to eight digits.
func (o Origin) Short() string { return ShortRevisions(o.Revisions) }

// ShortRevisions are revisions for people, commits cut to eight digits.
func ShortRevisions(revisions []string) string {
	const n = 8
	out := make([]string, len(revisions))
	for i, r := range revisions {
		out[i] = r[:min(n, len(r))]
	}
	return strings.Join(out, ", ")
}

// RendersNothing says whether a source in a list has only a ref: it lends value files
// to others (argo-cd.md §1.1). An OCI artifact needs no path to be rendered.
func RendersNothing(s *v1alpha1.ApplicationSource) bool {
	return s.Ref != "" && s.Path == "" && s.Chart == "" && !strings.HasPrefix(s.RepoURL, "oci://")
}
