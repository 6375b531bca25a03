package ledger

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

const (
	// MACSecret is the Secret with the key that Secrets are digested with.
	MACSecret = "evenkeel-ledger-key"
	macData   = "key"
	macSize   = 32
)

// MACKey is the key that Secrets are digested with. It is made when there is none,
// once: the Secret is immutable, and one that cannot be read is an error and never
// replaced.
func (s *Store) MACKey(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	have := s.mac
	s.mu.Unlock()
	if have != nil {
		return have, nil
	}
	kind := coreKind("Secret", "secrets")
	obj, err := s.o.Conn.Get(ctx, kind, s.o.Namespace, MACSecret)
	if apierrors.IsNotFound(err) {
		if err = s.makeMAC(ctx); err == nil {
			// Of two that make one at once, one does; both read that.
			obj, err = s.o.Conn.Get(ctx, kind, s.o.Namespace, MACSecret)
		}
	}
	if err != nil {
		return nil, explain(reasonOnly(err), "Secret %s/%s", s.o.Namespace, MACSecret)
	}
	text, _, _ := unstructured.NestedString(obj.Object, "data", macData)
	mac, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(mac) != macSize {
		return nil, fault.New(fault.Invalid, "Secret %s/%s has no %q of %d bytes; restore it, as with another nobody can tell which Secrets have changed",
			s.o.Namespace, MACSecret, macData, macSize)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mac = mac
	return mac, nil
}

func (s *Store) makeMAC(ctx context.Context) error {
	mac := make([]byte, macSize)
	if _, err := rand.Read(mac); err != nil {
		return err
	}
	key := resource.Key{Kind: "Secret", Namespace: s.o.Namespace, Name: MACSecret}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
		"metadata": map[string]any{
			"name": key.Name, "namespace": key.Namespace,
			"labels": map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy},
		},
		"data": map[string]string{macData: base64.StdEncoding.EncodeToString(mac)},
	})
	if err != nil {
		return err
	}
	return s.o.Conn.Create(ctx, coreKind("Secret", "secrets"), key, body)
}

// reasonOnly is a refusal without its message, which repeats what was sent
// (CVE-2025-23216).
func reasonOnly(err error) error {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return err
	}
	out := *status
	out.ErrStatus.Message = string(out.ErrStatus.Reason)
	return &out
}
