package main

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"evenkeel.dev/internal/source/helmrepo"
	"evenkeel.dev/internal/source/oci"
)

// limits are bounds of charts and artifacts as Argo CD's repo server takes them from its
// environment, where its manifests put the values of argocd-cmd-params-cm. They hold for
// the life of the process: that ConfigMap may be unknown when it begins.
type limits struct {
	maxIndex, maxChart, maxArtifact int64
	mediaTypes                      []string
	noSubmodules                    bool
}

// unbounded is no bound that matters. That of a download stays.
const unbounded = 1 << 62

func readLimits(getenv func(string) string) (l limits, err error) {
	const prefix = "ARGOCD_REPO_SERVER_"
	for _, v := range [...]struct {
		name, disable string
		to            *int64
	}{
		{"HELM_MANIFEST_MAX_INDEX_SIZE", "", &l.maxIndex},
		{"HELM_MANIFEST_MAX_EXTRACTED_SIZE", "DISABLE_HELM_MANIFEST_MAX_EXTRACTED_SIZE", &l.maxChart},
		{"OCI_MANIFEST_MAX_EXTRACTED_SIZE", "DISABLE_OCI_MANIFEST_MAX_EXTRACTED_SIZE", &l.maxArtifact},
	} {
		if v.disable != "" && getenv(prefix+v.disable) == "true" {
			*v.to = unbounded
			continue
		}
		text := getenv(prefix + v.name)
		if text == "" {
			continue // the store's own, which is Argo CD's
		}
		q, err := resource.ParseQuantity(text)
		if err != nil || q.Value() <= 0 {
			return limits{}, fmt.Errorf("%s%s: %.40q is no size such as 1G", prefix, v.name, text)
		}
		*v.to = q.Value()
	}
	for t := range strings.SplitSeq(getenv(prefix+"OCI_LAYER_MEDIA_TYPES"), ",") {
		if t = strings.TrimSpace(t); t != "" {
			l.mediaTypes = append(l.mediaTypes, t)
		}
	}
	l.noSubmodules = getenv("ARGOCD_GIT_MODULES_ENABLED") == "false"
	return l, nil
}

func (l limits) helm(o helmrepo.Options) helmrepo.Options {
	o.MaxIndexBytes, o.MaxUnpackedBytes = l.maxIndex, l.maxChart
	return o
}

func (l limits) oci(o oci.Options) oci.Options {
	o.MaxUnpackedBytes, o.MediaTypes = l.maxArtifact, l.mediaTypes
	return o
}
