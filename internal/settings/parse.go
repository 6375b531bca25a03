package settings

import (
	"cmp"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// Parse reads settings from the config maps and Secrets of Argo CD's
// namespace. Objects that are none of Argo CD's may be among them.
func Parse(configMaps []*corev1.ConfigMap, secrets []*corev1.Secret) (Snapshot, []Problem) {
	data := map[string]map[string]string{}
	for _, cm := range configMaps {
		data[cm.Name] = cm.Data
	}
	var problems []Problem
	section := func(name string) section { return section{name, data[name], &problems} }
	s := Snapshot{}
	section(ConfigMap).general(&s)
	section(ConfigMap).resources(&s)
	section(ConfigMap).customizations(&s)
	section(ConfigMap).comparison(&s)
	section(ConfigMap).webhooks(&s)
	section(ConfigMapParams).params(&s)
	section(ConfigMapTLSCerts).tlsCerts(&s)
	section(ConfigMapPlugins).plugins(&s)
	s.KnownHosts = data[ConfigMapKnownHosts]["ssh_known_hosts"]
	s.SignatureKeys = maps.Clone(data[ConfigMapGPGKeys])
	section(SecretMain).webhookSecrets(&s.Webhooks, secrets)
	for _, secret := range secrets {
		decoded := Secret{Name: secret.Name, Labels: maps.Clone(secret.Labels), Data: maps.Clone(secret.Data)}
		switch decoded.Type() {
		case SecretRepository, SecretCredentials, SecretCluster:
			s.Secrets = append(s.Secrets, decoded)
		}
	}
	slices.SortFunc(s.Secrets, func(a, b Secret) int { return cmp.Compare(a.Name, b.Name) })
	return s, problems
}

// section is one config map or Secret being read.
type section struct {
	name     string
	data     map[string]string
	problems *[]Problem
}

func (c section) problem(key, format string, args ...any) {
	*c.problems = append(*c.problems, Problem{c.name, key, fmt.Sprintf(format, args...)})
}

func (c section) general(s *Snapshot) {
	s.ReconciliationTimeout = c.duration("timeout.reconciliation", 120*time.Second)
	s.ReconciliationJitter = c.duration("timeout.reconciliation.jitter", 60*time.Second)
	s.TrackingMethod = TrackingAnnotation
	if method := c.data["application.resourceTrackingMethod"]; method != "" && method != TrackingAnnotation {
		c.problem("application.resourceTrackingMethod", "%.64q is not supported; %s is used", method, TrackingAnnotation)
	}
	s.InstanceLabelKey = cmp.Or(c.data["application.instanceLabelKey"], "app.kubernetes.io/instance")
	s.InstallationID = c.data["installationID"]
	s.KustomizeEnabled = c.boolean("kustomize.enable", true)
	s.HelmEnabled = c.boolean("helm.enable", true)
	s.JsonnetEnabled = c.boolean("jsonnet.enable", true)
	c.kustomize(s)
	s.HelmValuesFileSchemes = []string{"https", "http"}
	// An empty value allows none.
	if schemes, ok := c.data["helm.valuesFileSchemes"]; ok {
		s.HelmValuesFileSchemes = nil
		for scheme := range strings.SplitSeq(schemes, ",") {
			if scheme = strings.TrimSpace(scheme); scheme != "" {
				s.HelmValuesFileSchemes = append(s.HelmValuesFileSchemes, scheme)
			}
		}
	}
}

// kustomize reads the flags of kustomize build, of which each version may have its own.
// Programs of other versions are not run.
func (c section) kustomize(s *Snapshot) {
	const options = "kustomize.buildOptions"
	s.KustomizeBuildOptions = c.data[options]
	for _, key := range slices.Sorted(maps.Keys(c.data)) {
		if version, ok := strings.CutPrefix(key, options+"."); ok && version != "" {
			if s.KustomizeVersionOptions == nil {
				s.KustomizeVersionOptions = map[string]string{}
			}
			s.KustomizeVersionOptions[version] = c.data[key]
		}
		if strings.HasPrefix(key, "kustomize.path.") || strings.HasPrefix(key, "kustomize.version.") {
			c.problem(key, "programs are not run: the version that is built in renders in its place")
		}
	}
}

func (c section) params(s *Snapshot) {
	s.RepoErrorGracePeriod = c.seconds("controller.repo.error.grace.period.seconds", 180)
	s.SyncTimeout = c.seconds("controller.sync.timeout.seconds", 1800)
	s.SyncWaveDelay = c.seconds("controller.sync.wave.delay.seconds", 2)
	s.SelfHeal = SelfHeal{
		Timeout: c.seconds("controller.self.heal.timeout.seconds", 0),
		Initial: c.seconds("controller.self.heal.backoff.timeout.seconds", 2),
		Factor:  c.number("controller.self.heal.backoff.factor", 3),
		Cap:     c.seconds("controller.self.heal.backoff.cap.seconds", 300),
	}
	// Argo CD's manual names the second, its manifests read the first.
	s.Compare.JQTimeout = c.duration("controller.ignore.normalizer.jq.timeout", c.duration("ignore.normalizer.jq.timeout", time.Second))
	s.PluginsUseGeneratePaths = c.boolean("reposerver.plugin.use.manifest.generate.paths", false)
	s.MaxCombinedDirectoryManifestsSize = c.size("reposerver.max.combined.directory.manifests.size", 10_000_000)
}

func (c section) resources(s *Snapshot) {
	exclusions := defaultExclusions()
	if own, ok := c.rules("resource.exclusions"); ok {
		exclusions = own
	}
	s.Resources.Exclusions = append(alwaysExcluded(), exclusions...)
	s.Resources.Inclusions, _ = c.rules("resource.inclusions")
	s.Resources.exclusions = compiled(s.Resources.Exclusions)
	s.Resources.inclusions = compiled(s.Resources.Inclusions)
}

// rules are those of the key that can be used, and whether the key is there and is a list.
func (c section) rules(key string) ([]ResourceRule, bool) {
	text, ok := c.data[key]
	if !ok {
		return nil, false
	}
	var all []ResourceRule
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		c.problem(key, "is not a list of rules: %s; the default is used", plain(err))
		return nil, false
	}
	var strict []ResourceRule
	if err := yaml.UnmarshalStrict([]byte(text), &strict); err != nil {
		c.problem(key, "%s; what is unknown is passed over", plain(err))
	}
	usable := []ResourceRule{}
	for i, r := range all {
		if _, err := r.compile(); err != nil {
			c.problem(key, "rule %d: %v; the rule is not used", i+1, err)
			continue
		}
		usable = append(usable, r)
	}
	return usable, true
}

