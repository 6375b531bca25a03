// Package conformance says, case by case, what a sync does to a cluster: which
// writes in which order, and how the operation ends. Each testdata/*.txtar is a
// case; its comment is the rule that it pins, with the section of the reference
// (argo-cd.md) or of the issue that has it. All cases run against one control plane
// and one evenkeel, several at once, each with a namespace, a repository and an
// Application of its own, all named $NS.
//
// A case's files:
//
//	run          what is done and what is wanted; without it: sync
//	vN/...       the repository's whole content at its N-th commit
//	wN/...       that of a second repository, $GIT/$NS-w.git
//	app.yaml     merged over the Application, which is synced by hand and has no options
//	setup.yaml   objects that are there before
//	others       are named by actions
//
// At the beginning the namespace is made (unless the run's first line is "no
// namespace"), setup.yaml applied, v1 and w1 committed, and the Application created and
// awaited. $NS, $GIT, $NOW (a time), $EARLIER (one ten minutes ago), $CRON (when it is
// five minutes ago, as a schedule), $PLAN (see plan), $REV1 ... and $WREV1 ... (commits of the two) are
// replaced in all files.
//
// In run a line that is not indented is an action; YAML is in one line, or the name
// of a file. "@x ACTION" is about the Application $NS-x.
//
//	sync [YAML]             an operation with this sync; wait until it has ended
//	operation YAML          any operation; wait until it has ended
//	start YAML              any operation; do not wait
//	ended                   wait until the next operation has ended
//	commit vN [quietly]     push it, or wN, and refresh the Application, or do not refresh
//	refresh [hard]          refresh the Application
//	edit-app YAML           merge into the Application
//	approve                 confirm deletions, as of now
//	terminate               terminate the operation
//	delete-app [FINALIZER]  delete the Application, with this finalizer
//	apply FILE              apply objects as somebody else
//	client-side-apply FILE [MANAGER]
//	                        create an object as kubectl apply does by default
//	patch KIND NAME YAML    merge into an object as somebody else
//	delete KIND NAME        delete an object as somebody else
//	plan                    note the present plan's hash, which a refusal has named
//	refused FILE            wait until the API server does not take these objects
//	wait WANT...            wait until the Application is as wanted, see kubetest.AwaitApp
//	app /POINTER=VALUE...   wait until the Application has this
//	object KIND NAME WANT...
//	                        wait until an object is as wanted, see kubetest.Wanted
//	remember KIND NAME      note an object's uid, for
//	same KIND NAME          it is the same object still
//	other KIND NAME         it is another object
//	# ...                   a remark
//
// The indented lines after an action are what it led to. First evenkeel's writes in
// the case's namespaces, from the audit log, until the next action that is more than
// waiting:
//
//	apply Job a, Job b      these at once, in any order
//	delete Deployment c (Foreground)
//	patch Job d (422)       refused
//
// apply is a server-side apply, patch any other patch. Writes to the status of
// Applications are left out, and patches that met a conflict and are sent again, and
// dry runs, unless the run has a line of them:
//
//	dry-run apply Job a, delete Deployment c
//
// Then, of an action that awaits the end of an operation, its final state and each
// object's result, in the order of their phases, kinds and names:
//
//	Succeeded at $REV1: successfully synced (all tasks run)
//	  Job a: Synced PreSync hook Succeeded
//
// In those "..." stands for any text. Whatever differs between runs is replaced by a
// word: names by $NS, commits by $REV1, times by TIME, hashes by $PLAN, HASH and INPUTS.
//
// go test -run TestConformance/NAME -update writes what was got into the case. Writes
// of one verb and kind in a row come on one line then; whoever reviews it splits those
// that have an order.
//
// testdata/wrong.txt lists the cases that evenkeel does not pass yet, with reasons.
// One that passes must be taken off.
package conformance
