// Package windows are the commands "evenkeel proj windows …": the sync windows of an
// AppProject, listed and changed with the verbs and flags of "argocd proj windows".
//
// A window is known by its place in the project, as in Argo CD. So a change is made
// of the project that was read only: if somebody else changed it meanwhile the command
// fails and does nothing. What package view finds wrong with a window cannot be written.
//
// The package reaches the cluster only through Projects, and owns no state.
package windows
