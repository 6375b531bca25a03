// Package action says what people can do to a live object besides editing it: restart
// a Deployment, run a CronJob now, promote a Rollout. Argo CD calls these resource
// actions (argo-cd.md §1.6).
//
// In go the object as the cluster has it, an action's name and parameters, and the
// time. Out come the actions that the object has, or the operations that one consists
// of: the object as it is to be, or another object to create. Nothing else can be done.
// Who asks for an operation has to check it against the rules of a project; that it
// patches the object which it was asked for, and no other, is checked here.
//
// The shipped actions have the names, states and effects of Argo CD's. They are Go and
// not scripts, so that an absent field is an absent field. Custom ones are Argo CD's
// Lua scripts.
//
// The package is pure, and its functions may be called from any goroutine. No object
// that is handed in is changed.
package action
