// Package crash kills Evenkeel at every single write of a sync, before the API
// server has it and before its answer is back, and looks at what another process
// makes of it: the same cluster, in the same order, every hook once.
package crash
