package view

import "evenkeel.dev/internal/resource"

// Action is what can be done to a live object, as Argo CD's ResourceAction tells it.
type Action struct {
	Name        string        `json:"name"`
	DisplayName string        `json:"displayName,omitempty"`
	Disabled    bool          `json:"disabled,omitempty"`
	IconClass   string        `json:"iconClass,omitempty"`
	Params      []ActionParam `json:"params,omitempty"`
	// Note says what people should know before they run it: that Git says otherwise,
	// and who undoes it when. It is ours.
	Note string `json:"note,omitempty"`
}

// ActionParam is a value that an action wants. Default is what a form begins with; it
// stands in Argo CD's scripts and is not in its answers.
type ActionParam struct {
	Name    string `json:"name"`
	Default string `json:"default,omitempty"`
}

// ActionTarget is the object that an action is for. Version may be empty: then it is
// the one that the API server prefers.
type ActionTarget struct {
	resource.Key
	Version string
}

// ActionRun is a request to run an action.
type ActionRun struct {
	Target ActionTarget
	Action string
	Params map[string]string
	// By is who asks.
	By string
}

// ActionResult is what an action did. Argo CD answers {}.
type ActionResult struct {
	// Note is what an Action's is, for what was done.
	Note string `json:"note,omitempty"`
	// Created are the ids of objects that were made.
	Created []string `json:"created,omitempty"`
}
