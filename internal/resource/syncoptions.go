package resource

import (
	"slices"
	"strings"
)

// Consent is what an object's owner says about its deletion.
type Consent int8

// The consents.
const (
	Allowed Consent = iota // "true", and when nothing is said
	Denied                 // "false"
	Confirm                // "confirm": only when somebody says yes to this very deletion
)

// SyncOptions are sync options, read. The zero value is Argo CD's defaults.
//
// ServerSideApply is not among them: whatever it says, objects are applied
// server-side. Its absence and =false ask Argo CD for a client-side merge, which
// comes to the same fields but cannot tell whose they are. So =false is
// understood, changes nothing, and is no reason for a warning, as the many
// Applications that never mention it are none.
type SyncOptions struct {
	// Prune and Delete are about an object that left the source, and about one whose
	// Application is deleted.
	Prune, Delete Consent
	// NoValidate is Validate=false: fields that the kind does not have are dropped by the
	// API server instead of being an error.
	NoValidate bool
	// SkipDryRunOnMissingResource leaves objects out of the dry run whose kind is not served yet.
	SkipDryRunOnMissingResource bool
	// ApplyOutOfSyncOnly leaves alone what is as it should be.
	ApplyOutOfSyncOnly bool
	// PruneLast prunes in a wave of its own after all others.
	PruneLast bool
	// Replace writes the whole object instead of applying it: what is not in the source
	// goes, whoever wrote it.
	Replace bool
	// Force deletes an object and makes it anew where it has to: with Replace always, else
	// where a field cannot be changed. The Application's own list has no such word
	// (gitops-engine takes it from the operation's strategy, or from the object).
	Force bool
	// NoClientSideApplyMigration leaves the fields of client-side apply with their manager.
	NoClientSideApplyMigration bool
	// FailOnSharedResource fails a sync of an object that another Application has.
	FailOnSharedResource bool
	// RespectIgnoreDifferences leaves ignored fields as they are in the cluster.
	RespectIgnoreDifferences bool
	// CreateNamespace creates the destination namespace, and keeps the metadata of
	// managedNamespaceMetadata on it.
	CreateNamespace bool
	// WaitForHealthy ends an operation only when its last wave is healthy. It is Evenkeel's
	// own; Argo CD's operations are over when the last wave is applied.
	WaitForHealthy bool
	// Propagation is how dependants of pruned objects go: Foreground, Background, Orphan, or
	// "", which is Foreground.
	Propagation string
}

// Scope is where sync options stand.
type Scope uint8

// The scopes: a list of an Application or an operation, and an object's annotation.
const (
	AppScope Scope = 1 << iota
	ObjectScope
)

// syncWord is one option: where it may stand, and how its value is taken over.
// set says whether the value is understood.
type syncWord struct {
	scope Scope
	set   func(o *SyncOptions, value string) bool
}

// syncWords are the options. Source, if nothing else is said: argo-cd.md §1.4 and
// docs/user-guide/sync-options.md; the scopes are those of the code
// (controller/sync.go reads the Application's, gitops-engine's sync_context.go the
// object's), as the document does not always say.
var syncWords = map[string]syncWord{
	"Prune":                       {AppScope | ObjectScope, consent(func(o *SyncOptions) *Consent { return &o.Prune })},
	"Delete":                      {AppScope | ObjectScope, consent(func(o *SyncOptions) *Consent { return &o.Delete })},
	"Validate":                    {AppScope | ObjectScope, flag(func(o *SyncOptions) *bool { return &o.NoValidate }, "false", "true")},
	"SkipDryRunOnMissingResource": {AppScope | ObjectScope, flag(func(o *SyncOptions) *bool { return &o.SkipDryRunOnMissingResource }, "true", "false")},
	"PruneLast":                   {AppScope | ObjectScope, flag(func(o *SyncOptions) *bool { return &o.PruneLast }, "true", "false")},
	"Replace":                     {AppScope | ObjectScope, flag(func(o *SyncOptions) *bool { return &o.Replace }, "true", "false")},
	"ServerSideApply":             {AppScope | ObjectScope, func(_ *SyncOptions, v string) bool { return v == "true" || v == "false" }},
	"Force":                       {ObjectScope, flag(func(o *SyncOptions) *bool { return &o.Force }, "true", "false")},
	"ApplyOutOfSyncOnly":          {AppScope, flag(func(o *SyncOptions) *bool { return &o.ApplyOutOfSyncOnly }, "true", "false")},
	"ClientSideApplyMigration":    {AppScope, flag(func(o *SyncOptions) *bool { return &o.NoClientSideApplyMigration }, "false", "true")},
	"FailOnSharedResource":        {AppScope, flag(func(o *SyncOptions) *bool { return &o.FailOnSharedResource }, "true", "false")},
	"RespectIgnoreDifferences":    {AppScope, flag(func(o *SyncOptions) *bool { return &o.RespectIgnoreDifferences }, "true", "false")},
	"CreateNamespace":             {AppScope, flag(func(o *SyncOptions) *bool { return &o.CreateNamespace }, "true", "false")},
	"PrunePropagationPolicy":      {AppScope, setPropagation},
	"WaitForHealthy":              {AppScope, flag(func(o *SyncOptions) *bool { return &o.WaitForHealthy }, "true", "false")}, // ours, issue 3
}

