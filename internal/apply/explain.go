package apply

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

func failure(r Result, err error) Result {
	r.Status, r.Message, r.Transient = v1alpha1.ResultSyncFailed, explain(r.Key, err), cluster.Transient(err)
	return r
}

// explain is what the API server said, without a Secret's values, which it repeats
// when it refuses one (CVE-2025-23216).
func explain(key resource.Key, err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return err.Error()
	}
	s := status.Status()
	if !key.IsSecret() {
		return s.Message
	}
	if s.Details == nil {
		return fmt.Sprintf("the API server refused the Secret: %s", s.Reason)
	}
	var fields []string
	for _, c := range s.Details.Causes {
		fields = append(fields, c.Field)
	}
	return fmt.Sprintf("the API server refused the Secret: %s %s", s.Reason, strings.Join(fields, ", "))
}
