// Package actions is the commands "app actions …": what can be done to the objects of
// an Application, and doing it. Verbs and flags are those of "argocd app actions".
//
// As there --namespace is the object's namespace here, which everywhere else is the
// control plane's: that is --control-namespace, with the same shorthand -n.
//
// The package reaches the cluster only through Options, and owns no state.
package actions
