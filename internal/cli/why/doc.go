// Package why is the command "app why": what makes an application Degraded or Progressing,
// found among what its objects own, with the last warnings of Kubernetes about it.
//
// It prints what the caller's Cause finds and decides nothing. It is not safe for
// concurrent use, as no command is.
package why
