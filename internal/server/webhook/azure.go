package webhook

import (
	"net/http"
	"strings"
)

type azurePush struct {
	EventType string `json:"eventType"`
	Resource  struct {
		RefUpdates []struct {
			Name string `json:"name"`
		} `json:"refUpdates"`
		Repository struct {
			RemoteURL     string `json:"remoteUrl"`
			SSHURL        string `json:"sshUrl"`
			DefaultBranch string `json:"defaultBranch"`
		} `json:"repository"`
	} `json:"resource"`
}

// parseAzure reads git.push of Azure DevOps.
func parseAzure(_ http.Header, body []byte) (event, error) {
	p, err := read[azurePush](body)
	if err != nil {
		return event{}, err
	}
	if p.EventType != "git.push" {
		return ignore("no push")
	}
	repo := p.Resource.Repository
	e := event{head: branch(repo.DefaultBranch)}
	e.about(repo.RemoteURL, repo.SSHURL, azureSSH(repo.RemoteURL))
	var names []string
	for _, u := range p.Resource.RefUpdates {
		names = append(names, u.Name)
	}
	e.moved(names...)
	return e.checked()
}

// azureSSH is the SSH address that belongs to a web address of Azure's cloud, whose
// path is another one: /ORGANISATION/PROJECT/_git/NAME is /v3/ORGANISATION/PROJECT/NAME.
func azureSSH(web string) string {
	a, ok := parseAddress(web)
	before, name, found := strings.Cut(a.path, "/_git/")
	if !ok || !found || a.host != "dev.azure.com" {
		return ""
	}
	if !strings.Contains(before, "/") { // the project that has the repository's name is left out
		before += "/" + name
	}
	return "ssh://ssh.dev.azure.com/v3/" + before + "/" + name
}
