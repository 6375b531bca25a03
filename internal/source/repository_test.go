package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const canary = "c4n4ry"

// full is a repository whose every secret field, found by reflection so that a
// new one cannot be forgotten, holds the canary.
func full() Repository {
	r := Repository{URL: "https://" + canary + ":" + canary + "@git.example.com/app.git?sig=" + canary, Project: "team", Username: canary}
	v := reflect.ValueOf(&r).Elem()
	for _, field := range v.Fields() {
		if field.Type() == reflect.TypeFor[Secret]() {
			field.Set(reflect.ValueOf(NewSecret(canary)))
		}
	}
	return r
}

func TestNothingPrintsACredential(t *testing.T) {
	r := full()
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Error("x", "repo", r, "ptr", &r, "err", errors.Join(fmt.Errorf("%v", r)), "s", r.Password)
	}
	asJSON, err := json.Marshal(map[string]any{"v": r, "p": &r, "s": r.Password, "l": []Secret{r.Password}})
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{
		"log": log.String(), "json": string(asJSON), "yaml": string(asYAML), "String": r.String(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		outputs[verb] = fmt.Sprintf(verb, r) + fmt.Sprintf(verb, []any{r}) + fmt.Sprintf(verb, r.Password) +
			fmt.Sprintf(verb, struct{ R Repository }{r}) + fmt.Sprintf(verb, struct{ s Secret }{r.Password})
	}
	for how, out := range outputs {
		if strings.Contains(out, canary) || strings.Contains(out, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the credential: %s", how, out)
		}
	}
	if !strings.Contains(log.String(), "git.example.com/app.git") {
		t.Errorf("the log does not say which repository: %s", log.String())
	}
}

func TestSecretTellsWhetherItIsEmpty(t *testing.T) {
	if got := fmt.Sprintf("%s|%s", NewSecret(""), NewSecret("x")); got != "|[redacted]" {
		t.Errorf("got %q", got)
	}
	first, second := NewSecret("x"), NewSecret("x")
	if first.Reveal() != "x" || first != second || NewSecret("") != (Secret{}) {
		t.Error("a secret is not its text")
	}
}
