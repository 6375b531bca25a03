package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/cause"
)

// maxReason bounds the message inside a reason, in bytes.
const maxReason = 300

// situation is what reasons are found in. row has everything but its Reason.
type situation struct {
	app   *v1alpha1.Application
	row   *App
	extra Extra
}

// reasonOf is the first rule that holds: what ends or blocks an Application
// before what is being done about it, that before what is merely so.
func reasonOf(s situation) Reason {
	rules := [...]func(situation) *Reason{
		deleting, syncing, conditionError, syncFailed, unseen, aborted, degraded, waiting, missing, outOfSync, progressing, suspended, unknown,
	}
	for _, rule := range rules {
		if r := rule(s); r != nil {
			return *r
		}
	}
	return Reason{Code: "ok", Text: "Everything is as Git describes it and healthy"}
}

func deleting(s situation) *Reason {
	if !s.row.Deleting {
		return nil
	}
	n := cmp.Or(s.extra.Remaining, s.row.Counts.Total-s.row.Counts.Missing)
	text := "Being deleted"
	if n > 0 {
		text += ": " + resources(n) + " left"
	}
	return &Reason{Code: "deleting", Params: params("count", strconv.Itoa(n)), Text: text}
}

func syncing(s situation) *Reason {
	op := s.row.Operation
	if op == nil {
		return nil
	}
	switch v1alpha1.OperationPhase(op.Phase) {
	case v1alpha1.OperationRunning:
		if op.FinishedAt != "" {
			return waitingRetry(s)
		}
		text := "Syncing: preparing"
		if op.Total > 0 {
			text = fmt.Sprintf("Syncing: %d of %s done", op.Done, resources(op.Total))
		}
		return &Reason{Code: "syncing", Params: syncingParams(op), Text: text}
	case v1alpha1.OperationTerminating:
		return &Reason{Code: "syncing", Params: syncingParams(op), Text: "The running sync is being stopped"}
	}
	return nil
}

func syncingParams(op *Operation) map[string]string {
	return params("phase", op.Phase, "done", strconv.Itoa(op.Done), "total", strconv.Itoa(op.Total))
}

func waitingRetry(s situation) *Reason {
	op := s.row.Operation
	at := stampTime(s.extra.RetryAt)
	message := oneLine(op.Message)
	text := fmt.Sprintf("Sync failed, attempt %d follows", op.RetryCount+1)
	if at != "" {
		text += " at " + at
	}
	return &Reason{
		Code:   "waitingRetry",
		Params: params("count", strconv.FormatInt(op.RetryCount, 10), "at", at, "message", message),
		Text:   text + because(message),
	}
}

// conditionError names the worst error condition. A failed sync has a rule of its own.
func conditionError(s situation) *Reason {
	for _, t := range [...]v1alpha1.ConditionType{
		v1alpha1.ConditionInvalidSpecError, v1alpha1.ConditionComparisonError,
		v1alpha1.ConditionDeletionError, v1alpha1.ConditionUnknownError,
	} {
		if m, ok := conditionMessage(s, t); ok {
			return &Reason{Code: "error", Params: params("type", string(t), "message", m), Text: string(t) + because(m)}
		}
	}
	return nil
}

func conditionMessage(s situation, t v1alpha1.ConditionType) (string, bool) {
	for _, c := range s.app.Status.Conditions {
		if c.Type == t {
			return oneLine(c.Message), true
		}
	}
	return "", false
}

// syncFailed tells of a failure as long as it matters: while live differs, or
// when it was this very revision that failed, its hooks for instance.
func syncFailed(s situation) *Reason {
	message, failed := conditionMessage(s, v1alpha1.ConditionSyncError)
	op := s.row.Operation
	if op != nil && (op.Phase == string(v1alpha1.OperationFailed) || op.Phase == string(v1alpha1.OperationError)) {
		if s.row.Sync != string(v1alpha1.SyncStatusSynced) || op.Revision == s.row.Revision {
			message, failed = cmp.Or(oneLine(op.Message), message), true
		}
	}
	if !failed {
		return nil
	}
	return &Reason{Code: "syncFailed", Params: params("message", message), Text: "The last sync failed" + because(message)}
}

func unseen(s situation) *Reason {
	st := &s.app.Status
	if st.Sync.Status != "" || st.Health.Status != "" || st.ReconciledAt != nil {
		return nil
	}
	return &Reason{Code: "new", Text: "New: not compared with the cluster yet"}
}

// aborted tells of a Rollout that runs something else than Git says, and where one could
// go back to.
func aborted(s situation) *Reason {
	c := s.row.Cause
	if c == nil || c.Code != cause.Aborted {
		return nil
	}
	p := params("kind", c.Object.Kind, "name", c.Object.Name, "image", c.Params["image"], "running", c.Params["running"], "since", c.Since)
	text := c.Object.Kind + " " + c.Object.Name + " " + c.Text
	if entry, ok := Before(s.app); ok {
		p["revertId"], p["revertRevision"] = strconv.FormatInt(entry.ID, 10), revision(entry.Revision, entry.Revisions)
	}
	return &Reason{Code: "aborted", Params: p, Text: text}
}

func degraded(s situation) *Reason {
	return unhealthy(s, v1alpha1.HealthStatusDegraded, s.row.Counts.Degraded)
}

func progressing(s situation) *Reason {
	return unhealthy(s, v1alpha1.HealthStatusProgressing, s.row.Counts.Progressing)
}

