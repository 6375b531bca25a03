package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// SecretMain is Argo CD's own Secret, of which the keys of webhooks are read.
const SecretMain = "argocd-secret"

// Argo CD resolves $NAME:KEY in Secrets with this label only.
const (
	labelPartOf  = "app.kubernetes.io/part-of"
	partOfArgoCD = "argocd"
)

// Webhooks is what is known of the senders of webhooks. A secret that is empty is
// not configured. Printed, logged or marshalled it shows which are.
type Webhooks struct {
	// GitHub is the secret of GitHub's webhooks and of those of its registry.
	GitHub          string
	GitLab          string
	BitbucketUUID   string
	BitbucketServer string
	// Gogs is that of Gogs, Gitea and Forgejo.
	Gogs          string
	Harbor        string
	AzureUsername string
	AzurePassword string
	// MaxPayload is the most bytes that are read of an event; 0 means that none is taken.
	MaxPayload int64
}

// webhookKey is a key of SecretMain and the field that it fills.
type webhookKey struct {
	key   string
	field *string
}

func (w *Webhooks) keys() []webhookKey {
	return []webhookKey{
		{"webhook.github.secret", &w.GitHub},
		{"webhook.gitlab.secret", &w.GitLab},
		{"webhook.bitbucket.uuid", &w.BitbucketUUID},
		{"webhook.bitbucketserver.secret", &w.BitbucketServer},
		{"webhook.gogs.secret", &w.Gogs},
		{"webhook.harbor.secret", &w.Harbor},
		{"webhook.azuredevops.username", &w.AzureUsername},
		{"webhook.azuredevops.password", &w.AzurePassword},
	}
}

// String lists the keys that are set.
func (w Webhooks) String() string {
	var set []string
	for _, k := range w.keys() {
		if *k.field != "" {
			set = append(set, k.key)
		}
	}
	return fmt.Sprintf("webhooks of at most %d bytes, with keys [%s]", w.MaxPayload, strings.Join(set, " "))
}

// Format implements fmt.Formatter, so that no verb prints a secret.
func (w Webhooks) Format(f fmt.State, _ rune) { io.WriteString(f, w.String()) }

// LogValue implements slog.LogValuer.
func (w Webhooks) LogValue() slog.Value { return slog.StringValue(w.String()) }

// MarshalJSON writes what may be seen.
func (w Webhooks) MarshalJSON() ([]byte, error) { return json.Marshal(w.String()) }

const mebibyte = 1 << 20

// webhooks reads the keys of argocd-cm. That of the jitter means nothing here:
// Argo CD spreads the refreshes of Applications, each of which asks the Git server;
// here one listing answers all of them.
func (c section) webhooks(s *Snapshot) {
	s.Webhooks.MaxPayload = int64(c.number("webhook.maxPayloadSizeMB", 50)) * mebibyte
	const jitter = "webhook.refresh.jitter"
	if c.duration(jitter, 0) > 0 {
		c.problem(jitter, "is not used: a push makes one listing for all Applications of a repository, so there is nothing to spread")
	}
}

// webhookSecrets fills in the secrets. As in Argo CD a value $KEY stands for that of
// another key, and $NAME:KEY for one of another Secret, which has to be labelled as
// part of Argo CD; one that leads nowhere is taken as it is.
func (c section) webhookSecrets(w *Webhooks, secrets []*corev1.Secret) {
	values := map[string]string{}
	for _, secret := range secrets {
		for key, value := range secret.Data {
			switch {
			case secret.Name == SecretMain:
				values[key] = string(value)
			case secret.Labels[labelPartOf] == partOfArgoCD:
				values[secret.Name+":"+key] = string(value)
			}
		}
	}
	for _, k := range w.keys() {
		*k.field = values[k.key]
		name, refers := strings.CutPrefix(*k.field, "$")
		if !refers {
			continue
		}
		value, ok := values[name]
		if !ok {
			c.problem(k.key, "begins with a $ and refers to no key that is there; it is taken as it is")
			continue
		}
		*k.field = strings.TrimSpace(value)
	}
}
