package pki

import (
	"encoding/base64"
	"fmt"
	"os"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: evenkeel-playground
  cluster:
    server: %[1]s
    certificate-authority-data: %[2]s
users:
- name: %[3]s
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
contexts:
- name: evenkeel-playground
  context: {cluster: evenkeel-playground, user: %[3]s}
current-context: evenkeel-playground
`

// WriteKubeconfig writes user's kubeconfig for the API server at the URL server
// to path, mode 0600. Nothing in it names another file, so it can be copied.
// A reader of path sees the old file or the new one, never a part.
func (s Store) WriteKubeconfig(path, user, server string) error {
	var encoded [3]any
	for i, file := range []string{"ca.crt", user + ".crt", user + ".key"} {
		content, err := os.ReadFile(s.File(file))
		if err != nil {
			return fmt.Errorf("kubeconfig of %s: %w", user, err)
		}
		encoded[i] = base64.StdEncoding.EncodeToString(content)
	}
	text := fmt.Sprintf(kubeconfig, server, encoded[0], user, encoded[1], encoded[2])
	next := path + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", user, err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", user, err)
	}
	return nil
}
