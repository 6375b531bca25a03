package webhook

import (
	"net/http"

	"evenkeel.dev/internal/settings"
)

// provider is a kind of Git server or registry.
type provider struct {
	name string
	// sent says whether an event is this provider's, from its headers.
	sent func(h http.Header, s settings.Webhooks) bool
	// proof is how this provider's events are proven.
	proof func(h http.Header, s settings.Webhooks) proof
	// parse reads an event. Body is anything.
	parse func(h http.Header, body []byte) (event, error)
}

// providers are asked in this order; the first whose event it is has it. Gogs and its
// kin come before GitHub, whose headers they send as well, and Harbor last: its
// events have no header that says whose they are.
func providers() []provider {
	return []provider{
		{"Azure DevOps", byHeader("X-Vss-Activityid"), func(h http.Header, s settings.Webhooks) proof {
			return password(s.AzureUsername, s.AzurePassword, h)
		}, parseAzure},
		{"Gogs", byHeader("X-Gogs-Event", "X-Gitea-Event", "X-Forgejo-Event"), func(h http.Header, s settings.Webhooks) proof {
			return signature(s.Gogs, first(h, "X-Gogs-Signature", "X-Gitea-Signature", "X-Forgejo-Signature"), "")
		}, parseGogs},
		{"GitHub", byHeader("X-Github-Event"), func(h http.Header, s settings.Webhooks) proof {
			return signature(s.GitHub, h.Get("X-Hub-Signature-256"), "sha256=")
		}, parseGitHub},
		{"GitLab", byHeader("X-Gitlab-Event"), func(h http.Header, s settings.Webhooks) proof {
			return token(s.GitLab, h.Get("X-Gitlab-Token"))
		}, parseGitLab},
		{"Bitbucket", byHeader("X-Hook-Uuid"), func(h http.Header, s settings.Webhooks) proof {
			return token(s.BitbucketUUID, h.Get("X-Hook-Uuid"))
		}, parseBitbucket},
		{"Bitbucket Server", byHeader("X-Event-Key"), func(h http.Header, s settings.Webhooks) proof {
			return signature(s.BitbucketServer, h.Get("X-Hub-Signature"), "sha256=")
		}, parseBitbucketServer},
		{"Harbor", func(h http.Header, s settings.Webhooks) bool {
			return s.Harbor != "" && h.Get("Authorization") != ""
		}, func(h http.Header, s settings.Webhooks) proof {
			return token(s.Harbor, h.Get("Authorization"))
		}, parseHarbor},
	}
}

func byHeader(names ...string) func(http.Header, settings.Webhooks) bool {
	return func(h http.Header, _ settings.Webhooks) bool { return first(h, names...) != "" }
}

// first is the first of the headers that is there.
func first(h http.Header, names ...string) string {
	for _, name := range names {
		if value := h.Get(name); value != "" {
			return value
		}
	}
	return ""
}
