package webhook

import "net/http"

type gitlabPush struct {
	ObjectKind string `json:"object_kind"`
	EventName  string `json:"event_name"`
	Ref        string `json:"ref"`
	Project    struct {
		WebURL        string `json:"web_url"`
		GitHTTPURL    string `json:"git_http_url"`
		GitSSHURL     string `json:"git_ssh_url"`
		DefaultBranch string `json:"default_branch"`
	} `json:"project"`
	Repository struct {
		Homepage   string `json:"homepage"`
		GitHTTPURL string `json:"git_http_url"`
		GitSSHURL  string `json:"git_ssh_url"`
	} `json:"repository"`
}

// parseGitLab reads pushes of branches and tags, of a project and of the whole
// system, whose hooks name the event in the payload only.
func parseGitLab(h http.Header, body []byte) (event, error) {
	switch h.Get("X-Gitlab-Event") {
	case "Push Hook", "Tag Push Hook", "System Hook":
	default:
		return ignore("no push")
	}
	p, err := read[gitlabPush](body)
	if err != nil {
		return event{}, err
	}
	kind := p.ObjectKind
	if kind == "" {
		kind = p.EventName
	}
	if kind != "push" && kind != "tag_push" {
		return ignore("no push")
	}
	e := event{head: branch(p.Project.DefaultBranch)}
	e.about(p.Project.WebURL, p.Project.GitHTTPURL, p.Project.GitSSHURL,
		p.Repository.Homepage, p.Repository.GitHTTPURL, p.Repository.GitSSHURL)
	e.moved(p.Ref)
	return e.checked()
}
