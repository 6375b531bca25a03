package filter

import (
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Filter is one --resource.
type Filter struct {
	Exclude                      bool
	Group, Kind, Namespace, Name string
}

// Filters are several. Their zero value keeps everything.
type Filters []Filter

// Parse reads what several --resource say.
func Parse(words []string) (Filters, error) {
	var out Filters
	for _, w := range words {
		f, err := parse(w)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func parse(word string) (Filter, error) {
	text, exclude := strings.CutPrefix(word, "!")
	// Names may hold colons (RBAC), groups and kinds cannot.
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return Filter{}, fault.New(fault.Invalid, "--resource %q: want GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME, as in apps:Deployment:web or :Service:*", word)
	}
	f := Filter{Exclude: exclude, Group: parts[0], Kind: parts[1], Name: parts[2]}
	if ns, name, ok := strings.Cut(parts[2], "/"); ok {
		if ns == "" || name == "" || strings.Contains(name, "/") {
			return Filter{}, fault.New(fault.Invalid, "--resource %q: want NAMESPACE/NAME after the kind", word)
		}
		f.Namespace, f.Name = ns, name
	}
	return f, nil
}

func (f Filter) matches(k resource.Key) bool {
	return either(f.Group, k.Group) && either(f.Kind, k.Kind) && either(f.Name, k.Name) &&
		(f.Namespace == "" || either(f.Namespace, k.Namespace))
}

func either(pattern, value string) bool { return pattern == "*" || pattern == value }

// Keep says whether an object is selected: by one of the including filters, or
// by there being none, and by no excluding one.
func (fs Filters) Keep(k resource.Key) bool {
	included, including := false, false
	for _, f := range fs {
		if f.Exclude {
			if f.matches(k) {
				return false
			}
			continue
		}
		including = true
		included = included || f.matches(k)
	}
	return included || !including
}

// Keeper is Keep, or nil when there are no filters.
func (fs Filters) Keeper() func(resource.Key) bool {
	if len(fs) == 0 {
		return nil
	}
	return fs.Keep
}

// Resources are the Application's objects that are selected; nil without filters.
func (fs Filters) Resources(app *v1alpha1.Application) []v1alpha1.SyncOperationResource {
	if len(fs) == 0 {
		return nil
	}
	var out []v1alpha1.SyncOperationResource
	for _, r := range app.Status.Resources {
		if fs.Keep(resource.Key{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}) {
			out = append(out, v1alpha1.SyncOperationResource{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name})
		}
	}
	return out
}
