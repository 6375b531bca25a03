package field

import "strings"

// Condition is the first of the conditions of a status that is of a type, nil when
// there is none.
func (o Object) Condition(kind string) Object {
	for c := range o.Each("conditions") {
		if c.Text("type") == kind {
			return c
		}
	}
	return nil
}

// Words are what a condition tells people: its reason and its message.
func Words(condition Object) string {
	reason, message := condition.Text("reason"), condition.Text("message")
	if reason != "" && message != "" {
		if reason == message || strings.HasPrefix(message, reason+":") {
			return message
		}
		return reason + ": " + message
	}
	state := condition.Text("type") + " is " + condition.Text("status")
	if reason+message == "" {
		return state
	}
	return state + ": " + reason + message
}
