// Package kube reads and changes Applications through the Kubernetes API. It is
// what "evenkeel app …" stands on while there is no API server to talk to, and
// what the server itself uses for people's commands: a command is a change of an
// Application, as it is for everybody else.
//
// Errors carry a fault.Kind and name the Application.
package kube
