package registrytest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/test/playgroundtest"
)

// binaryVariable may be read here as this is test code.
const binaryVariable = "REGISTRY_BIN"

// Options of Start; the zero value is a registry for everyone, over plain HTTP.
type Options struct {
	// Users are those who may read and write, with their passwords; nil means everyone.
	Users map[string]string
	// Tokens has them ask another server for a token, as the large registries do.
	// Otherwise they send their password with each request.
	Tokens bool
	// TLS is a certificate of the test's own, for 127.0.0.1.
	TLS bool
}

// Registry is a registry that runs.
type Registry struct {
	// Host is its address with its port.
	Host string
	// CA is the authority, as PEM, that its certificate is from; empty without TLS.
	CA string
	// Tokens is the server that gives tokens; nil if it needs none.
	Tokens  *TokenServer
	options Options
}

// Start runs a registry until t ends.
func Start(t testing.TB, o Options) *Registry {
	t.Helper()
	binary := find(t)
	r := &Registry{options: o}
	dir := t.TempDir()
	http := map[string]any{"addr": "127.0.0.1:0", "secret": "test"}
	cert, key := certificate(t)
	if o.TLS {
		http["tls"] = map[string]any{"certificate": write(t, dir, "cert.pem", cert), "key": write(t, dir, "key.pem", key)}
		r.CA = string(cert)
	}
	config := map[string]any{
		"version": "0.1",
		"log":     map[string]any{"level": "error", "accesslog": map[string]any{"disabled": true}},
		"storage": map[string]any{"inmemory": map[string]any{}, "delete": map[string]any{"enabled": true}},
		"http":    http,
	}
	switch {
	case o.Tokens:
		r.Tokens = startTokens(t, maps.Clone(o.Users), cert, key, o.TLS)
		config["auth"] = map[string]any{"token": map[string]any{
			"realm": r.Tokens.URL + "/token", "service": service, "issuer": issuer,
			"rootcertbundle": write(t, dir, "tokens.pem", r.Tokens.cert),
		}}
	case o.Users != nil:
		config["auth"] = map[string]any{"htpasswd": map[string]any{"realm": "test", "path": write(t, dir, "htpasswd", htpasswd(t, o.Users))}}
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = run(t, binary, write(t, dir, "config.yaml", text))
	return r
}

// run starts the program and is the address that it says it listens on.
func run(t testing.TB, binary, config string) string {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, config)
	cmd.Env = []string{"OTEL_TRACES_EXPORTER=none"}
	cmd.Stderr = &said
	// It ends when this closes, also when the test is killed.
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() //nolint:errcheck // it was killed
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cmd.Wait() //nolint:errcheck // what it said tells more
		t.Fatalf("the registry does not start: %v\n%s", err, said.String())
	}
	return strings.TrimSpace(address)
}

// find is the program, or skips or fails t if there is none.
func find(t testing.TB) string {
	t.Helper()
	binary := os.Getenv(binaryVariable)
	if binary == "" {
		root, err := playgroundtest.Repository()
		if err != nil {
			t.Fatal(err)
		}
		binary = filepath.Join(root, "bin", "evenkeel-registry")
	}
	_, err := os.Stat(binary)
	if errors.Is(err, fs.ErrNotExist) && testing.Short() {
		t.Skipf("no registry at %s", binary)
	}
	if err != nil {
		t.Fatalf("no registry: %v; run make bin/evenkeel-registry, or name one in %s", err, binaryVariable)
	}
	return binary
}

func write(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func htpasswd(t testing.TB, users map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	for user, password := range users {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s:%s\n", user, hash)
	}
	return b.Bytes()
}