func unhealthy(s situation, h v1alpha1.HealthStatusCode, n int) *Reason {
	if s.row.Health != string(h) {
		return nil
	}
	c := culprit(s, h)
	n = max(n, 1)
	text := string(h) + ": " + c.Kind + " " + c.Name
	switch {
	case s.row.Cause != nil:
		c.Message = oneLine(s.row.Cause.Text)
		text += ": " + c.Message
	case c.Message != "":
		text += " — " + c.Message
	}
	if total := s.row.Counts.Total; total > 1 && n <= total {
		text += fmt.Sprintf(" (%d of %s)", n, resources(total))
	}
	p := params("kind", c.Kind, "name", c.Name, "message", c.Message, "count", strconv.Itoa(n), "since", healthSince(s))
	return &Reason{Code: strings.ToLower(string(h)), Params: p, Text: text}
}

// waiting tells what a sync that is due waits for.
func waiting(s situation) *Reason {
	message, waits := conditionMessage(s, v1alpha1.ConditionSyncWaiting)
	if !waits {
		return nil
	}
	return &Reason{Code: "waiting", Params: params("message", message), Text: "A sync waits" + because(message)}
}

func missing(s situation) *Reason {
	if s.row.Health != string(v1alpha1.HealthStatusMissing) {
		return nil
	}
	c := culprit(s, v1alpha1.HealthStatusMissing)
	n := max(s.row.Counts.Missing, 1)
	text := fmt.Sprintf("Missing: %s %s is in Git but not in the cluster", c.Kind, c.Name)
	if total := s.row.Counts.Total; total > 1 && n <= total {
		text += fmt.Sprintf(" (%d of %s)", n, resources(total))
	}
	p := params("kind", c.Kind, "name", c.Name, "count", strconv.Itoa(n), "since", healthSince(s))
	return &Reason{Code: "missing", Params: p, Text: text}
}

func outOfSync(s situation) *Reason {
	if s.row.Sync != string(v1alpha1.SyncStatusOutOfSync) {
		return nil
	}
	n := s.row.Counts.OutOfSync
	first := firstOutOfSync(s)
	p := params("count", strconv.Itoa(n), "first", first)
	text := "The cluster differs from Git"
	switch {
	case first != "" && n > 1:
		text = fmt.Sprintf("%s and %d more of %s differ from Git", first, n-1, resources(s.row.Counts.Total))
	case first != "":
		text = first + " differs from Git"
	case n == 1:
		text = "1 resource differs from Git"
	case n > 1:
		text = resources(n) + " differ from Git"
	}
	return &Reason{Code: "outOfSync", Params: p, Text: text}
}

func firstOutOfSync(s situation) string {
	if c := s.extra.FirstOutOfSync; c.known() {
		return c.Kind + " " + c.Name
	}
	for _, r := range s.app.Status.Resources {
		if r.Status == v1alpha1.SyncStatusOutOfSync && !r.Hook {
			return r.Kind + " " + r.Name
		}
	}
	return ""
}

func suspended(s situation) *Reason {
	if s.row.Health != string(v1alpha1.HealthStatusSuspended) {
		return nil
	}
	c := culprit(s, v1alpha1.HealthStatusSuspended)
	p := params("kind", c.Kind, "name", c.Name, "since", healthSince(s))
	return &Reason{Code: "suspended", Params: p, Text: fmt.Sprintf("Suspended: %s %s is paused", c.Kind, c.Name)}
}

func unknown(s situation) *Reason {
	if s.row.Sync != string(v1alpha1.SyncStatusUnknown) && s.row.Health != string(v1alpha1.HealthStatusUnknown) {
		return nil
	}
	message := oneLine(s.app.Status.Health.Message)
	if c := s.extra.Unhealthy; message == "" && c.known() {
		message = strings.TrimSpace(c.Kind + " " + c.Name + " " + oneLine(c.Message))
	}
	return &Reason{Code: "unknown", Params: params("message", message), Text: "State unknown" + because(message)}
}

// culprit is the object that has the Application's health h, else the Application.
func culprit(s situation, h v1alpha1.HealthStatusCode) Culprit {
	if c := s.extra.Unhealthy; c.known() {
		c.Message = oneLine(c.Message)
		return c
	}
	has := func(r v1alpha1.ResourceStatus) bool { return r.Health != nil && r.Health.Status == h && !r.Hook }
	if i := slices.IndexFunc(s.app.Status.Resources, has); i >= 0 {
		r := s.app.Status.Resources[i]
		return Culprit{Kind: r.Kind, Name: r.Name, Message: oneLine(r.Health.Message)}
	}
	return Culprit{Kind: "Application", Name: s.app.Name, Message: oneLine(s.app.Status.Health.Message)}
}

func healthSince(s situation) string {
	return stamp(cmp.Or(s.app.Status.Health.LastTransitionTime, &metav1.Time{}))
}

// params are name and value in turns; empty values are left out.
func params(pairs ...string) map[string]string {
	p := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			p[pairs[i]] = pairs[i+1]
		}
	}
	return p
}

func resources(n int) string {
	if n == 1 {
		return "1 resource"
	}
	return strconv.Itoa(n) + " resources"
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}

// oneLine is a message fit for a sentence: white space collapsed, without
// characters that steer terminals or turn the direction of text, and clipped.
func oneLine(message string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, clip(message, 4*maxReason))
	return clip(strings.Join(strings.Fields(clean), " "), maxReason)
}

// clip shortens s to at most limit bytes of whole characters, with an ellipsis.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}
