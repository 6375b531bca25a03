// Package luavm runs small Lua 5.1 scripts that strangers wrote, on JSON values.
//
// In go a script's text and named JSON values, which become its globals; out comes
// the JSON value that it returns. Values are converted as Argo CD converts them
// (util/lua), so what was written for it gives the same here.
//
// A script can do nothing but compute. It has no files, processes, environment,
// network, output or other scripts, and no clock but the one that is handed in: the
// same input gives the same output. Of Argo CD's libraries these are there: the base
// functions, table, and os with its time and date; with OpenLibs also string and math.
// What is left out touches the machine or escapes the limits: io, debug, package,
// channel, coroutine, dofile, load, loadfile, loadstring, module, newproxy, getfenv,
// setfenv, string.dump, and all else of os. print and collectgarbage do nothing,
// require gives the libraries that are open, math.random is the same each time, times
// are in UTC, and the text of a table has no address.
//
// Every run is bounded in steps (instructions, and what library functions do), in
// memory, in depth and in time. Steps and memory are counted, not measured: where a
// script ends does not depend on the machine. What is beyond a limit, an error of the
// script, and a panic of the interpreter are errors of that run and of nothing else.
//
// A Script is immutable; any number of goroutines may run it.
package luavm
