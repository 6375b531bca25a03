// Package browser has the web app's tests in Chromium. Most are in JavaScript alone, on
// a server that speaks from memory (npm run e2e in ui). The Go test has one of them drive
// the real program, with the web app that is built into it, on a real control plane.
package browser