// flag sets a bool to true for the word on and to false for the word off.
func flag(field func(*SyncOptions) *bool, on, off string) func(*SyncOptions, string) bool {
	return func(o *SyncOptions, value string) bool {
		if value != on && value != off {
			return false
		}
		*field(o) = value == on
		return true
	}
}

// consent reads true, false and confirm. Whoever writes anything else, "False" or
// "no", has a wish about a deletion that we do not know, so the object is kept and
// the word reported; Argo CD deletes.
func consent(field func(*SyncOptions) *Consent) func(*SyncOptions, string) bool {
	return func(o *SyncOptions, value string) bool {
		switch value {
		case "true":
			*field(o) = Allowed
		case "confirm":
			*field(o) = Confirm
		default:
			*field(o) = Denied
			return value == "false"
		}
		return true
	}
}

func setPropagation(o *SyncOptions, value string) bool {
	switch value {
	case "foreground":
		o.Propagation = "Foreground"
	case "background":
		o.Propagation = "Background"
	case "orphan":
		o.Propagation = "Orphan"
	default:
		return false
	}
	return true
}

// ReadSyncOptions reads the lists of an Application and of its operation, of the
// form "A=x,B=y". Later words win. Argo CD has no order within a list, but an
// operation's list that comes after its Application's is there to change it.
// Words that are not understood or not of this scope have no effect, save that an
// unknown value of Prune or Delete denies; [SyncOptionProblems] names them.
func ReadSyncOptions(lists ...string) SyncOptions {
	var o SyncOptions
	for _, list := range lists {
		o.read(list, AppScope)
	}
	return o
}

// Override are the options for one object: the words of its annotation, those
// that may stand there, over the Application's. An object's "=false" wins over an
// Application's "=true" for every word, so that an owner can keep an object out of
// Replace, say. In Argo CD it does for Prune, Delete and ServerSideApply only.
func (o SyncOptions) Override(list string) SyncOptions {
	o.read(list, ObjectScope)
	return o
}

func (o *SyncOptions) read(list string, scope Scope) {
	eachWord(list, func(name, value string, given bool) {
		if w := syncWords[name]; given && w.scope&scope != 0 {
			w.set(o, value)
		}
	})
}

// SyncOptionProblems are the words of a list that are not understood or are not of
// this scope, in the list's order and each once.
func SyncOptionProblems(list string, scope Scope) []string {
	var problems []string
	eachWord(list, func(name, value string, given bool) {
		var scratch SyncOptions
		if w := syncWords[name]; given && w.scope&scope != 0 && w.set(&scratch, value) {
			return
		}
		word := name
		if given {
			word += "=" + value
		}
		if !slices.Contains(problems, word) {
			problems = append(problems, word)
		}
	})
	return problems
}

// eachWord calls f for each word of a list; given says that it has a "=".
func eachWord(list string, f func(name, value string, given bool)) {
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		name, value, given := strings.Cut(word, "=")
		f(name, value, given)
	}
}
