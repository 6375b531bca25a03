package source

// Target is what an Application wants of a repository.
type Target struct {
	// Revision is a branch, a tag, a commit or a range of versions; empty means the
	// default branch.
	Revision string
	// TagPrefix is what the tags begin with of which a version or a range of versions
	// is one: "svc-a/v" of a repository whose tags are svc-a/v1.2.3 and svc-b/v1.0.0.
	TagPrefix string
	// Chart is the chart of a Helm repository or a registry that Revision is a version
	// of, or a range of versions; empty for all else.
	Chart string
	// PassCredentials sends the credentials of a Helm repository also to other hosts that
	// its index names.
	PassCredentials bool
}
