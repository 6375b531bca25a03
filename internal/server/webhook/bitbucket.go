package webhook

import "net/http"

// bitbucketRef is what a change has before and after; null where there was nothing.
type bitbucketRef struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

func (r bitbucketRef) fullName() string {
	switch {
	case r.Name == "":
		return ""
	case r.Type == "branch":
		return "refs/heads/" + r.Name
	case r.Type == "tag":
		return "refs/tags/" + r.Name
	}
	return r.Name
}

type bitbucketPush struct {
	Push struct {
		Changes []struct {
			New bitbucketRef `json:"new"`
			Old bitbucketRef `json:"old"`
		} `json:"changes"`
	} `json:"push"`
	Repository struct {
		Links struct {
			HTML struct {
				Href string `json:"href"`
			} `json:"html"`
		} `json:"links"`
	} `json:"repository"`
}

// parseBitbucket reads repo:push of Bitbucket Cloud, with all its changes (Argo CD
// looks at the first one). It does not tell the default branch.
func parseBitbucket(h http.Header, body []byte) (event, error) {
	if h.Get("X-Event-Key") != "repo:push" {
		return ignore("no push")
	}
	p, err := read[bitbucketPush](body)
	if err != nil {
		return event{}, err
	}
	var e event
	e.about(p.Repository.Links.HTML.Href)
	var names []string
	for _, c := range p.Push.Changes {
		name := c.New.fullName()
		if name == "" { // deleted
			name = c.Old.fullName()
		}
		names = append(names, name)
	}
	e.moved(names...)
	return e.checked()
}

type bitbucketServerPush struct {
	Changes []struct {
		Ref struct {
			ID string `json:"id"`
		} `json:"ref"`
		RefID string `json:"refId"`
	} `json:"changes"`
	Repository struct {
		Links struct {
			Clone []struct {
				Href string `json:"href"`
			} `json:"clone"`
		} `json:"links"`
	} `json:"repository"`
}

// parseBitbucketServer reads repo:refs_changed of Bitbucket Server and Data Center.
// It does not tell the default branch either.
func parseBitbucketServer(h http.Header, body []byte) (event, error) {
	switch h.Get("X-Event-Key") {
	case "repo:refs_changed":
	case "diagnostics:ping":
		return ignore("a ping")
	default:
		return ignore("no push")
	}
	p, err := read[bitbucketServerPush](body)
	if err != nil {
		return event{}, err
	}
	var e event
	for _, link := range p.Repository.Links.Clone {
		e.about(link.Href)
	}
	var names []string
	for _, c := range p.Changes {
		name := c.Ref.ID
		if name == "" {
			name = c.RefID
		}
		names = append(names, name)
	}
	e.moved(names...)
	return e.checked()
}
