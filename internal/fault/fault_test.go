package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"

	"evenkeel.dev/api/v1alpha1"
)

func kinds() []Kind {
	return []Kind{Internal, Invalid, NotFound, Denied, Conflict, Unavailable, Unsupported, Broken, Failed}
}

// TestEveryKindHasAMeaning: a kind that is added and forgotten in the table would
// be answered with status 0 and exit successfully.
func TestEveryKindHasAMeaning(t *testing.T) {
	names := map[string]Kind{}
	for _, k := range kinds() {
		if k.String() == "" || k.HTTPStatus() < 400 || k.ExitCode() == 0 || k.Condition() == "" {
			t.Errorf("kind %d: %q, status %d, exit code %d, condition %q", k, k, k.HTTPStatus(), k.ExitCode(), k.Condition())
		}
		if other, taken := names[k.String()]; taken {
			t.Errorf("kinds %d and %d are both called %s", other, k, k)
		}
		names[k.String()] = k
	}
	if len(meanings) != len(kinds()) {
		t.Errorf("%d kinds have a meaning, %d are tried here", len(meanings), len(kinds()))
	}
}

func TestMeanings(t *testing.T) {
	for _, tt := range []struct {
		reason    string
		kind      Kind
		http      int
		exit      int
		condition v1alpha1.ConditionType
		transient bool
	}{
		{"argocd exits 20 on errors", Invalid, http.StatusBadRequest, 20, v1alpha1.ConditionInvalidSpecError, false},
		{"and 11 when it cannot connect", Unavailable, http.StatusServiceUnavailable, 11, v1alpha1.ConditionComparisonError, true},
		{"what moved may be tried again", Conflict, http.StatusConflict, 20, v1alpha1.ConditionSyncError, true},
		{"a broken source stays broken", Broken, http.StatusUnprocessableEntity, 20, v1alpha1.ConditionComparisonError, false},
		{"a failed wait exits 1, as argocd app wait", Failed, http.StatusConflict, 1, v1alpha1.ConditionSyncError, false},
	} {
		k := tt.kind
		if k.HTTPStatus() != tt.http || k.ExitCode() != tt.exit || k.Condition() != tt.condition || k.Transient() != tt.transient {
			t.Errorf("%s: %s: got %d, %d, %s, %v", tt.reason, k, k.HTTPStatus(), k.ExitCode(), k.Condition(), k.Transient())
		}
	}
}

func TestErrors(t *testing.T) {
	cause := &fs.PathError{Op: "open", Path: "a", Err: fs.ErrNotExist}
	for _, tt := range []struct {
		reason string
		err    error
		text   string
		kind   Kind
		isNot  bool // not fs.ErrNotExist
	}{
		{"a new one", New(NotFound, "no %s", "a"), "no a", NotFound, true},
		{"a wrapped one keeps its cause", Wrap(Broken, cause, "reading %s", "b"), "reading b: open a: file does not exist", Broken, false},
		{"a wrapped one without words of its own", Wrap(Broken, cause, ""), "open a: file does not exist", Broken, false},
		{"the outermost kind counts", Wrap(Denied, New(Broken, "x"), "y"), "y: x", Denied, true},
		{"one that is kept has the kind that it had", Keep(Broken, New(Unavailable, "away"), "reading a"), "reading a: away", Unavailable, true},
		{"however deep", Keep(Broken, fmt.Errorf("tree: %w", errors.Join(New(Unavailable, "away"))), ""), "tree: away", Unavailable, true},
		{"one that is kept and had none gets one", Keep(Broken, cause, "reading a"), "reading a: open a: file does not exist", Broken, false},
		{"any other is internal", cause, "open a: file does not exist", Internal, false},
		{"one within another", fmt.Errorf("x: %w", New(Conflict, "y")), "x: y", Conflict, true},
	} {
		if tt.err.Error() != tt.text || KindOf(tt.err) != tt.kind || errors.Is(tt.err, fs.ErrNotExist) == tt.isNot {
			t.Errorf("%s: got %q, %s", tt.reason, tt.err, KindOf(tt.err))
		}
	}
	cut := &Error{Kind: Broken, Message: "first …", Whole: "first\nsecond"}
	for want, err := range map[string]error{
		"first\nsecond":               cut,
		"source 2: first\nsecond":     Keep(Internal, cut, "source 2"),
		"a: b: first\nsecond":         Wrap(Broken, Wrap(Broken, Wrap(Broken, cut, "b"), ""), "a"),
		"x: first …":                  fmt.Errorf("x: %w", cut), // its words are its own
		"plain":                       New(Broken, "plain"),
		"open a: file does not exist": cause,
	} {
		if got := Whole(err); got != want {
			t.Errorf("whole: got %q, want %q", got, want)
		}
	}
	if Wrap(Broken, nil, "x") != nil || Keep(Broken, nil, "x") != nil {
		t.Error("no error became one")
	}
	if KindOf(nil) != Internal {
		t.Errorf("no error is %s", KindOf(nil))
	}
}
