package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The users that [Ensure] makes a client certificate for.
const (
	Admin             = "admin"
	ControllerManager = "controller-manager"
	Scheduler         = "scheduler"
)

// MetricsHost is the name by which the API server calls the metrics API: the
// Service that its APIService names.
const MetricsHost = "playground-metrics.kube-system.svc"

// complete is written last: a set without it was cut short and is made anew.
const complete = "complete"

// Store is a directory with a finished set of keys and certificates.
type Store struct {
	dir string
}

// Ensure returns the set in dir and makes it first if no earlier call has
// finished one there. The API server's certificate is valid for loopback,
// localhost and serviceIP.
func Ensure(dir string, serviceIP net.IP) (Store, error) {
	s := Store{dir: dir}
	_, err := os.Stat(s.File(complete))
	if err == nil {
		return s, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Store{}, fmt.Errorf("certificates: %w", err)
	}
	if err := s.create(serviceIP); err != nil {
		return Store{}, fmt.Errorf("write certificates: %w", err)
	}
	return s, nil
}

// File is the path of one of the set's files, such as ca.crt.
func (s Store) File(name string) string { return filepath.Join(s.dir, name) }

func (s Store) create(serviceIP net.IP) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := s.createServiceAccountKey(); err != nil {
		return err
	}
	ca, err := s.createAuthority("ca")
	if err != nil {
		return err
	}
	front, err := s.createAuthority("front-proxy-ca")
	if err != nil {
		return err
	}
	for _, r := range requests(serviceIP) {
		if err := s.issue(ca, r); err != nil {
			return err
		}
	}
	if err := s.issue(front, request{file: "front-proxy-client", name: "front-proxy-client", usage: x509.ExtKeyUsageClientAuth}); err != nil {
		return err
	}
	return os.WriteFile(s.File(complete), nil, 0o600)
}

// request is a certificate to be issued, as file.crt and file.key.
type request struct {
	file   string
	name   string   // common name: who the API server takes the bearer for
	groups []string // organizations: the bearer's groups
	usage  x509.ExtKeyUsage
	hosts  []string
	ips    []net.IP
}

func requests(serviceIP net.IP) []request {
	loopback := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	masters := []string{"system:masters"}
	return []request{
		{
			file: "apiserver", name: "kube-apiserver", usage: x509.ExtKeyUsageServerAuth,
			hosts: []string{
				"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			},
			ips: append([]net.IP{serviceIP}, loopback...),
		},
		{
			file: "node", name: "evenkeel-playground-node", usage: x509.ExtKeyUsageServerAuth,
			hosts: []string{"localhost", MetricsHost}, ips: loopback,
		},
		{file: Admin, name: "evenkeel-playground-admin", groups: masters, usage: x509.ExtKeyUsageClientAuth},
		// Its controllers act as this one user, not each as a service account of its own.
		{file: ControllerManager, name: "system:kube-controller-manager", groups: masters, usage: x509.ExtKeyUsageClientAuth},
		{file: Scheduler, name: "system:kube-scheduler", usage: x509.ExtKeyUsageClientAuth},
	}
}

type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func (s Store) createAuthority(file string) (authority, error) {
	key, err := s.createKey(file)
	if err != nil {
		return authority{}, err
	}
	template, err := newTemplate("evenkeel-playground-" + file)
	if err != nil {
		return authority{}, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, err
	}
	return authority{cert: cert, key: key}, s.writePEM(file+".crt", "CERTIFICATE", der)
}

func (s Store) issue(by authority, r request) error {
	key, err := s.createKey(r.file)
	if err != nil {
		return err
	}
	template, err := newTemplate(r.name)
	if err != nil {
		return err
	}
	template.Subject.Organization = r.groups
	template.ExtKeyUsage = []x509.ExtKeyUsage{r.usage}
	template.DNSNames = r.hosts
	template.IPAddresses = r.ips
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return err
	}
	return s.writePEM(r.file+".crt", "CERTIFICATE", der)
}

// createServiceAccountKey makes the pair that signs (sa.key) and checks
// (sa.pub) service account tokens.
func (s Store) createServiceAccountKey() error {
	key, err := s.createKey("sa")
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	return s.writePEM("sa.pub", "PUBLIC KEY", der)
}

func (s Store) createKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, s.writePEM(file+".key", "EC PRIVATE KEY", der)
}

func (s Store) writePEM(file, kind string, der []byte) error {
	return os.WriteFile(s.File(file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func newTemplate(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), // RFC 5280: never zero
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}, nil
}
