package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func plainSecret(name, partOf string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "argocd", Labels: map[string]string{labelPartOf: partOf}},
		Data:       map[string][]byte{},
	}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

func TestWebhookSecrets(t *testing.T) {
	main := plainSecret(SecretMain, "", map[string]string{
		"webhook.github.secret":          "plain",
		"webhook.gitlab.secret":          "$shared",
		"webhook.bitbucket.uuid":         "$hooks:uuid",
		"webhook.bitbucketserver.secret": "$foreign:key",
		"webhook.gogs.secret":            "$ecret",
		"webhook.harbor.secret":          "$webhook.github.secret",
		"webhook.azuredevops.username":   "ada",
		"webhook.azuredevops.password":   "$hooks:shared",
		"shared":                         "  of its own\n",
		"server.secretkey":               "not for webhooks",
	})
	got, problems := Parse(nil, []*corev1.Secret{
		main,
		plainSecret("hooks", "argocd", map[string]string{"uuid": "{u-u}\n"}),
		plainSecret("foreign", "other", map[string]string{"key": "must not be read"}),
	})
	want := Webhooks{
		GitHub: "plain", GitLab: "of its own", BitbucketUUID: "{u-u}", BitbucketServer: "$foreign:key", Gogs: "$ecret",
		Harbor: "plain", AzureUsername: "ada", AzurePassword: "$hooks:shared", MaxPayload: 50 << 20,
	}
	if got.Webhooks != want {
		// They are printed redacted, so the fields are compared one by one.
		for i, k := range got.Webhooks.keys() {
			if diff := cmp.Diff(*want.keys()[i].field, *k.field); diff != "" {
				t.Errorf("%s (-want +got):\n%s", k.key, diff)
			}
		}
		t.Error(got.Webhooks)
	}
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.Error())
	}
	const unresolved = ": begins with a $ and refers to no key that is there; it is taken as it is"
	if diff := cmp.Diff([]string{
		"argocd-secret: webhook.bitbucketserver.secret" + unresolved, "argocd-secret: webhook.gogs.secret" + unresolved,
		"argocd-secret: webhook.azuredevops.password" + unresolved,
	}, lines); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestWebhookSecretsAreNotShown(t *testing.T) {
	s, _ := Parse(nil, []*corev1.Secret{plainSecret(SecretMain, "", map[string]string{
		"webhook.github.secret": "c4n4ry", "webhook.azuredevops.password": "c4n4ry",
	})})
	if s.Webhooks.GitHub != "c4n4ry" {
		t.Fatal("the secret is not read")
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "webhooks", s.Webhooks, "snapshot", s)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "webhooks", s.Webhooks, "snapshot", s)
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%s %v %+v %#v %q %v", asJSON, s, s, s, s.Webhooks, &s.Webhooks)
	if strings.Contains(out.String(), "c4n4ry") {
		t.Errorf("shown: %s", out.String())
	}
	if want := "webhooks of at most 52428800 bytes, with keys [webhook.github.secret webhook.azuredevops.password]"; s.Webhooks.String() != want {
		t.Errorf("got %s, want %s", s.Webhooks, want)
	}
}
