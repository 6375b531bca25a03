package kube

import (
	"context"
	"errors"
	"net"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"evenkeel.dev/internal/fault"
)

// explain gives an error of the API server's a kind and says what was being done.
// The end of a context stays what it is.
func explain(err error, what string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "%s", what)
	}
	if noSuchKind(err) {
		return fault.New(fault.Unavailable, "%s: the cluster does not know the kinds of argoproj.io: install Evenkeel's CRDs", what)
	}
	return fault.Wrap(kindOf(err), err, "%s", what)
}

// noSuchKind says whether a 404 is about the API's path and not about an object.
func noSuchKind(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	d := status.Status().Details
	return d == nil || d.Name == ""
}

func kindOf(err error) fault.Kind {
	switch {
	case apierrors.IsNotFound(err):
		return fault.NotFound
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return fault.Denied
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return fault.Conflict
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return fault.Invalid
	case apierrors.IsServerTimeout(err), apierrors.IsTimeout(err), apierrors.IsTooManyRequests(err),
		apierrors.IsServiceUnavailable(err), apierrors.IsInternalError(err):
		return fault.Unavailable
	}
	var network net.Error
	var request *url.Error
	if errors.As(err, &network) || errors.As(err, &request) {
		return fault.Unavailable
	}
	return fault.Internal
}

// expired says that a list or a watch asked for what the API server no longer has.
func expired(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }
