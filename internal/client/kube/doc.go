// Package kube reads and changes Applications, and the sync windows of AppProjects,
// through the Kubernetes API. It is what "evenkeel app …" and "evenkeel proj …" stand
// on while there is no API server to talk to, and what the server itself uses for
// people's commands: a command is a change of an object, as it is for everybody else.
//
// Errors carry a fault.Kind and name the Application or AppProject.
package kube
