package cause

import (
	"strconv"
	"strings"
)

// Params are what a translation of the group's text needs; what is empty is left out.
// "subject" is self, pods, one (then with kind and name) or many (with kind).
func (g *Group) Params() map[string]string {
	p := map[string]string{}
	for _, x := range [...][2]string{
		{"subject", g.subject()},
		{"count", strconv.Itoa(g.Count)},
		{"reason", g.Reason},
		{"container", g.Container},
		{"image", g.Image},
		{"detail", g.Detail},
		{"running", g.Running},
	} {
		if x[1] != "" {
			p[x[0]] = x[1]
		}
	}
	if !g.Self {
		p["kind"] = g.Kind
	}
	if g.subject() == one {
		p["name"] = g.Objects[0].Name
	}
	if g.Exit != 0 {
		p["exitCode"] = strconv.Itoa(int(g.Exit))
	}
	return p
}

// The subjects of a text.
const (
	self = "self"
	pods = "pods"
	one  = "one"
	many = "many"
)

func (g *Group) subject() string {
	switch {
	case g.Self:
		return self
	case g.Kind == "Pod":
		return pods
	case g.Count == 1:
		return one
	}
	return many
}

// Text is the group in English, as it follows the object that was asked about and a colon.
func (g *Group) Text() string {
	switch g.subject() {
	case self:
		return g.says(true)
	case one:
		return g.Kind + " " + g.Objects[0].Name + " " + g.says(true)
	case pods:
		if g.Count == 1 {
			return "1 pod " + g.says(true)
		}
		return strconv.Itoa(g.Count) + " pods " + g.says(false)
	}
	return strconv.Itoa(g.Count) + " objects of kind " + g.Kind + " " + g.says(false)
}

// Brief is Text without what changes while objects of a group come and go.
func (g *Group) Brief() string {
	switch g.subject() {
	case self:
		return g.says(true)
	case pods:
		return "pods " + g.says(false)
	}
	return g.Kind + " " + g.says(true)
}

// says is what is said of the subject, which is one or not.
func (g *Group) says(single bool) string {
	is, has, waits := "are", "have", "wait"
	if single {
		is, has, waits = "is", "has", "waits"
	}
	switch g.Code {
	case ImagePull:
		return g.Reason + after(" ", g.Image)
	case Crash:
		return g.Reason + ": " + g.ended()
	case Unschedulable:
		return "cannot be scheduled" + after(": ", g.Detail)
	case NotReady:
		return is + " not ready" + after(": container ", g.Container) + after(": ", g.Detail)
	case Failed:
		return "failed" + g.failed()
	case NoPods:
		return "cannot create pods" + after(": ", g.Detail)
	case Volume:
		if g.Reason == "Lost" {
			return has + " lost the volume"
		}
		return waits + " for a volume" + after(" of storage class ", g.Detail)
	case Address:
		return waits + " for a load balancer address"
	case Deadline:
		return "made no progress within the deadline of its rollout"
	case Aborted:
		return "was aborted" + g.instead()
	case Starting:
		return is + " starting"
	case Deleting:
		return is + " being deleted" + after(", held by ", g.Detail)
	}
	if g.Reason == "" || strings.Contains(g.Detail, g.Reason) {
		return g.Detail
	}
	return g.Reason + after(": ", g.Detail)
}

// ended is how a container ended.
func (g *Group) ended() string {
	text := "container " + g.Container
	if g.Exit != 0 {
		text += " exit code " + strconv.Itoa(int(g.Exit))
	}
	if g.Code == Crash {
		text += after(" ", g.Detail)
	}
	return text
}

func (g *Group) failed() string {
	text := ""
	if g.Reason != "" {
		text = " (" + g.Reason + ")"
	}
	if g.Container == "" {
		return text + after(": ", g.Detail)
	}
	return text + ": " + g.ended() + after(": ", g.Detail)
}

func (g *Group) instead() string {
	switch {
	case g.Image != "" && g.Running != "":
		return ": Git says image " + g.Image + ", " + g.Running + " is running"
	case g.Image != "":
		return ": Git says image " + g.Image + ", which is not running"
	}
	return ": what Git says is not running"
}

// after is text with what goes before it; nothing for an empty one.
func after(mark, text string) string {
	if text == "" {
		return ""
	}
	return mark + text
}
