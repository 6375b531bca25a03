package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var serviceIP = net.IPv4(10, 96, 0, 1)

func TestCertificatesAreValidForWhatTheyServe(t *testing.T) {
	s := ensure(t, t.TempDir())
	for _, tt := range []struct {
		file, ca string
		hosts    []string
		usage    x509.ExtKeyUsage
		reason   string
	}{
		{"apiserver", "ca", []string{"127.0.0.1", "::1", "localhost", "10.96.0.1", "kubernetes.default.svc"}, x509.ExtKeyUsageServerAuth,
			"clients call it by loopback, Pods' configs by the service"},
		{"node", "ca", []string{"127.0.0.1", MetricsHost}, x509.ExtKeyUsageServerAuth,
			"the API server fetches logs by address and metrics by the Service's name"},
		{Admin, "ca", nil, x509.ExtKeyUsageClientAuth, "the kubeconfig that is handed out"},
		{ControllerManager, "ca", nil, x509.ExtKeyUsageClientAuth, ""},
		{Scheduler, "ca", nil, x509.ExtKeyUsageClientAuth, ""},
		{"front-proxy-client", "front-proxy-ca", nil, x509.ExtKeyUsageClientAuth,
			"an aggregated API trusts only the front proxy's own authority"},
	} {
		pair, err := tls.LoadX509KeyPair(s.File(tt.file+".crt"), s.File(tt.file+".key"))
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		for _, host := range append([]string{""}, tt.hosts...) {
			_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots(t, s, tt.ca), DNSName: host, KeyUsages: []x509.ExtKeyUsage{tt.usage}})
			if err != nil {
				t.Errorf("%s for host %q (%s): %v", tt.file, host, tt.reason, err)
			}
		}
	}
}

func TestEnsureKeepsAFinishedSetAndRedoesAnUnfinishedOne(t *testing.T) {
	dir := t.TempDir()
	first := read(t, ensure(t, dir).File("ca.crt"))
	if diff := cmp.Diff(first, read(t, ensure(t, dir).File("ca.crt"))); diff != "" {
		t.Errorf("a second start made a new authority (-first +second):\n%s", diff)
	}
	if err := os.Remove(filepath.Join(dir, complete)); err != nil {
		t.Fatal(err)
	}
	if first == read(t, ensure(t, dir).File("ca.crt")) {
		t.Error("a set without its last file was taken for a finished one")
	}
}

func TestKeysAreForTheirOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	s := ensure(t, dir)
	if err := s.WriteKubeconfig(filepath.Join(dir, "kubeconfig"), Admin, "https://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", e.Name(), info.Mode().Perm())
		}
	}
}

func TestWriteKubeconfigSaysWhoseIsMissing(t *testing.T) {
	dir := t.TempDir()
	s := ensure(t, dir)
	err := s.WriteKubeconfig(filepath.Join(dir, "kubeconfig"), "nobody", "https://127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "kubeconfig of nobody") {
		t.Errorf("error %v, want one that names the user", err)
	}
}

func ensure(t *testing.T, dir string) Store {
	t.Helper()
	s, err := Ensure(dir, serviceIP)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func roots(t *testing.T, s Store, ca string) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(read(t, s.File(ca+".crt")))) {
		t.Fatalf("%s.crt holds no certificate", ca)
	}
	return pool
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
