package once_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/plan/once"
)

func TestLogTail(t *testing.T) {
	b, err := os.ReadFile("testdata/log.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Reason, Log, Want string
		Secrets           []string
	}
	if err := yaml.UnmarshalStrict(b, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		if d := cmp.Diff(c.Want, once.LogTail([]byte(c.Log), c.Secrets)); d != "" {
			t.Errorf("%s\n(-want +got)\n%s", c.Reason, d)
		}
	}
}

func TestLogTailBounds(t *testing.T) {
	var log strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&log, "line %d\n", i)
	}
	lines := strings.Split(once.LogTail([]byte(log.String()), nil), "\n")
	if len(lines) != once.MaxLogLines || lines[0] != "line 950" || lines[49] != "line 999" {
		t.Errorf("%d lines from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
	wide := once.LogTail([]byte(strings.Repeat("é", 10000)+"end"), nil)
	if len(wide) > once.MaxLog || !strings.HasPrefix(wide, "…é") || !strings.HasSuffix(wide, "end") {
		t.Errorf("%d bytes, from %q", len(wide), wide[:10])
	}
}

// FuzzLogTail: no log shows a secret or steers a terminal.
func FuzzLogTail(f *testing.F) {
	f.Add([]byte("a \x1b[31mhunter2\x1b[0m"), "hunter2")
	f.Add([]byte("hun\x1b]0;x\x07ter2\xff"), "hunter2\nmore")
	f.Fuzz(func(t *testing.T, log []byte, secret string) {
		got := once.LogTail(append(log, secret...), []string{secret})
		if len(got) > once.MaxLog || !utf8.ValidString(got) || strings.ContainsAny(got, "\x1b\x00\x07\x7f\u009b\u202e") {
			t.Errorf("%q", got)
		}
		// What a mask is made of may itself be called a secret.
		if len(secret) >= 4 && strings.IndexFunc(secret, func(r rune) bool { return r < 'a' || r > 'z' }) < 0 && strings.Contains(got, secret) {
			t.Errorf("%q shows %q", got, secret)
		}
	})
}

func TestSecretValues(t *testing.T) {
	s := everything(t)
	if d := cmp.Diff([]string{"hunter2", "key", "shop"}, once.SecretValues(s.hook, s.inputs.Objects)); d != "" {
		t.Error(d)
	}
}
