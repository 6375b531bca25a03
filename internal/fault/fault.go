package fault

import (
	"errors"
	"fmt"
	"net/http"

	"evenkeel.dev/api/v1alpha1"
)

// Kind is what sort of thing went wrong.
type Kind int

// The kinds.
const (
	// Internal is a defect, or something that has no better kind.
	Internal Kind = iota
	// Invalid: the input can never work as it is.
	Invalid
	// NotFound: something named does not exist.
	NotFound
	// Denied: a rule or a right forbids it.
	Denied
	// Conflict: the state has moved since it was read, or something is in the way.
	Conflict
	// Unavailable: something outside did not answer; trying again may help.
	Unavailable
	// Unsupported: Argo CD can do it and Evenkeel cannot yet.
	Unsupported
	// Broken: the source cannot be read or rendered.
	Broken
	// Failed: what was asked for was tried and did not come about, such as a sync
	// that failed or a state that was waited for in vain.
	Failed
)

type meaning struct {
	name      string
	http      int
	exit      int
	condition v1alpha1.ConditionType
	transient bool
}

// meanings is the one table from kind to what the outside sees.
var meanings = map[Kind]meaning{
	Internal:    {"internal error", http.StatusInternalServerError, 20, v1alpha1.ConditionUnknownError, false},
	Invalid:     {"invalid", http.StatusBadRequest, 20, v1alpha1.ConditionInvalidSpecError, false},
	NotFound:    {"not found", http.StatusNotFound, 20, v1alpha1.ConditionComparisonError, false},
	Denied:      {"denied", http.StatusForbidden, 20, v1alpha1.ConditionInvalidSpecError, false},
	Conflict:    {"conflict", http.StatusConflict, 20, v1alpha1.ConditionSyncError, true},
	Unavailable: {"unavailable", http.StatusServiceUnavailable, 11, v1alpha1.ConditionComparisonError, true},
	Unsupported: {"unsupported", http.StatusNotImplemented, 20, v1alpha1.ConditionInvalidSpecError, false},
	Broken:      {"broken", http.StatusUnprocessableEntity, 20, v1alpha1.ConditionComparisonError, false},
	Failed:      {"failed", http.StatusConflict, 1, v1alpha1.ConditionSyncError, false},
}

// String is the kind's name.
func (k Kind) String() string { return meanings[k].name }

// HTTPStatus is the status code that a request failing so is answered with.
func (k Kind) HTTPStatus() int { return meanings[k].http }

// ExitCode is the exit code of a command failing so. Argo CD's CLI exits 20 on
// errors and 11 when it cannot connect.
func (k Kind) ExitCode() int { return meanings[k].exit }

// Condition is the type of the condition that an Application gets.
func (k Kind) Condition() v1alpha1.ConditionType { return meanings[k].condition }

// Transient says whether the same may succeed later without any change of input.
func (k Kind) Transient() bool { return meanings[k].transient }

// Error is an error with a kind.
type Error struct {
	Kind    Kind
	Message string
	Cause   error
	// Whole is all there is to say where Message, which has to fit a condition, is only
	// the part of it that matters; else empty. See Whole.
	Whole string
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	if e.Message == "" {
		return e.Cause.Error()
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap is the error's cause.
func (e *Error) Unwrap() error { return e.Cause }

// Whole is what err says with nothing cut, for whoever has room for it.
func Whole(err error) string {
	e, ok := err.(*Error) //nolint:errorlint // what wraps an Error has words of its own
	switch {
	case !ok:
		return err.Error()
	case e.Whole != "":
		return e.Whole
	case e.Cause == nil:
		return e.Message
	case e.Message == "":
		return Whole(e.Cause)
	}
	return e.Message + ": " + Whole(e.Cause)
}

// New makes an error of a kind. To keep a cause use Wrap.
func New(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives err a kind and says what was being done. A nil err stays nil.
func Wrap(k Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...), Cause: err}
}

// Keep is Wrap for an error that may have a kind already, which stays: a file
// that cannot be read just now must not look like one that is broken. One without
// a kind gets k.
func Keep(k Kind, err error, format string, args ...any) error {
	if e, ok := errors.AsType[*Error](err); ok {
		k = e.Kind
	}
	return Wrap(k, err, format, args...)
}

// KindOf is the kind of the outermost Error in err's chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
