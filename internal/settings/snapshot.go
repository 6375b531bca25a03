package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"

	"evenkeel.dev/api/v1alpha1"
)

// The config maps that are read.
const (
	ConfigMap           = "argocd-cm"
	ConfigMapParams     = "argocd-cmd-params-cm"
	ConfigMapTLSCerts   = "argocd-tls-certs-cm"
	ConfigMapKnownHosts = "argocd-ssh-known-hosts-cm"
	ConfigMapGPGKeys    = "argocd-gpg-keys-cm"
	// ConfigMapPlugins is no config map of Argo CD's: each key holds what a sidecar has
	// in its plugin.yaml.
	ConfigMapPlugins = "evenkeel-plugins"
)

// The types of Secrets that are read, as the label argocd.argoproj.io/secret-type has them.
const (
	SecretRepository  = "repository"
	SecretCredentials = "repo-creds"
	SecretCluster     = "cluster"
)

// TrackingAnnotation is the one tracking method there is.
const TrackingAnnotation = "annotation"

// Snapshot is all settings at one moment. It is never changed.
type Snapshot struct {
	// Version grows with each change that a Watcher sees.
	Version uint64 `json:"-"`

	// ReconciliationTimeout is how old a comparison may become before the sources
	// are asked again; 0 means for ever.
	ReconciliationTimeout time.Duration
	// ReconciliationJitter is the most that is added to it, at random.
	ReconciliationJitter time.Duration
	// RepoErrorGracePeriod is how long the last good status is kept when a source fails.
	RepoErrorGracePeriod time.Duration

	TrackingMethod   string
	InstanceLabelKey string
	// InstallationID tells several Argo CDs on one cluster apart; empty means that there is one.
	InstallationID string

	KustomizeEnabled      bool
	HelmEnabled           bool
	JsonnetEnabled        bool
	KustomizeBuildOptions string
	// KustomizeVersionOptions are the flags for Applications that name a version, by it.
	KustomizeVersionOptions map[string]string
	// HelmValuesFileSchemes are the schemes of URLs that values files may be read from.
	HelmValuesFileSchemes []string
	// MaxCombinedDirectoryManifestsSize bounds the files of a plain directory together, in bytes.
	MaxCombinedDirectoryManifestsSize int64

	// Plugins are those that are declared, in the order of their full names, which no
	// two share.
	Plugins []v1alpha1.ConfigManagementPlugin
	// PluginsUseGeneratePaths gives plugins only what the annotation
	// argocd.argoproj.io/manifest-generate-paths of an Application names.
	PluginsUseGeneratePaths bool

	Resources ResourceFilter
	// Customizations are in the order of their kinds, at most one for each.
	Customizations []Customization
	Compare        CompareOptions
	// AutoscaledReplicas says what spec.replicas is where an autoscaler sets it:
	// ReplicasCompared or ReplicasIgnored.
	AutoscaledReplicas string
	// IgnoreResourceUpdates says whether the rules of that name are in force.
	IgnoreResourceUpdates bool
	// SensitiveAnnotations are masked wherever a Secret's data is.
	SensitiveAnnotations []string
	// IgnoreDifferences are those of the whole system, in the order of their keys.
	IgnoreDifferences []v1alpha1.ResourceIgnoreDifferences

	SelfHeal SelfHeal
	// SyncTimeout ends an operation that takes longer, 30 minutes unless set; 0 means never,
	// which is the default of Argo CD, where one that is stuck stays so (argo-cd #6055).
	SyncTimeout time.Duration
	// SyncWaveDelay is the pause between the waves of a sync.
	SyncWaveDelay time.Duration

	// TLSCerts are PEM certificates by host name.
	TLSCerts map[string]string
	// KnownHosts is in the format of OpenSSH's known_hosts.
	KnownHosts string
	// SignatureKeys are public keys that commits may be signed with, not understood
	// yet: OpenPGP's by their ids, SSH's by any name.
	SignatureKeys map[string]string

	Webhooks Webhooks

	// Secrets are those of the types above, in the order of their names.
	Secrets []Secret
}

// equal leaves out what is compiled from what is compared.
func (s Snapshot) equal(o Snapshot) bool {
	s.Version, o.Version = 0, 0
	for _, f := range []*ResourceFilter{&s.Resources, &o.Resources} {
		f.exclusions, f.inclusions = nil, nil
	}
	return reflect.DeepEqual(s, o)
}

// SelfHeal says how long to wait before healing the same Application again.
type SelfHeal struct {
	// Timeout, when it is not 0, is the pause between two attempts; the back-off is then not used.
	Timeout time.Duration
	// Initial is the first pause, each next one is Factor times longer, up to Cap.
	Initial time.Duration
	Factor  int
	Cap     time.Duration
}

// Secret is a decoded Secret. Printed, logged or marshalled it shows its name and type only.
type Secret struct {
	Name   string
	Labels map[string]string
	Data   map[string][]byte
}

// Type is what the Secret describes: one of the constants above.
func (s Secret) Type() string { return s.Labels[v1alpha1.LabelSecretType] }

// String is the Secret's name and type.
func (s Secret) String() string { return "secret " + s.Name + " (" + s.Type() + ")" }

// Format implements fmt.Formatter, so that no verb prints the data.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes what may be seen.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// Problem is a setting that could not be used.
type Problem struct { //nolint:errname // it is told to people, and an error only on the way to them
	// Object is the name of the config map or Secret.
	Object string
	Key    string
	// Reason says what is wrong and what is done instead.
	Reason string
}

// Error is the whole sentence.
func (p Problem) Error() string { return p.Object + ": " + p.Key + ": " + p.Reason }
