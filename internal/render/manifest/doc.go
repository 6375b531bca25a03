// Package manifest turns bytes of YAML or JSON into Kubernetes objects.
//
// A file may hold many documents; empty ones are skipped and Lists are expanded.
// Scalars mean what they mean to kubectl and Argo CD (YAML 1.1: an unquoted yes
// is a boolean, 0755 is octal; integral numbers become int64). What cannot be an
// object is refused with file, document and line: duplicate keys, alias bombs,
// deep nesting, bytes that are neither UTF-8 nor UTF-16, NaN and infinities, documents without
// apiVersion, kind or name. Errors name keys and never show values, since a
// value may be a secret's.
//
// Everything is a pure function of its input and safe for concurrent use.
package manifest