func compiled(rules []ResourceRule) []compiledRule {
	out := make([]compiledRule, 0, len(rules))
	for _, r := range rules {
		if c, err := r.compile(); err == nil {
			out = append(out, c)
		}
	}
	return out
}

var goType = regexp.MustCompile(`into Go .*`)

// plain is an error of the YAML library in words for people who know no Go.
func plain(err error) string {
	s := strings.TrimPrefix(err.Error(), "error unmarshaling JSON: while decoding JSON: ")
	return strings.TrimSpace(goType.ReplaceAllString(strings.TrimPrefix(s, "json: "), "here"))
}

func splitGroupKind(s string) (group, kind string, ok bool) {
	if s == "all" {
		return "*", "*", true
	}
	group, kind, found := strings.Cut(s, "_")
	if !found {
		return "", s, s != ""
	}
	return group, kind, kind != "" && !strings.Contains(kind, "_")
}

func (c section) tlsCerts(s *Snapshot) {
	s.TLSCerts = maps.Clone(c.data)
	for _, host := range slices.Sorted(maps.Keys(c.data)) {
		if block, _ := pem.Decode([]byte(c.data[host])); block == nil {
			c.problem(host, "is no PEM certificate; nothing of this host can be trusted")
		}
	}
}

func (c section) duration(key string, fallback time.Duration) time.Duration {
	text := strings.TrimSpace(c.data[key])
	if text == "" {
		return fallback
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		c.problem(key, "%.64q is no duration such as 90s; %s is used", text, fallback)
		return fallback
	}
	return d
}

func (c section) seconds(key string, fallback int) time.Duration {
	return time.Duration(c.number(key, fallback)) * time.Second
}

func (c section) number(key string, fallback int) int {
	text := strings.TrimSpace(c.data[key])
	if text == "" {
		return fallback
	}
	// 31 bits, so that no number of seconds overflows a duration.
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		c.problem(key, "%.64q is no whole number of 0 or more; %d is used", text, fallback)
		return fallback
	}
	return int(n)
}

func (c section) boolean(key string, fallback bool) bool {
	text := strings.TrimSpace(c.data[key])
	if text == "" {
		return fallback
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		c.problem(key, "%.64q is neither true nor false; %v is used", text, fallback)
		return fallback
	}
	return b
}

func (c section) size(key string, fallback int64) int64 {
	text := strings.TrimSpace(c.data[key])
	if text == "" {
		return fallback
	}
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() <= 0 {
		c.problem(key, "%.64q is no size such as 10M; %d is used", text, fallback)
		return fallback
	}
	return q.Value()
}
