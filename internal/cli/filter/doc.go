// Package filter reads what people write to say which of an Application's objects
// they mean: GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME, where a "*" stands for
// anything and a leading "!" excludes. It is pure.
package filter
