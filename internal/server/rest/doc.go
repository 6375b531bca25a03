// Package rest serves Argo CD's REST API (argo-cd.md §3) and the UI's commands.
//
// What is here behaves as in Argo CD: paths, query parameters, JSON, and errors
// as grpc-gateway writes them. Every other method of Argo CD's API is answered
// 501 with its name, never with an empty success. Unknown fields in a request
// are refused, so that nothing that was asked for gets lost silently.
//
// Additions: GET /api/v1/applications takes search, sync, health, sort, limit
// and offset, and tells the total. An action of an object has a note where Git says
// otherwise about what it changes, and running one answers what it made.
//
// Objects are given out without metadata.managedFields. Values of Secrets are
// masked before they come here.
package rest
