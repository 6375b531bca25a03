package webhook

import (
	"net/http"
	"strings"
)

type harborEvent struct {
	Type      string `json:"type"`
	EventData struct {
		Resources []struct {
			Tag         string `json:"tag"`
			ResourceURL string `json:"resource_url"`
		} `json:"resources"`
		Repository struct {
			Name         string `json:"name"`
			Namespace    string `json:"namespace"`
			RepoFullName string `json:"repo_full_name"`
		} `json:"repository"`
	} `json:"event_data"`
}

// parseHarbor reads PUSH_ARTIFACT in Harbor's default format. What has no tag comes
// with something that has one.
func parseHarbor(_ http.Header, body []byte) (event, error) {
	p, err := read[harborEvent](body)
	if err != nil {
		return event{}, err
	}
	if p.Type != "PUSH_ARTIFACT" {
		return ignore("no push")
	}
	repo := p.EventData.Repository
	name := repo.RepoFullName
	if name == "" && repo.Namespace != "" && repo.Name != "" {
		name = repo.Namespace + "/" + repo.Name
	}
	e, tagged := event{artifact: true}, false
	for _, r := range p.EventData.Resources {
		tagged = tagged || r.Tag != ""
		registry, _, below := strings.Cut(strings.TrimPrefix(r.ResourceURL, "oci://"), "/")
		if r.Tag != "" && below && name != "" {
			e.about("oci://" + registry + "/" + name)
		}
	}
	if !tagged {
		return ignore("no tag")
	}
	return e.checked()
}
