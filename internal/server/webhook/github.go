package webhook

import (
	"net/http"
	"strings"
)

// parseGitHub reads push, and package for the container registry. GitHub sends ping
// when a webhook is made, and whatever else was ticked.
func parseGitHub(h http.Header, body []byte) (event, error) {
	switch kind := h.Get("X-Github-Event"); kind {
	case "push":
		return parseGitHubPush(body)
	case "package":
		return parseGitHubPackage(body)
	case "ping":
		return ignore("a ping")
	default:
		return ignore("no push")
	}
}

// githubPush is what GitHub, Gitea, Forgejo and Gogs have in common.
type githubPush struct {
	Ref        string `json:"ref"`
	Repository struct {
		HTMLURL       string `json:"html_url"`
		CloneURL      string `json:"clone_url"`
		SSHURL        string `json:"ssh_url"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
}

func parseGitHubPush(body []byte) (event, error) {
	p, err := read[githubPush](body)
	if err != nil {
		return event{}, err
	}
	e := event{head: branch(p.Repository.DefaultBranch)}
	e.about(p.Repository.HTMLURL, p.Repository.CloneURL, p.Repository.SSHURL)
	e.moved(p.Ref)
	return e.checked()
}

// parseGogs reads push of Gogs, Gitea and Forgejo. A tag is a push as well.
func parseGogs(h http.Header, body []byte) (event, error) {
	if first(h, "X-Gogs-Event", "X-Gitea-Event", "X-Forgejo-Event") != "push" {
		return ignore("no push")
	}
	return parseGitHubPush(body)
}

type githubPackage struct {
	Action  string `json:"action"`
	Package struct {
		Name        string `json:"name"`
		PackageType string `json:"package_type"`
		Owner       struct {
			Login string `json:"login"`
		} `json:"owner"`
		PackageVersion struct {
			ContainerMetadata struct {
				Tag struct {
					Name string `json:"name"`
				} `json:"tag"`
			} `json:"container_metadata"`
		} `json:"package_version"`
	} `json:"package"`
}

func parseGitHubPackage(body []byte) (event, error) {
	p, err := read[githubPackage](body)
	if err != nil {
		return event{}, err
	}
	switch {
	case p.Action != "published":
		return ignore("nothing was published")
	case !strings.EqualFold(p.Package.PackageType, "container"):
		return ignore("no container package")
	case p.Package.PackageVersion.ContainerMetadata.Tag.Name == "":
		return ignore("no tag") // the parts of an image have none, and come with it
	}
	e := event{artifact: true}
	if owner, name := p.Package.Owner.Login, p.Package.Name; owner != "" && name != "" {
		e.about("oci://ghcr.io/" + owner + "/" + name)
	}
	return e.checked()
}
