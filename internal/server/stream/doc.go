// Package stream serves the UI's live data: view subscriptions as Server-Sent
// Events. Each connection follows a fixed set of topics; a broken one is resumed
// by the Last-Event-ID header. A client that does not take what it is sent within
// a time is dropped, and costs nothing meanwhile.
package stream
