// Package custom judges objects by rules that people wrote: Lua scripts as Argo CD
// has them (resource.customizations.health.*), and CEL expressions.
//
// In go what the settings say of kinds; out come Rules, compiled once, and a Problem
// for each text that cannot be compiled. A kind whose rule cannot be compiled, fails,
// takes too much, or says what is no health is Unknown with the reason, as with Argo
// CD; no other kind notices. Rules are immutable and may be used from any goroutine.
// They read objects, never change them, and see no clock but that of Options.
//
// A Lua rule finds the object as obj and returns a table with status and message. A
// CEL rule finds it as self and is a map with them, or the status alone. What returns
// nil, null or nothing says that there is nothing to judge. Neither sees
// metadata.managedFields, which is half of an object and no part of its health.
package custom
