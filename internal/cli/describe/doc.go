// Package describe says in words what is known of an Application: why it is as
// it is, and what somebody can do about it. All of it is pure; what comes from
// the cluster is repeated as it is, so whoever prints it must clean it.
package describe
