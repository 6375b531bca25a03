package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"evenkeel.dev/internal/fault"
)

// failure is an error as grpc-gateway writes it.
type failure struct {
	Error   string `json:"error"`
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// refusal is an error that HTTP has a status for and fault has no kind.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

// Refuse makes an error that is answered with an HTTP status of its own.
func Refuse(status int, format string, args ...any) error {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// Fail answers a request with an error.
func Fail(w http.ResponseWriter, _ *http.Request, err error) {
	message := err.Error()
	w.Header().Set("Cache-Control", "no-store")
	write(w, statusOf(err), failure{Error: message, Code: codeOf(err), Message: message})
}

func statusOf(err error) int {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	return fault.KindOf(err).HTTPStatus()
}

// The gRPC status codes that Argo CD's clients know.
const (
	codeUnknown            = 2
	codeInvalidArgument    = 3
	codeNotFound           = 5
	codePermissionDenied   = 7
	codeFailedPrecondition = 9
	codeUnimplemented      = 12
	codeInternal           = 13
	codeUnavailable        = 14
	codeUnauthenticated    = 16
)

func codeOf(err error) int {
	switch statusOf(err) {
	case http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge:
		return codeInvalidArgument
	case http.StatusUnauthorized:
		return codeUnauthenticated
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return codeInvalidArgument
	case fault.NotFound:
		return codeNotFound
	case fault.Denied:
		return codePermissionDenied
	case fault.Conflict:
		return codeFailedPrecondition
	case fault.Unavailable:
		return codeUnavailable
	case fault.Unsupported:
		return codeUnimplemented
	case fault.Broken:
		return codeUnknown
	default:
		return codeInternal
	}
}

func write(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status = http.StatusInternalServerError
		body = []byte(`{"error":"the answer cannot be encoded","code":13,"message":"the answer cannot be encoded"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client is gone if this fails
}
