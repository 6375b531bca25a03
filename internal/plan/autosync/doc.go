// Package autosync decides whether an Application is synced without anybody asking,
// by its policy, what differs, and what the operation before has tried; and if not,
// which rule forbids it. It is pure.
package autosync
