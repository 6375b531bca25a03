// Package plugin finds the config management plugin of a source, as Argo CD does
// (argo-cd.md §1.1), and says with which variables it runs.
//
// What is declared is data (v1alpha1.ConfigManagementPlugin). To run a command is a
// Runner's business, package jail has one: this package opens no file and starts no
// program, so that it works inside a render worker, whose Runner asks the parent.
//
// A source with plugin.name has that plugin, if its discovery rule, when there is one,
// likes the source. Any other source has the first plugin whose rule likes it, before
// anyone looks for a kustomization or a chart. Unlike Argo CD, a rule that could not be
// tried at all (it ran out of time, a file could not be read) is an error: to go on as if
// the plugin did not exist would render the source as something else, and prune.
package plugin
